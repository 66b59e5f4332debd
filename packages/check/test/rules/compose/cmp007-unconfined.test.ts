import { expect, test } from "vitest";
import { cmp007 } from "../../../src/rules/compose/cmp007-unconfined.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a confinement that is switched off is found, and the line is what goes", () => {
  const findings = findingsOf(cmp007, {
    "compose.yaml":
      "services:\n  vm:\n    image: vm:1\n    security_opt:\n      - no-new-privileges:true\n      - apparmor=unconfined\n      - seccomp:unconfined\n",
  });
  expect(linesOf(findings)).toEqual([
    'high compose.yaml:6:9 services.vm.security_opt["apparmor=unconfined"]: vm runs with apparmor=unconfined',
    'high compose.yaml:7:9 services.vm.security_opt["seccomp:unconfined"]: vm runs with seccomp:unconfined',
  ]);
  expect(findings.map(({ edits }) => edits)).toEqual([
    [{ kind: "delete", file: "compose.yaml", path: ["services", "vm", "security_opt", 1] }],
    [{ kind: "delete", file: "compose.yaml", path: ["services", "vm", "security_opt", 2] }],
  ]);
});

test("a profile of its own is none", () => {
  const files = { "compose.yaml": "services:\n  vm:\n    image: vm:1\n    security_opt: ['seccomp=./vm.json']\n" };
  expect(findingsOf(cmp007, files)).toEqual([]);
});
