import { expect, test } from "vitest";
import { cmp004 } from "../../../src/rules/compose/cmp004-pids-limit.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a service that may start any number of processes is found, and gets a limit where its others are", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n    deploy:\n      resources:\n        limits: {memory: 1G}\n",
  };
  const findings = findingsOf(cmp004, files);
  expect(linesOf(findings)).toEqual([
    "medium compose.yaml:2:3 services.a.pids_limit: a may start any number of processes",
    "medium compose.yaml:4:3 services.b.pids_limit: b may start any number of processes",
  ]);
  expect(findings.map(({ edits }) => edits)).toEqual([
    [{ kind: "set", file: "compose.yaml", path: ["services", "a", "pids_limit"], value: 200 }],
    [
      {
        kind: "set",
        file: "compose.yaml",
        path: ["services", "b", "deploy", "resources", "limits", "pids"],
        value: 200,
      },
    ],
  ]);
});

test("where the service has the key already, that is what changes: compose refuses two that differ", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n    pids_limit: -1\n    deploy: {resources: {limits: {memory: 1G}}}\n",
  };
  expect(findingsOf(cmp004, files).flatMap(({ edits }) => edits)).toEqual([
    { kind: "set", file: "compose.yaml", path: ["services", "a", "pids_limit"], value: 200 },
  ]);
});

test("minus one is no limit, a number is one", () => {
  const files = {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    pids_limit: -1\n  b:\n    image: b:1\n    pids_limit: 100\n",
  };
  expect(findingsOf(cmp004, files).map(({ subject }) => subject)).toEqual(["a"]);
});
