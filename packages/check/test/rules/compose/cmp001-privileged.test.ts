import { expect, test } from "vitest";
import { cmp001 } from "../../../src/rules/compose/cmp001-privileged.ts";
import { findingsOf } from "../../project.ts";

test("a privileged container is found where it says so", () => {
  const files = { "compose.yaml": "services:\n  vm:\n    image: libvirt:9.0\n    privileged: true\n" };
  expect(findingsOf(cmp001, files)).toEqual([
    {
      rule: "CMP001",
      title: "container is privileged",
      severity: "critical",
      subject: "vm",
      message: "vm is privileged, which is root on the host for whoever takes it over",
      location: { file: "compose.yaml", line: 4, column: 17, start: 55, end: 59 },
      path: "services.vm.privileged",
      fix: expect.stringContaining("cap_add"),
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("one that says it is not, or says nothing, is not found", () => {
  const files = { "compose.yaml": "services:\n  a:\n    image: a:1\n    privileged: false\n  b:\n    image: b:1\n" };
  expect(findingsOf(cmp001, files)).toEqual([]);
});
