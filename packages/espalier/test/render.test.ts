/** `espalier render`, as an administrator runs it. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { espalier } from "./command.ts";

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "espalier-render-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o644);
  }
  return folder;
}

const templates = {
  ".env": "DOMAIN=example.com\nADMIN_PASSWORD=secret\n",
  "configs.templates/app.yml": "domain: {{DOMAIN}}\n",
  "configs.templates/ldap/admin.ldif": "dn: cn=admin,dc=example,dc=com\nuserPassword: {{ADMIN_PASSWORD}}\n",
};
const parameters = ["render", "--env-file", ".env", "configs.templates", "--to", "configs"];

it("renders, says what it wrote, and has nothing to do the second time", () => {
  const folder = folderOf({ ...templates, ".env": "DOMAIN=example.com\nADMIN_PASSWORD=' x'\n" });
  expect(espalier(parameters, {}, folder)).toEqual({
    exitCode: 0,
    stdout: "configs/app.yml (0644)\nconfigs/ldap/admin.ldif (0600)\n",
    stderr: "2 of 2 files written.\n",
  });
  expect(readFileSync(join(folder, "configs/ldap/admin.ldif"), "utf8")).toBe(
    `dn: cn=admin,dc=example,dc=com\nuserPassword:: ${Buffer.from(" x").toString("base64")}\n`,
  );
  expect(statSync(join(folder, "configs/ldap/admin.ldif")).mode & 0o777).toBe(0o600);
  expect(espalier(parameters, {}, folder)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "2 files, all as rendered already.\n",
  });
});

it("writes nothing where a variable is missing, and lists every place", () => {
  const folder = folderOf({ ...templates, ".env": "DOMAINE=example.com\n" });
  expect(espalier(parameters, {}, folder)).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: [
      "configs.templates/app.yml:1:9: {{DOMAIN}} is not set; did you mean DOMAINE?",
      "configs.templates/ldap/admin.ldif:2:15: {{ADMIN_PASSWORD}} is not set",
      "Nothing was written.",
      "",
    ].join("\n"),
  });
  expect(existsSync(join(folder, "configs"))).toBe(false);
});

it("shows what would change with --check, exit code 1, and writes nothing", () => {
  const folder = folderOf({
    ...templates,
    ".env": "DOMAIN=example.com\nADMIN_PASSWORD=one\n",
    "configs/app.yml": "domain: example.org\n",
  });
  const checked = espalier([...parameters, "--check"], { ADMIN_PASSWORD: "two" }, folder);
  expect(checked).toEqual({
    exitCode: 1,
    stdout: `--- a/configs/app.yml
+++ b/configs/app.yml
@@ -1 +1 @@
-domain: example.org
+domain: example.com
--- a/configs/ldap/admin.ldif
+++ b/configs/ldap/admin.ldif
@@ -0,0 +1,2 @@
+dn: cn=admin,dc=example,dc=com
+[secret]
`,
    stderr:
      "ADMIN_PASSWORD is taken from the environment, which has another value than the file.\n2 of 2 files would change.\n",
  });
  expect(readFileSync(join(folder, "configs/app.yml"), "utf8")).toBe("domain: example.org\n");
  expect(existsSync(join(folder, "configs/ldap"))).toBe(false);
});

it("fails where a required name is used by no template, and where a file cannot be read", () => {
  const folder = folderOf(templates);
  const required = espalier([...parameters, "--require", "DOMAIN", "--require", "LDAP_BASE"], {}, folder);
  expect([required.exitCode, required.stderr]).toEqual([
    2,
    "{{LDAP_BASE}} is required and no template uses it\nNothing was written.\n",
  ]);
  const unreadable = espalier(["render", "nowhere", "--to", "out"], {}, folder);
  expect([unreadable.exitCode, unreadable.stderr]).toEqual([3, "there is no nowhere. Nothing was written.\n"]);
});
