import { expect, test } from "vitest";
import { cmp014 } from "../../../src/rules/compose/cmp014-image-tag.ts";
import { findingsOf, linesOf } from "../../project.ts";

const files = {
  "compose.yaml":
    "services:\n  a:\n    image: redis\n  b:\n    image: registry:5000/team/b:latest\n  c:\n    image: c:1.2\n  d:\n    image: d:1.2@sha256:ab\n  e:\n    image: e\n    build: .\n",
};

test("an image that is another one tomorrow is found", () => {
  expect(linesOf(findingsOf(cmp014, files, { profile: "production" }))).toEqual([
    "medium compose.yaml:3:12 services.a.image: a takes whatever redis is at the next pull",
    "medium compose.yaml:5:12 services.b.image: b takes whatever registry:5000/team/b:latest is at the next pull",
  ]);
});

test("a tag alone is found where most is asked", () => {
  expect(linesOf(findingsOf(cmp014, files, { profile: "strict" })).at(-1)).toBe(
    "low compose.yaml:7:12 services.c.image: c trusts that the tag of c:1.2 is never moved",
  );
});
