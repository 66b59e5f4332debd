// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { tpl003 } from "../../../src/rules/templates/tpl003-value-breaks-target.ts";
import { findingsOf, linesOf } from "../../project.ts";

const templates = {
  "templates/bootstrap.ldif": "dn: cn=admin,dc=example\ncn: admin\nuserPassword: {{PW}}\n",
  "templates/app.yml": "password: {{PW}}\nuri: postgres://app:{{PW}}@db/app\n",
  "templates/postgres/init.sql": "CREATE ROLE app LOGIN PASSWORD '{{PW}}';\n",
  "templates/run.sh": "export PW={{PW}}\n",
  "templates/app.conf": "password = {{PW}}\n",
};

test("a value is found in each place that it would break, never with its text", () => {
  const findings = findingsOf(tpl003, { ".env": 'PW=" it\'s: #1 $x"\n', ...templates });
  expect(linesOf(findings)).toEqual([
    "high templates/app.yml:1:11 PW: the value of PW (.env:1) has characters that end or change what it stands in: YAML needs it escaped",
    "high templates/app.yml:2:21 PW: the value of PW (.env:1) has characters that end or change what it stands in: YAML needs it escaped",
    "high templates/bootstrap.ldif:3:15 PW: the value of PW (.env:1) has characters that end or change what it stands in: LDIF needs it escaped",
    "high templates/postgres/init.sql:1:33 PW: the value of PW (.env:1) has characters that end or change what it stands in: SQL needs it escaped",
    "high templates/run.sh:1:11 PW: the value of PW (.env:1) has characters that end or change what it stands in: the shell needs it escaped",
  ]);
  expect(JSON.stringify(findings)).not.toContain("it's");
  expect(findings[0]).toEqual({
    rule: "TPL003",
    title: "value would break what it is rendered into",
    severity: "high",
    subject: "templates/app.yml",
    message: expect.any(String),
    location: { file: "templates/app.yml", line: 1, column: 11, start: 10, end: 16 },
    path: "PW",
    fix: "Render with `espalier render`, which writes it as YAML needs it:\n    espalier render --env-file .env templates/app.yml --to FOLDER\nor choose a value of letters and digits.",
    fixability: "none",
    edits: [],
    fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test("a number that YAML would take for another, and a password that ends the user of a URL", () => {
  const files = {
    ".env": "A=1e5\nB=p@ss/word\n",
    "templates/a.yml": "a: {{A}}\nb: x://u:{{B}}@h\n",
    "templates/a.conf": "b=x://u:{{B}}@h\n",
  };
  expect(linesOf(findingsOf(tpl003, files)).map((line) => line.split(" ")[1])).toEqual([
    "templates/a.conf:1:9",
    "templates/a.yml:1:4",
    "templates/a.yml:2:10",
  ]);
});

test("harmless values, and values that are written as their place needs, are not found", () => {
  const values = { ".env": "PW=aB3-_x9\n", ...templates };
  expect(findingsOf(tpl003, values)).toEqual([]);
  const quoted = { ".env": 'PW="a: b"\n', "templates/app.yml": "password: \"{{PW}}\"\nx: '{{PW}}'\n" };
  expect(findingsOf(tpl003, quoted)).toEqual([]);
});

test("where espalier render is used, only what it would refuse is found", () => {
  const files = {
    ".env": 'PW="it\'s: #1"\nTWO="a\nb"\n',
    ...templates,
    "templates/two.conf": "a\nx = {{TWO}}\n",
    "deploy.sh": "espalier render templates --to configs\n",
  };
  expect(linesOf(findingsOf(tpl003, files))).toEqual([
    "high templates/two.conf:2:5 TWO: the value of TWO (.env:2) has a line break, which would begin a new line of the file; write {{TWO|raw}} where that is meant",
  ]);
});
