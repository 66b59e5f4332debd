import { expect, test } from "vitest";
import { cmp006 } from "../../../src/rules/compose/cmp006-drop-capabilities.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a service that drops some capabilities keeps the others, and is found", () => {
  const findings = findingsOf(cmp006, {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    cap_drop: [NET_RAW]\n",
  });
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:2:3 services.a.cap_drop.ALL: a keeps capabilities that it may not need",
  ]);
  expect(findings[0]?.edits).toEqual([
    { kind: "append", file: "compose.yaml", path: ["services", "a", "cap_drop"], value: "ALL" },
  ]);
});

test("one that drops all of them is not, nor a privileged one, for which dropping is without effect", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n    cap_drop: [all]\n  b:\n    image: b:1\n    privileged: true\n",
  };
  expect(findingsOf(cmp006, files)).toEqual([]);
});
