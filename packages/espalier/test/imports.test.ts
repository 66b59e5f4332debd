/** What each command loads: a start takes as long as that. Not proved: how long. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { espalierCommand } from "../../../tests/lab/espalier.ts";
import { childEnvironment } from "../../../tests/lab/programs.ts";
import { otherSections } from "../src/check-configuration.ts";
import { sections } from "../src/configuration.ts";

const recorder = pathToFileURL(join(import.meta.dirname, "record-imports.ts")).href;

/** The help of every command, and the options that are checked as they are read. */
const commandLine = ["@espalier/gateway/worker-command", "@espalier/ldap/dn", "@espalier/service/plain", "commander"];
const checks = [
  ...["@espalier/check", "@espalier/ldap/ldif", "@espalier/ldap/schema", "yaml"],
  ...["@lezer/common", "@lezer/highlight", "@lezer/lr", "@prometheus-io/lezer-promql"],
];
const configuration = ["@espalier/check/config", "@espalier/service/configuration", "zod"];

describe("what is loaded", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-imports-"));
    writeFileSync(join(folder, "compose.yaml"), "services:\n  web:\n    image: nginx:1.29\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function importsOf(...parameters: string[]): readonly string[] {
    const record = join(folder, "imports");
    spawnSync(process.execPath, ["--import", recorder, espalierCommand, ...parameters], {
      cwd: folder,
      env: { ...childEnvironment(), RECORD_IMPORTS: record },
      timeout: 20_000,
    });
    return JSON.parse(readFileSync(record, "utf8"));
  }

  it.each(["--version", "--help", "backup restore --help", "init --base nothing"])(
    "of what the command line answers by itself is the command line: %s",
    (parameters) => {
      expect(importsOf(...parameters.split(" "))).toEqual(commandLine);
    },
  );

  it("of a check are the checks: no service, no database, no metrics", () => {
    expect(importsOf("check", "--fail-on", "never")).toEqual([...commandLine, ...checks].sort());
  });

  it("of a check that has a configuration is also what reads its section", () => {
    const file = join(folder, "own.yaml");
    writeFileSync(file, "check:\n  profile: lab\ngateway:\n  base: dc=example,dc=com\n");
    expect(importsOf("check", "--fail-on", "never", "--config", file)).toEqual(
      [...commandLine, ...checks, ...configuration].sort(),
    );
  });
});

it("a check passes over exactly the sections that are not its own", () => {
  const others = sections.filter(({ name }) => name !== "check");
  const kinds = others.map(({ name, schema }) => [name, schema.type === "array" ? "list" : "map"]);
  expect(otherSections).toEqual(Object.fromEntries(kinds));
});
