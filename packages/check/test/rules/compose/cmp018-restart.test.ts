import { expect, test } from "vitest";
import { cmp018 } from "../../../src/rules/compose/cmp018-restart.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a service that stays down, and a key that means nothing, are found and put right", () => {
  const findings = findingsOf(cmp018, { "compose.yaml": "version: '3.8'\nservices:\n  a:\n    image: a:1\n" });
  expect(linesOf(findings)).toEqual([
    "low compose.yaml:1:10 version: the key version means nothing any more",
    "low compose.yaml:3:3 services.a.restart: a stays down once it has ended",
  ]);
  expect(findings.map(({ edits }) => edits)).toEqual([
    [{ kind: "delete", file: "compose.yaml", path: ["version"] }],
    [{ kind: "set", file: "compose.yaml", path: ["services", "a", "restart"], value: "unless-stopped" }],
  ]);
});

test("what has a policy, or is meant to end, is not found", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n    restart: always\n  b:\n    image: b:1\n    deploy: {restart_policy: {condition: any}}\n  c:\n    image: c:1\n    restart: 'no'\n",
  };
  expect(findingsOf(cmp018, files)).toEqual([]);
});
