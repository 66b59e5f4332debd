// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
/** Any text in SQL: a real PostgreSQL and a real MariaDB read the value back out of literals, identifiers and comments. */
import { type Mariadb, type Postgres, requirePrograms, startMariadb, startPostgres } from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anyValue, rendered, renderedText } from "./rendering.ts";

const value = anyValue([
  ...[
    "'",
    "''",
    '"',
    '""',
    "\\",
    "\\'",
    "\\\\",
    "`",
    "\n",
    "\r\n",
    "\t",
    "--",
    "#",
    "/*",
    "*/",
    ";",
    "$$",
    "$a$",
    "%",
    "_",
    ":x",
    "?",
    "\\n",
    "\\0",
  ],
  ...["é", "😀", "\u0007", "\u001a", "E'", "delimiter x", "\\q", "\u2028"],
]);

const hex = (text: string) => Buffer.from(text).toString("hex").toUpperCase();
/** Statements of many values at once, since a client is started for each batch. */
const batches = fc.sample(value, { numRuns: 400, seed: 20260115 });

const describe = requirePrograms({
  initdb: "postgresql-15",
  psql: "postgresql-15",
  mariadbd: "mariadb-server",
  mariadb: "mariadb-client",
});

describe("PostgreSQL gives back any value", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server[Symbol.asyncDispose]());
  const readBack = async (template: string) => {
    const texts = batches.map((text) => renderedText("postgres/init.sql", template, { V: text }));
    return (await server.psql(texts.join(""))).split("\n");
  };

  it.each([
    ["in a literal", "SELECT upper(encode(convert_to('{{V}}', 'UTF8'), 'hex'));\n"],
    ["within a literal", "SELECT upper(encode(convert_to(substr('a{{V}}', 2), 'UTF8'), 'hex'));\n"],
    ["in an escape string", "SELECT upper(encode(convert_to(E'{{V}}', 'UTF8'), 'hex'));\n"],
    [
      "in an escape string with doubled quotes",
      "SELECT upper(encode(convert_to(substr(E'it''s {{V}}', 6), 'UTF8'), 'hex'));\n",
    ],
    ["bare, as sql", "SELECT upper(encode(convert_to({{V|sql}}::text, 'UTF8'), 'hex'));\n"],
  ])("%s", async (name, template) => {
    // Bare, a number or a name stays what it is.
    const isBare = name.startsWith("bare");
    const plain = /^(?:-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*)$/;
    if (!isBare) expect(await readBack(template)).toEqual(batches.map(hex));
    else {
      const texts = batches.filter((text) => !plain.test(text));
      const sql = texts.map((text) => renderedText("postgres/init.sql", template, { V: text })).join("");
      expect((await server.psql(sql)).split("\n")).toEqual(texts.map(hex));
    }
  });

  it("as the name of a column of up to 63 bytes", async () => {
    const names = batches.filter((text) => Buffer.byteLength(text) <= 63);
    for (const name of names.slice(0, 40)) {
      const sql = renderedText("postgres/init.sql", 'SELECT 1 AS "{{V}}" \\gdesc\n'.replace(" \\gdesc", ";"), {
        V: name,
      });
      expect(
        await server.psql(
          `CREATE TEMP VIEW v AS ${sql} SELECT upper(encode(convert_to(attname, 'UTF8'), 'hex')) FROM pg_attribute WHERE attrelid = 'v'::regclass`,
        ),
      ).toBe(hex(name));
    }
  });

  it("in a dollar-quoted body, or refuses what would end it", async () => {
    const template =
      "CREATE TEMP TABLE t (v text);\nDO $body$ BEGIN\n  INSERT INTO t VALUES ('{{V}}'); -- {{N}}\nEND $body$;\nSELECT upper(encode(convert_to(v, 'UTF8'), 'hex')) FROM t;\n";
    for (const text of batches.slice(0, 30)) {
      expect(await server.psql(renderedText("postgres/init.sql", template, { V: text, N: "note" }))).toBe(hex(text));
    }
    expect(rendered("postgres/init.sql", template, { V: "a$body$b", N: "x" }).problems).toEqual([
      "postgres/init.sql:3:26: {{V}} has $body$, which ends a dollar-quoted text of this file",
    ]);
  });
});

