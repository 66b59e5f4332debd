/** Trees of templates: what is rendered where, what is refused, and what a comparison shows. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compareFile } from "../../src/render/compare-files.ts";
import { type Rendering, renderFiles } from "../../src/render/render-files.ts";
import { readVariables } from "../../src/render/variables.ts";
import { type Files, folderOf } from "../project.ts";

function renderingOf(
  files: Files,
  { required = [], environment = {} }: { required?: readonly string[]; environment?: Record<string, string> } = {},
) {
  const folder = folderOf(files);
  const variables = readVariables({ envFiles: [".env"], folder, environment });
  return { folder, ...renderFiles({ sources: ["templates"], target: "out", folder, variables, required }) };
}

const problemsOf = ({ problems }: Rendering) =>
  problems.map(({ location, message }) =>
    location === undefined ? message : `${location.file}:${location.line}:${location.column}: ${message}`,
  );

it("renders a tree, keeps permissions, and gives what holds a secret to its owner alone", () => {
  const { files, problems } = renderingOf({
    ".env": "DOMAIN=example.com\nADMIN_PASSWORD='s3cret'\n",
    "templates/a/app.yml.tmpl": { text: "domain: {{DOMAIN}}\n", mode: 0o644 },
    "templates/a/db.yml": { text: "password: {{ADMIN_PASSWORD}}\n", mode: 0o644 },
    "templates/init.sh": { text: "#!/bin/sh\nexport PW={{ADMIN_PASSWORD}}\n", mode: 0o755 },
    "templates/read-only.conf": { text: "{{ADMIN_PASSWORD}}\n", mode: 0o400 },
    "templates/rules.yml": { text: 'summary: "{{ $labels.instance }} {{ .Name }} {{instance}}"\n', mode: 0o640 },
  });
  expect(problems).toEqual([]);
  expect(files.map(({ source, path, content, mode }) => [source, path, content, mode.toString(8)])).toEqual([
    ["templates/a/app.yml.tmpl", "out/a/app.yml", "domain: example.com\n", "644"],
    ["templates/a/db.yml", "out/a/db.yml", "password: s3cret\n", "600"],
    ["templates/init.sh", "out/init.sh", "#!/bin/sh\nexport PW=s3cret\n", "700"],
    ["templates/read-only.conf", "out/read-only.conf", "s3cret\n", "400"],
    ["templates/rules.yml", "out/rules.yml", 'summary: "{{ $labels.instance }} {{ .Name }} {{instance}}"\n', "640"],
  ]);
});

it("lists everything that is missing or empty with its place and the nearest name", () => {
  const rendering = renderingOf(
    {
      ".env": "DOMAIN=example.com\nSMTP_HOST=\nOPTIONAL=\n",
      "templates/a.yml": "a: {{DOMIAN}}\nb: {{ SMTP_HOST }} {{OPTIONAL?}}\n",
      "templates/b.conf": "x {{NOWHERE}} {{DOMAIN|sqll}}\n",
    },
    { required: ["DOMAIN", "ADMIN_MAIL"] },
  );
  expect(problemsOf(rendering)).toEqual([
    "templates/a.yml:1:4: {{DOMIAN}} is not set; did you mean DOMAIN?",
    "templates/a.yml:2:4: {{SMTP_HOST}} is empty; write {{SMTP_HOST?}} where it may be",
    "templates/b.conf:1:3: {{NOWHERE}} is not set",
    "templates/b.conf:1:15: {{DOMAIN}} says |sqll, which is none of raw, url, ldif, yaml, json, sql, postgres, mysql, shell; did you mean sql?",
    "{{ADMIN_MAIL}} is required and no template uses it",
  ]);
});

it("takes the environment before files, and says which names it overrode", () => {
  const folder = folderOf({ ".env": "A=1\nB=2\nC=3\n", "more.env": "B=two\n" });
  const variables = readVariables({ envFiles: [".env", "more.env"], folder, environment: { A: "one", C: "3" } });
  expect(["A", "B", "C", "D"].map((name) => variables.get(name)?.value)).toEqual(["one", "two", "3", undefined]);
  expect(variables.overridden).toEqual(["A"]);
});

it("refuses a value that holds a placeholder itself", () => {
  const rendering = renderingOf({ ".env": "A='x {{B}}'\n", "templates/a.yml": "a: {{A}}\n" });
  expect(problemsOf(rendering)).toEqual([
    "templates/a.yml:1:4: {{A}} has a value that holds a placeholder itself, and values are not filled in; render that elsewhere first",
  ]);
});

it("refuses a target within the templates, two templates of one file, and what is not there", () => {
  const folder = folderOf({ "t/a.yml": "", "t/a.yml.tmpl": "" });
  const variables = readVariables({ envFiles: [], folder, environment: {} });
  const render = (sources: readonly string[], target: string) => () =>
    renderFiles({ sources, target, folder, variables });
  expect(render(["t"], "t/out")).toThrow("t/out is within t: render to a folder that is none of the templates");
  expect(render(["t"], "out")).toThrow("t/a.yml and t/a.yml.tmpl would both be rendered to out/a.yml");
  expect(render(["nowhere"], "out")).toThrow("there is no nowhere");
  expect(() => readVariables({ envFiles: ["no.env"], folder, environment: {} })).toThrow("there is no file no.env");
});

it("shows differences without a secret, neither the new one nor the one that is there", () => {
  const { folder, files } = renderingOf({
    ".env": "DOMAIN=example.com\nADMIN_PASSWORD=newsecret\nTLS_KEY='line1\nline2'\n",
    "templates/db.yml": "domain: {{DOMAIN}}\nuser: app\npassword: {{ADMIN_PASSWORD}}\nkey: |\n  {{TLS_KEY}}\nend: 1\n",
    "out/db.yml": {
      text: "domain: example.org\nuser: app\npassword: oldsecret\nkey: |\n  old1\n  old2\nold-token: abc\nend: 1\n",
      mode: 0o600,
    },
  });
  const [comparison] = files.map((file) => compareFile(file));
  expect(comparison?.isChanged).toBe(true);
  expect(comparison?.diff).toBe(
    [
      "--- a/out/db.yml",
      "+++ b/out/db.yml",
      "@@ -1,8 +1,7 @@",
      "-domain: [secret]",
      "+domain: example.com",
      " user: app",
      "-password: [secret]",
      "+password: [secret]",
      " key: |",
      "-[secret]",
      "-[secret]",
      "-[secret]",
      "+  [secret]",
      "+[secret]",
      " end: 1",
      "",
    ].join("\n"),
  );
  expect(statSync(join(folder, "out/db.yml")).mode & 0o777).toBe(0o600);
});

it("shows a removed line that looks like a header of the diff as what it is", () => {
  const { files } = renderingOf({
    ".env": "A_PASSWORD=x1\n",
    "templates/a.sql": "SELECT '{{A_PASSWORD}}';\n",
    "out/a.sql": "-- a/secret of before\nSELECT 'x0';\n",
  });
  expect(files.map((file) => compareFile(file).diff)).toEqual([
    "--- a/out/a.sql\n+++ b/out/a.sql\n@@ -1,2 +1 @@\n-[secret]\n-[secret]\n+SELECT '[secret]';\n",
  ]);
});

it("copies what is no text as it is", () => {
  const { files } = renderingOf({ ".env": "A=1\n", "templates/logo.bin": "\0{{A}}" });
  expect(files.map(({ content }) => Buffer.from(content).toString())).toEqual(["\0{{A}}"]);
});
