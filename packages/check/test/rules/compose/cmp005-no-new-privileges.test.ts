import { expect, test } from "vitest";
import { cmp005 } from "../../../src/rules/compose/cmp005-no-new-privileges.ts";
import { findingsOf, linesOf } from "../../project.ts";

const compose = "services:\n  a:\n    image: a:1\n";

test("a service without no-new-privileges is found and gets it", () => {
  const findings = findingsOf(cmp005, { "compose.yaml": compose });
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:2:3 services.a.security_opt.no-new-privileges: processes of a may gain privileges that it was not started with",
  ]);
  expect(findings[0]?.edits).toEqual([
    {
      kind: "append",
      file: "compose.yaml",
      path: ["services", "a", "security_opt"],
      value: "no-new-privileges:true",
    },
  ]);
});

test.each(["no-new-privileges:true", "no-new-privileges=true", "no-new-privileges"])("%s is enough", (option) => {
  expect(findingsOf(cmp005, { "compose.yaml": `${compose}    security_opt: ["${option}"]\n` })).toEqual([]);
});

test("switched off is not on", () => {
  const files = { "compose.yaml": `${compose}    security_opt: ["no-new-privileges:false"]\n` };
  expect(findingsOf(cmp005, files)).toHaveLength(1);
});

test("Docker's own configuration sets it for all", () => {
  const files = { "compose.yaml": compose, "docker/daemon.json": '{"no-new-privileges": true}' };
  expect(findingsOf(cmp005, files)).toEqual([]);
});
