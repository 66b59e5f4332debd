import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineSection, loadConfiguration, logSection, metricsSection } from "../../src/index.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { gateway, problemsOf, variables, yamlFile } from "./gateway-section.ts";

type Variables = Record<string, string>;

function load(text: string, environment: Variables = {}) {
  return loadConfiguration({ file: yamlFile(text), environment, sections: [gateway] }).values.gateway;
}

function problems(text: string, environment: Variables = {}) {
  return problemsOf(() => load(text, environment));
}

const minimal = "gateway:\n  base: dc=example,dc=com\n";

describe("loading a configuration", () => {
  it("gives the file's values with the schema's defaults", () => {
    expect(load(minimal)).toEqual({
      base: "dc=example,dc=com",
      port: 636,
      unencrypted: false,
      requireAuthForSearch: true,
      authBackends: ["sql"],
      listen: [],
      refresh: 5000,
      maxMessage: 10 * 1024 * 1024,
      placement: "flat",
      labels: {},
      tiers: [],
    });
  });

  it("works without a file when the variables say enough", () => {
    const environment = { LDAP_BASE_DN: "dc=example,dc=com", AUTH_BACKENDS: "sql, notification,", SQL_URL: "sqlite:x" };
    const { values } = loadConfiguration({
      ...variables(environment),
      sections: [gateway, logSection, metricsSection],
    });
    expect(values.log).toEqual({ level: "info" });
    expect(values.metrics).toEqual({ listen: { host: "127.0.0.1", port: 9400 } });
    expect(values.gateway.authBackends).toEqual(["sql", "notification"]);
    expect(values.gateway.sql?.uri?.reveal()).toBe("sqlite:x");
  });

  it("reads ./espalier.yaml if there is one", () => {
    const index = JSON.stringify(new URL("../../src/index.ts", import.meta.url).href);
    const program = `import { loadConfiguration, logSection } from ${index};
const { file, values } = loadConfiguration({ environment: {}, sections: [logSection] });
process.stdout.write(JSON.stringify([file, values]));`;
    const cwd = temporaryDirectory();
    const run = () => {
      const args = ["--input-type=module-typescript", "--eval", program];
      return JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: "utf8" }));
    };
    expect(run()).toEqual([null, { log: { level: "info" } }]);
    writeFileSync(join(cwd, "espalier.yaml"), "log: { level: debug }");
    expect(run()).toEqual(["espalier.yaml", { log: { level: "debug" } }]);
  });

  it("lets a variable override the file", () => {
    const text = `${minimal}  port: 3890\n  sql:\n    timeout: 2s\n    uri: postgres://file\n`;
    const values = load(text, { PORT: "10636", LDAP_UNENCRYPTED: "true", SQL_URI: "postgres://variable" });
    expect(values).toMatchObject({ port: 10_636, unencrypted: true, sql: { timeout: 2000 } });
    expect(values.sql?.uri?.reveal()).toBe("postgres://variable");
  });

  it("counts an empty variable as not set", () => {
    expect(load(minimal, { PORT: "", SQL_URI_FILE: "" }).port).toBe(636);
  });

  it("takes only true and false for a flag", () => {
    expect(load(minimal, { REQUIRE_AUTH_FOR_SEARCH: "false" }).requireAuthForSearch).toBe(false);
    expect(problems(minimal, { REQUIRE_AUTH_FOR_SEARCH: "0" })).toEqual([
      'REQUIRE_AUTH_FOR_SEARCH: gateway.requireAuthForSearch: must be true or false, not "0"',
    ]);
  });

  it("reads the log level in any letter case, Python's names too, and METRICS_LISTEN=off", () => {
    const environment = { LOG_LEVEL: "Warning", METRICS_LISTEN: "off" };
    expect(loadConfiguration({ ...variables(environment), sections: [logSection, metricsSection] }).values).toEqual({
      log: { level: "warn" },
      metrics: { listen: "off" },
    });
  });

  it("treats a section or a group without keys as empty", () => {
    expect(load("gateway:\n", { LDAP_BASE_DN: "dc=x" }).base).toBe("dc=x");
    const values = load(`${minimal}  sql:\n  tiers:\n    - name: a\n`, { SQL_URI: "x" });
    expect([values.sql?.uri?.reveal(), values.tiers]).toEqual(["x", [{ name: "a", weight: 1 }]]);
  });

  it("gives an optional section only where the file or a variable configures it", () => {
    const sources = { sections: [logSection], optionalSections: [gateway] } as const;
    expect(loadConfiguration({ ...sources, ...variables({}) }).values).toEqual({ log: { level: "info" } });
    expect(loadConfiguration({ ...sources, ...variables({ LDAP_BASE_DN: "dc=x" }) }).values.gateway?.base).toBe("dc=x");
    expect(loadConfiguration({ ...sources, environment: {}, file: yamlFile(minimal) }).values.gateway?.port).toBe(636);
  });

  it("warns of a deprecated variable that is set", () => {
    const { values, warnings } = loadConfiguration({
      ...variables({ LDAP_BASE_DN: "dc=x", REFRESH: "7s" }),
      sections: [gateway],
    });
    expect([values.gateway.refresh, warnings]).toEqual([7000, ["REFRESH: use SQL_REFRESH instead."]]);
  });
});

