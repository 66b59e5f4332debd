import { expect, test } from "vitest";
import { cmp016 } from "../../../src/rules/compose/cmp016-log-rotation.ts";
import { findingsOf, linesOf } from "../../project.ts";

const compose = "services:\n  a:\n    image: a:1\n";

test("a log that nothing limits is found, and gets a limit", () => {
  const findings = findingsOf(cmp016, { "compose.yaml": compose });
  expect(linesOf(findings)).toEqual(["medium compose.yaml:2:3 services.a.logging: the log of a grows without end"]);
  expect(findings[0]?.edits).toEqual([
    {
      kind: "set",
      file: "compose.yaml",
      path: ["services", "a", "logging"],
      value: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    },
  ]);
});

test("a number of files without a size limits nothing", () => {
  const files = { "compose.yaml": `${compose}    logging: {driver: json-file, options: {max-file: '3'}}\n` };
  expect(findingsOf(cmp016, files)[0]?.edits).toEqual([
    { kind: "set", file: "compose.yaml", path: ["services", "a", "logging", "options", "max-size"], value: "10m" },
  ]);
});

test.each(["{driver: json-file, options: {max-size: 10m}}", "{driver: local}", "{driver: journald}"])(
  "%s is enough",
  (logging) => {
    expect(findingsOf(cmp016, { "compose.yaml": `${compose}    logging: ${logging}\n` })).toEqual([]);
  },
);

test("Docker's own configuration limits all", () => {
  const files = {
    "compose.yaml": compose,
    "etc/docker/daemon.json": '{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}',
  };
  expect(findingsOf(cmp016, files)).toEqual([]);
});
