import { expect, test } from "vitest";
import { cmp008 } from "../../../src/rules/compose/cmp008-read-only.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a service that can write to its own programs is found, and gets a scratch folder with the fix", () => {
  const findings = findingsOf(cmp008, { "compose.yaml": "services:\n  a:\n    image: a:1\n" });
  expect(linesOf(findings)).toEqual([
    "medium compose.yaml:2:3 services.a.read_only: a can write to its own root file system",
  ]);
  expect(findings[0]?.edits).toEqual([
    { kind: "set", file: "compose.yaml", path: ["services", "a", "read_only"], value: true },
    { kind: "append", file: "compose.yaml", path: ["services", "a", "tmpfs"], value: "/tmp:noexec,nosuid,nodev" },
  ]);
});

test("one that has a /tmp keeps it", () => {
  const [finding] = findingsOf(cmp008, {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    tmpfs: [/tmp]\n",
  });
  expect(finding?.edits).toEqual([
    { kind: "set", file: "compose.yaml", path: ["services", "a", "read_only"], value: true },
  ]);
});

test("a read-only one is not found", () => {
  expect(findingsOf(cmp008, { "compose.yaml": "services:\n  a:\n    image: a:1\n    read_only: true\n" })).toEqual([]);
});