describe("filling the file in from the environment", () => {
  it("fills text, numbers and flags, and never makes YAML of a value", () => {
    const text = `gateway:
  base: \${BASE}
  port: \${GATEWAY_PORT}
  unencrypted: \${PLAIN:-true}
  authBackends: [ "\${FIRST:-sql}" ]
  sql:
    uri: "postgres://u:\${PASSWORD}@db/$$1"
`;
    const values = load(text, { BASE: "dc=a\nport: 1 # {[", GATEWAY_PORT: "389", PASSWORD: `p\${BASE}'"` });
    expect(values).toMatchObject({ base: "dc=a\nport: 1 # {[", port: 389, unencrypted: true, authBackends: ["sql"] });
    expect(values.sql?.uri?.reveal()).toBe(`postgres://u:p\${BASE}'"@db/$1`);
  });

  it("stops for a name that is not set, with the line, and does not call the key missing too", () => {
    expect(problems(`gateway:\n  base: \${BASE_DN}\n  tiers:\n    - name: a \${B}\n`)).toEqual([
      `espalier.yaml:2:9: gateway.base: \${BASE_DN}: the variable BASE_DN is not set: set it, or write \${BASE_DN:-default}`,
      `espalier.yaml:4:13: gateway.tiers[0].name: \${B}: the variable B is not set: set it, or write \${B:-default}`,
    ]);
  });

  it("reads NAME_FILE for a name in the file and for a variable, without the last line end", () => {
    const file = join(temporaryDirectory(), "password");
    writeFileSync(file, "pass\nword\r\n\n");
    const values = load(`${minimal}  sql:\n    uri: x\${PASSWORD}\n`, { PASSWORD_FILE: file });
    expect(values.sql?.uri?.reveal()).toBe("xpass\nword");
    expect(load(minimal, { SQL_URI_FILE: file }).sql?.uri?.reveal()).toBe("pass\nword");
  });
});

