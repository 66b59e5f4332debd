import { expect, it } from "vitest";
import { differences } from "../../src/backup/contents.ts";

const digest = "0".repeat(64);

it("says of each table how it differs", () => {
  const before = {
    users: { count: 3, digest },
    groups: { count: 2, digest },
    gone: { count: 1, digest },
    same: { count: 1, digest },
  };
  const after = {
    users: { count: 2, digest },
    groups: { count: 2, digest: "1".repeat(64) },
    more: { count: 1, digest },
    same: { count: 1, digest },
  };
  expect(differences(before, after)).toEqual([
    "gone is missing",
    "groups has the same count, but other values",
    "more was not there before",
    "users has 2 in place of 3",
  ]);
});
