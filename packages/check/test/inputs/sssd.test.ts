import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { requirePrograms, runCommand, temporaryDirectory } from "@espalier/tests/lab";
import { expect, it, test } from "vitest";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { sssdDomains, sssdFormat } from "../../src/inputs/sssd.ts";
import { projectOf } from "../project.ts";

test("snippets of conf.d go before sssd.conf, the last of them first, and domains that are not listed are not in use", () => {
  const project = projectOf({
    "etc/sssd/sssd.conf":
      "[sssd]\ndomains = corp, lab\n[domain/corp]\nid_provider = ldap\nldap_uri = ldap://a\nldap_opt_timeout = 5\n[domain/old]\nid_provider = ldap\n",
    "etc/sssd/conf.d/10-uri.conf": "[domain/corp]\nldap_uri = ldaps://b\n",
    "etc/sssd/conf.d/20-uri.conf": "[domain/corp]\nldap_uri = ldaps://c\n[domain/lab]\nid_provider = ldap\n",
    "other/sssd.conf": "[domain/corp]\nldap_uri = ldaps://d\n",
  });
  const domains = sssdDomains(project.of("sssd")).map(({ name, config, option }) => {
    const [uri, timeout] = [option("ldap_uri"), option("ldap_opt_timeout")];
    return [config.file.path, name, uri?.text, uri?.location.file, timeout?.text];
  });
  expect(domains).toEqual([
    ["etc/sssd/sssd.conf", "corp", "ldaps://c", "etc/sssd/conf.d/20-uri.conf", "5"],
    ["etc/sssd/conf.d/20-uri.conf", "lab", undefined, undefined, undefined],
    ["other/sssd.conf", "corp", "ldaps://d", "other/sssd.conf", undefined],
  ]);
});

test("a file is one of SSSD's by its name or by its sections", () => {
  const recognizes = (path: string, text: string) =>
    sssdFormat.recognizes(new SourceFile({ path, absolutePath: `/${path}`, text }));
  expect(recognizes("roles/files/sssd.conf", "anything")).toBe(true);
  expect(recognizes("files/container.conf", "# x\n[domain/ldap]\n")).toBe(true);
  expect(recognizes("files/app.conf", "[main]\ndomains = a\n")).toBe(false);
});

requirePrograms({ sssctl: "sssd-tools" }, { root: true })("beside SSSD itself", () => {
  const domain = "[sssd]\ndomains = lab\n[domain/lab]\nid_provider = ldap\n";
  it.each([
    "ldap_uri = ldaps://a, ldaps://b",
    "  ldap_uri = ldaps://a",
    "ldap_uri =",
    "ldap_uri=a # not a comment",
    "# comment",
    "; comment",
    "// comment",
    "",
    "  \t ",
    "[domain/lab]\nldap_uri = ldaps://a",
    "ldap_uri = ldaps://a\r",
    " # comment",
    "\t; comment",
    "ldap_uri",
    "ldap_uri: ldaps://a",
    "ldap_uri = ldaps://a,\n  ldaps://b",
    "= a",
    "[domain/b",
    "[domain/b] # c",
  ])("%j is read, or refused, as SSSD does", async (line) => {
    const text = `${domain}${line}\n`;
    await using folder = await temporaryDirectory("sssd");
    writeFileSync(folder.file("sssd.conf"), text);
    chmodSync(folder.file("sssd.conf"), 0o600);
    mkdirSync(folder.file("conf.d"));
    const { stdout, stderr } = await runCommand("sssctl", [
      ...["config-check", "-c", folder.file("sssd.conf"), "-s", folder.file("conf.d")],
    ]);
    expect(isRead(text)).toBe(!`${stdout}${stderr}`.includes("Failed to load configuration"));
  });
});

function isRead(text: string): boolean {
  try {
    sssdFormat.parse(new SourceFile({ path: "sssd.conf", absolutePath: "/sssd.conf", text }));
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
