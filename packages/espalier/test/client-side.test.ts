/** What `espalier gateway print-sssd` and `print-proxmox` make of a configuration. Real clients take it in tests/. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { formatProxmox } from "../src/client-side/proxmox.ts";
import { loadServedDirectory, type ServedDirectory } from "../src/client-side/served-directory.ts";
import { formatSssd } from "../src/client-side/sssd.ts";
import { espalier } from "./command.ts";

const base = "dc=example,dc=com";
const directory: ServedDirectory = {
  ...{ base, userBase: base, groupBase: base, url: "ldaps://ldap1", mustBind: true },
  ...{ approvalMs: undefined, ownCertificate: undefined },
};

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "espalier-client-side-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "espalier.yaml");
  writeFileSync(file, text);
  return file;
}

/** The options of a section, comments aside. */
function optionsOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => /^\w+ = /.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/ = (.*)/, 2) as [string, string]));
}

it("reads what clients need without a secret, a database or a variable that others have", () => {
  const file = fileWith(`gateway:
  base: dc=example,dc=com
  commonName: \${NAME}
  placement: ou
  listen: ["ldap://127.0.0.1:3890", "ldaps://0.0.0.0:6360"]
  authBackends: [sql, notification]
  notification: { url: "https://notify.example.com/send-notification", apiKey: "\${API_KEY}", timeout: 45s }
  sql: { url: "\${SQL_URI}", queries: { allUsers: "\${X}", oneUser: "\${X}", allGroups: "\${X}", groupsByMember: "\${X}" } }
notify: { apiKeys: ["\${OTHER_KEY}"] }
`);
  expect(loadServedDirectory({ NAME: "ldap1.example.com", SQL_URI_FILE: "/nowhere" }, file)).toEqual({
    base,
    userBase: `ou=users,${base}`,
    groupBase: `ou=groups,${base}`,
    url: "ldaps://ldap1.example.com:6360",
    mustBind: true,
    approvalMs: 45_000,
    ownCertificate: "cert/self-signed/server.crt",
  });
});

it("sends clients to the proxy that stands in front", () => {
  const file =
    fileWith(`gateway: { base: "dc=example,dc=com", commonName: ldap.example.com, listen: ["ldap://127.0.0.1:3890"], requireAuthForSearch: false }
proxy:
  listen: ["ldaps://0.0.0.0:636"]
  tls: { certPath: a.crt, keyPath: a.key }
  identity: { mode: proxyauthz, dn: "cn=proxy,dc=example,dc=com", password: "\${PROXY_PASSWORD}" }
  tiers: [{ backends: ["ldap://127.0.0.1:3890"] }]
`);
  expect(loadServedDirectory({}, file)).toMatchObject({
    url: "ldaps://ldap.example.com",
    mustBind: false,
    ownCertificate: undefined,
  });
});

it("lets SSSD wait for people who approve logins, encrypt where a server does not by itself, and admit groups only", () => {
  const text = formatSssd(
    { ...directory, groupBase: `ou=groups,${base}`, approvalMs: 45_000 },
    { urls: ["ldap://ldap1", "ldap://ldap2"], ca: "/ca.pem", bindDn: undefined, groups: ["a (b)", "c, d"] },
  );
  expect(optionsOf(text)).toEqual({
    services: "nss, pam",
    domains: "example.com",
    ...{ id_provider: "ldap", auth_provider: "ldap", chpass_provider: "none", sudo_provider: "none" },
    ...{ ldap_uri: "ldap://ldap1, ldap://ldap2", ldap_search_base: base, ldap_schema: "rfc2307", enumerate: "false" },
    ...{ ldap_id_use_start_tls: "true", ldap_tls_reqcert: "demand", ldap_tls_cacert: "/ca.pem" },
    ...{ access_provider: "ldap", ldap_access_order: "filter" },
    ldap_access_filter: String.raw`(|(memberOf=cn=a \28b\29,ou=groups,${base})(memberOf=cn=c\5c, d,ou=groups,${base}))`,
    ldap_opt_timeout: "75",
  });
});

it("leaves out what is not needed: a wait, an account, StartTLS; and then admits whoever is still there", () => {
  const options = optionsOf(
    formatSssd(
      { ...directory, mustBind: false },
      { urls: ["ldaps://ldap1"], ca: "/ca.pem", bindDn: undefined, groups: [] },
    ),
  );
  expect(options).toMatchObject({ ldap_uri: "ldaps://ldap1", ldap_access_filter: "(objectClass=posixAccount)" });
  expect(Object.keys(options)).not.toEqual(expect.arrayContaining(["ldap_opt_timeout"]));
  expect(options).not.toHaveProperty("ldap_default_bind_dn");
  expect(options).not.toHaveProperty("ldap_id_use_start_tls");
});

it("gives Proxmox by command what it says domains.cfg has then", () => {
  const text = formatProxmox(directory, {
    realm: "corp",
    urls: ["ldap://ldap1:1389", "ldap://ldap2:1389"],
    ca: "/etc/pve/our ca.pem",
    bindDn: `uid=svc-proxmox,${base}`,
  });
  const command = text.slice(text.indexOf("pveum realm add corp"), text.indexOf("\n\n"));
  const flags = [...command.matchAll(/--(\S+) (?:'([^']*)'|(\S+))/g)].map(([, name, quoted, bare]) => [
    name,
    quoted ?? bare,
  ]);
  const stanza = [...text.matchAll(/^# \t(\S+) (.*)$/gm)].map(([, name, value]) => [name, value]);
  expect(flags).toEqual([["type", "ldap"], ...stanza]);
  expect(Object.fromEntries(stanza)).toEqual({
    base_dn: base,
    user_attr: "uid",
    ...{ server1: "ldap1", server2: "ldap2", port: "1389", mode: "ldap+starttls", verify: "1" },
    capath: "/etc/pve/our ca.pem",
    bind_dn: `uid=svc-proxmox,${base}`,
    sync_attributes: "email=mail,firstname=givenName,lastname=sn",
    "sync-defaults-options": "scope=both",
    default: "1",
  });
  expect(text).toContain(`> /etc/pve/priv/realm/corp.pw`);
});

it.each([
  ["three servers", { urls: ["ldaps://a", "ldaps://b", "ldaps://c"] }, "two servers at most"],
  ["two ports", { urls: ["ldaps://a", "ldaps://b:1636"] }, "the same port"],
  ["a DN with a blank", { urls: ["ldaps://a"], bindDn: `cn=the reader,${base}` }, "no DN with blanks"],
])("refuses what a realm cannot hold: %s", (_, options, sentence) => {
  expect(() => formatProxmox(directory, { realm: "ldap", ca: "/ca.pem", bindDn: undefined, ...options })).toThrow(
    sentence,
  );
});

it("asks for an account where clients must bind, with exit code 2, and prints nothing", () => {
  const run = (...parameters: string[]) =>
    espalier(["gateway", "print-sssd", ...parameters], { LDAP_BASE_DN: base }, tmpdir());
  expect(run()).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: `clients must bind before they search here: name an account of their own with --bind-dn, as in uid=svc-sssd,${base}.\n`,
  });
  expect(run("--uri", "ldaps://a", "--uri", "ldap://b", "--bind-dn", base).stderr).toContain("all by ldap://");
});