describe("reporting what is wrong", () => {
  it("reports all problems at once, each with its place, what is wrong and what to do", () => {
    const text = `gatewy: {}
gateway:
  port: 70000
  base_dn: dc=example,dc=com
  unencrypted: yes please
  placement: unit
  refresh: 5
  maxMessage: 1GiB
  labels: { a: b }
  listen: [ "http://x" ]
  authBackends: sql, ldap
  tiers:
    - nam: a
`;
    expect(problems(text)).toEqual([
      "espalier.yaml:1:1: gatewy: is not a key that exists; did you mean gateway?",
      "espalier.yaml:4:3: gateway.base_dn: is not a key that exists; did you mean base?",
      "espalier.yaml:13:7: gateway.tiers[0].nam: is not a key that exists; did you mean name?",
      "espalier.yaml:3:3: gateway.base: is missing: set it with the variable LDAP_BASE_DN or gateway.base in espalier.yaml",
      "espalier.yaml:3:9: gateway.port: must be at most 65535, not 70000",
      'espalier.yaml:5:16: gateway.unencrypted: must be true or false, not "yes please"',
      'espalier.yaml:11:17: gateway.authBackends: must be a list, not "sql, ldap"',
      "espalier.yaml:10:13: gateway.listen[0]: must be an address to listen on, such as ldap://0.0.0.0:389 or ldaps://0.0.0.0:636",
      "espalier.yaml:7:12: gateway.refresh: needs a unit: write 5s if seconds are meant, 5ms if milliseconds",
      "espalier.yaml:8:15: gateway.maxMessage: must be at most 64MiB",
      'espalier.yaml:6:14: gateway.placement: must be flat or units, not "unit"; did you mean units?',
      'espalier.yaml:9:16: gateway.labels.a: must be a number, not "b"',
      "espalier.yaml:13:7: gateway.tiers[0].name: is missing: set it with gateway.tiers[0].name in espalier.yaml",
    ]);
  });

  it("reports a contradiction that the schema finds, where the value stands", () => {
    expect(problems(`${minimal}  port: 636\n`, { LDAP_UNENCRYPTED: "true" })).toEqual([
      "espalier.yaml:3:9: gateway.port: 636 is for LDAPS: set 389, or turn unencrypted off",
    ]);
    expect(problems(minimal, { PORT: "636", LDAP_UNENCRYPTED: "true" })).toEqual([
      "PORT: gateway.port: 636 is for LDAPS: set 389, or turn unencrypted off",
    ]);
  });

  it("refuses NAME beside NAME_FILE, once, and two names of one setting that differ", () => {
    expect(
      problems(`${minimal}  sql:\n    uri: \${SQL_URI}\n`, { SQL_URI: "a", SQL_URI_FILE: "/etc/hostname" }),
    ).toEqual(["SQL_URI, SQL_URI_FILE: both are set, and only one can count: unset one of them"]);
    expect(problems(minimal, { SQL_URI: "a", SQL_URL: "b" })).toEqual([
      "SQL_URI, SQL_URL: gateway.sql.uri: these name the same setting with different values: unset one of them",
    ]);
    expect(load(minimal, { SQL_URI: "a", SQL_URL: "a" }).sql?.uri?.reveal()).toBe("a");
  });

  it("says which NAME_FILE cannot be read", () => {
    expect(problems(minimal, { SQL_URI_FILE: "/nowhere/uri" })).toEqual([
      "SQL_URI_FILE: the file /nowhere/uri cannot be read (ENOENT): name a file that this user may read",
    ]);
  });

  it("takes the sentence of a variable's own parser", () => {
    expect(problems(minimal, { REALM_CONFIG: "{}" })).toEqual(["REALM_CONFIG: gateway.realms: must be a JSON array"]);
  });

  it("never repeats a secret, not even one of the wrong type or in the wrong place", () => {
    const lines = problems(`${minimal}  sql: postgres://u:hunter2@db/x\n`).concat(
      problems(`${minimal}  sql:\n    uri: [hunter2]\n    url: hunter2\n`),
      problems(`${minimal}  sql:\n    uri: 271828\n`),
    );
    expect(lines).toEqual([
      "espalier.yaml:3:8: gateway.sql: must be a group of keys",
      "espalier.yaml:5:5: gateway.sql.url: is not a key that exists; did you mean uri?",
      "espalier.yaml:4:10: gateway.sql.uri: must be text",
      "espalier.yaml:4:10: gateway.sql.uri: must be text: put the value in quotes",
    ]);
  });

  it("says where a file is not YAML, has a key twice, or holds no sections", () => {
    expect(problems("gateway: [\n")[0]).toMatch(/^espalier\.yaml:2:1: this is not YAML: /);
    expect(problems("gateway: {}\ngateway: {}\n")).toEqual([
      "espalier.yaml:2:1: this is not YAML: Map keys must be unique",
    ]);
    expect(problems("- a\n")).toEqual([
      "espalier.yaml: must hold sections, each a name followed by a colon and its keys",
    ]);
  });

  it("refuses aliases that multiply", () => {
    const text = `a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [${"*a,".repeat(10)}]\nc: &c [${"*b,".repeat(10)}]\nd: [${"*c,".repeat(10)}]\n`;
    expect(problems(text)).toEqual([
      "espalier.yaml: this cannot be read: Excessive alias count indicates a resource exhaustion attack",
    ]);
  });

  it("takes no key from the language it is written in", () => {
    expect(
      problems(`${minimal}  __proto__: { port: 1 }\n  constructor: 1\n`).map((line) => line.split("; ")[0]),
    ).toEqual([
      "espalier.yaml:3:3: gateway.__proto__: is not a key that exists",
      "espalier.yaml:4:3: gateway.constructor: is not a key that exists",
    ]);
  });

  it("says that a file which was asked for is not there", () => {
    const file = join(temporaryDirectory(), "missing.yaml");
    expect(problemsOf(() => loadConfiguration({ file, environment: {}, sections: [gateway] }))).toEqual([
      `${file}: there is no such file: check the path`,
    ]);
  });

  it("checks an optional section that the file has", () => {
    const file = yamlFile("gateway:\n  port: 1.5\n");
    const sources = { file, environment: {}, sections: [logSection], optionalSections: [gateway] };
    expect(problemsOf(() => loadConfiguration(sources))).toEqual([
      "espalier.yaml:2:3: gateway.base: is missing: set it with the variable LDAP_BASE_DN or gateway.base in espalier.yaml",
      "espalier.yaml:2:9: gateway.port: must be a whole number, not 1.5",
    ]);
  });

  it("names the keys and variables of a required group that is not there", () => {
    const source = defineSection({
      name: "source",
      description: "",
      schema: z.object({ sql: z.object({ uri: z.string(), queries: z.object({ users: z.string() }) }) }),
      environment: { SQL_URI: { path: ["sql", "uri"], description: "" } },
    });
    expect(problemsOf(() => loadConfiguration({ ...variables({}), sections: [source] }))).toEqual([
      "source.sql.uri: is missing: set it with the variable SQL_URI or source.sql.uri in espalier.yaml",
      "source.sql.queries.users: is missing: set it with source.sql.queries.users in espalier.yaml",
    ]);
  });

  it("names the forms that a value may have", () => {
    expect(
      problemsOf(() => loadConfiguration({ ...variables({ METRICS_LISTEN: "9400" }), sections: [metricsSection] })),
    ).toEqual([
      "METRICS_LISTEN: metrics.listen: must be off, or must be host:port, such as 127.0.0.1:9400 or [::1]:9400",
    ]);
    expect(
      problemsOf(() => loadConfiguration({ ...variables({ LOG_LEVEL: "warnings" }), sections: [logSection] })),
    ).toEqual([
      'LOG_LEVEL: log.level: must be trace, debug, info, warn, error or fatal, not "warnings"; did you mean warn?',
    ]);
  });

  it("finds unknown keys in the alternative that a discriminator names", () => {
    const source = defineSection({
      name: "source",
      description: "",
      schema: z.object({
        from: z.discriminatedUnion("type", [
          z.object({ type: z.literal("sql"), uri: z.string() }),
          z.object({ type: z.literal("file"), path: z.string() }),
        ]),
      }),
    });
    const file = (text: string) => ({ file: yamlFile(text), environment: {}, sections: [source] });
    expect(problemsOf(() => loadConfiguration(file("source:\n  from: { type: file, path: x, uri: y }\n")))).toEqual([
      "espalier.yaml:2:32: source.from.uri: is not a key that exists; known here: path, type",
    ]);
    expect(problemsOf(() => loadConfiguration(file("source:\n  from: { type: files, path: x }\n")))).toEqual([
      "espalier.yaml:2:17: source.from.type: must be sql or file",
    ]);
  });
});

describe("declaring a section", () => {
  it("refuses a variable for a key that the schema does not have", () => {
    const declare = () =>
      defineSection({
        name: "proxy",
        description: "",
        schema: z.object({ a: z.string() }),
        environment: { B: { path: ["b"], description: "" } },
      });
    expect(declare).toThrow("B sets proxy.b, which the schema of proxy does not have");
  });

  it("refuses a variable for a key of a list", () => {
    const declare = () =>
      defineSection({
        name: "clusters",
        description: "",
        schema: z.array(z.object({ a: z.string() })),
        environment: { A: { path: ["0", "a"], description: "" } },
      });
    expect(declare).toThrow("clusters is a list, and no variable can say of which item it sets a key");
  });
});
