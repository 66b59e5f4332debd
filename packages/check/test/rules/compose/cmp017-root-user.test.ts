import { expect, test } from "vitest";
import { cmp017 } from "../../../src/rules/compose/cmp017-root-user.ts";
import { findingsOf, linesOf } from "../../project.ts";

const files = {
  "compose.yaml":
    "services:\n  a:\n    image: a:1\n    user: root\n  b:\n    image: b:1\n    user: '0:0'\n  c:\n    image: c:1\n",
};

test("a service that is started as root is found", () => {
  expect(linesOf(findingsOf(cmp017, files, { profile: "production" }))).toEqual([
    "medium compose.yaml:4:11 services.a.user: a runs as root",
    "medium compose.yaml:7:11 services.b.user: b runs as root",
  ]);
});

test("one that leaves it to its image is found where most is asked", () => {
  expect(linesOf(findingsOf(cmp017, files, { profile: "strict" })).at(-1)).toBe(
    "low compose.yaml:8:3 services.c.user: c runs as whatever user its image says, which is root unless it says another",
  );
});

test("one with a user of its own is not found", () => {
  expect(findingsOf(cmp017, { "compose.yaml": "services:\n  a:\n    image: a:1\n    user: '1000:1000'\n" })).toEqual(
    [],
  );
});