describe("MariaDB gives back any value", () => {
  let server: Mariadb;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  it.each([
    ["in a literal", "SELECT HEX('{{V}}');\n"],
    ["within a literal", "SELECT HEX(SUBSTR('it''s \\\\{{V}}', 7));\n"],
    ["bare, as mysql", "SELECT HEX(CONCAT({{V|mysql}}));\n"],
  ])("%s", async (name, template) => {
    const plain = /^(?:-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*)$/;
    const texts = name.startsWith("bare") ? batches.filter((text) => !plain.test(text)) : batches;
    const sql = texts.map((text) => renderedText("mariadb/init.sql", template, { V: text })).join("");
    expect((await server.sql(sql)).split("\n")).toEqual(texts.map(hex));
  });

  it("in double quotes, which are a literal to it, where there is no backslash and no carriage return", async () => {
    const texts = batches.filter((text) => !/[\\\r]/.test(text));
    const sql = texts.map((text) => renderedText("mariadb/init.sql", 'SELECT HEX("{{V}}");\n', { V: text })).join("");
    expect((await server.sql(sql)).split("\n")).toEqual(texts.map(hex));
  });

  it("in backquotes as the name of a column", async () => {
    const names = batches.filter((text) => /^[\u0020-\u007e]+$/.test(text) && text === text.trim() && text.length < 60);
    const sql = names
      .map((text) =>
        renderedText("mariadb/init.sql", "CREATE OR REPLACE TEMPORARY TABLE t (`{{V}}` int); SHOW COLUMNS FROM t;\n", {
          V: text,
        }),
      )
      .join("");
    expect((await server.sql(sql)).split("\n").length).toBe(names.length);
  });
});

const refusals = requirePrograms({});
refusals("SQL refuses what it cannot be sure of", () => {
  it("a backslash where the dialect is not known", () => {
    expect(rendered("init.sql", "SELECT '{{V}}';", { V: "a\\b" }).problems).toEqual([
      "init.sql:1:9: {{V}} has a backslash, which PostgreSQL and MariaDB read differently: write {{V|postgres}} or {{V|mysql}}",
    ]);
    expect(renderedText("init.sql", "SELECT '{{V|postgres}}';", { V: "a\\b'" })).toBe("SELECT 'a\\b''';");
    expect(renderedText("init.sql", "SELECT '{{V|mysql}}';", { V: "a\\b'" })).toBe("SELECT 'a\\\\b''';");
    expect(renderedText("init.sql", "CREATE USER a@b IDENTIFIED BY '{{V}}';", { V: "a\\b'" })).toBe(
      "CREATE USER a@b IDENTIFIED BY 'a\\\\b''';",
    );
  });
  it("a value without quotes, one within quotes within quotes, and one that ends a comment", () => {
    const template =
      "-- {{A}}\nALTER ROLE x PASSWORD {{B}};\n/* {{C}} */\nEXECUTE 'PASSWORD ''{{D}}''';\n\\set pw {{E}}\n";
    const values = { A: "a\nb", B: "p w", C: "*/ DROP", D: "it's", E: "a b" };
    expect(rendered("postgres.sql", template, values).problems).toEqual([
      "postgres.sql:1:4: {{A}} has a line break, and stands in a comment of SQL",
      "postgres.sql:2:23: {{B}} is neither a number nor a name, and stands without quotes in SQL: write '{{B}}'",
      "postgres.sql:3:4: {{C}} would end the comment of SQL that it stands in",
      "postgres.sql:4:21: {{D}} stands in quotes within quotes; let the database quote it, as format('… %L', '{{D}}') does",
      "postgres.sql:5:9: {{E}} stands in a command of psql, which has quotes of its own",
    ]);
  });
});
