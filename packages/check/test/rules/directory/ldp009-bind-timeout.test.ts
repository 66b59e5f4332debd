import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { requirePrograms, succeed, temporaryDirectory } from "@espalier/tests/lab";
import { expect, it, test } from "vitest";
import { ldp009 } from "../../../src/rules/directory/ldp009-bind-timeout.ts";
import { detailsOf, findingsOf, fixedBy, linesOf } from "../../project.ts";

const approvals = "notify:\n  approvals:\n    expireAfter: 90s\n";
const sssd =
  "[sssd]\ndomains = corp\n[domain/corp]\nid_provider = ldap\nldap_uri = ldaps://ldap1\ncache_credentials = true\n";

test("SSSD that waits its 8 s for an approval of 90 s is found, with a line to add", () => {
  const files = { "espalier.yaml": approvals, "sssd.conf": sssd };
  const at = sssd.indexOf("\ncache_credentials");
  expect(detailsOf(findingsOf(ldp009, files))).toEqual([
    {
      subject: "sssd.conf",
      severity: "high",
      message:
        "domain corp of SSSD waits 8s for a bind whose approval may take 90s: ldap_opt_timeout is not set and then 8s",
      place: "sssd.conf:3:1",
      path: '["domain/corp"].ldap_opt_timeout',
      fix: "ldap_opt_timeout = 120",
      edits: [
        {
          kind: "replace",
          at: { file: "sssd.conf", line: 5, column: 25, start: at, end: at },
          text: "\nldap_opt_timeout = 120",
        },
      ],
    },
  ]);
});

test("one that is written is replaced, and one that is longer than the wait is right", () => {
  const files = (seconds: number) => ({
    "espalier.yaml": approvals,
    "sssd.conf": `${sssd}ldap_opt_timeout = ${seconds}\n`,
  });
  const start = `${sssd}ldap_opt_timeout = `.length;
  expect(findingsOf(ldp009, files(90)).map(({ message, edits }) => [message, edits])).toEqual([
    [
      "domain corp of SSSD waits 90s for a bind whose approval may take 90s: ldap_opt_timeout is 90s",
      [
        {
          kind: "replace",
          at: { file: "sssd.conf", line: 7, column: 20, start, end: start + 2 },
          text: "120",
        },
      ],
    ],
  ]);
  expect(findingsOf(ldp009, files(91))).toEqual([]);
});

test("the wait is the gateway's, or that of the service it asks where that is shorter", () => {
  const wait = (files: Readonly<Record<string, string>>) =>
    findingsOf(ldp009, { ...files, "sssd.conf": sssd }).map(({ message }) => /take (\w+)/.exec(message)?.[1]);
  const gateway = "gateway:\n  sql: {}\n  authBackends: [sql, notification]\n";
  expect(wait({ "espalier.yaml": gateway })).toEqual(["30s"]);
  expect(wait({ "espalier.yaml": `${gateway}  notification: { timeout: 45s }\n` })).toEqual(["45s"]);
  expect(wait({ "espalier.yaml": `${gateway}  notification: { timeout: 2m }\n${approvals}` })).toEqual(["90s"]);
  expect(wait({ "ldap1.env": "AUTH_BACKENDS=sql,notification\n" })).toEqual(["30s"]);
  expect(wait({ "espalier.yaml": "notify:\n  approvals: {}\n" })).toEqual(["1m"]);
});

test("where nobody is asked, any timeout is right", () => {
  const files = { "espalier.yaml": "gateway:\n  sql: {}\n", "ldap1.env": "AUTH_BACKENDS=sql\n", "sssd.conf": sssd };
  expect(findingsOf(ldp009, files)).toEqual([]);
});

test("nslcd and Authelia are found by their own options", () => {
  const files = {
    "espalier.yaml": approvals,
    "nslcd.conf": "uri ldaps://ldap1\nbase dc=example\n",
    "configuration.yml": "authentication_backend:\n  ldap:\n    address: ldaps://ldap1\n    timeout: 20 seconds\n",
  };
  const findings = findingsOf(ldp009, files);
  expect(linesOf(findings)).toEqual([
    "high configuration.yml:4:14 authentication_backend.ldap.timeout: Authelia waits 20s for a bind whose approval may take 90s: timeout is 20s",
    "high nslcd.conf:1:1 bind_timelimit: nslcd waits 10s for a bind whose approval may take 90s: bind_timelimit is not set and then 10s",
  ]);
  expect(findings.map(({ edits }) => edits)).toEqual([
    [
      {
        kind: "set",
        file: "configuration.yml",
        path: ["authentication_backend", "ldap", "timeout"],
        value: "120s",
      },
    ],
    [
      {
        kind: "replace",
        at: { file: "nslcd.conf", line: 1, column: 18, start: 17, end: 17 },
        text: "\nbind_timelimit 120",
      },
    ],
  ]);
});

test("the fix leaves everything else as it was", () => {
  const files = {
    "espalier.yaml": approvals,
    "sssd.conf": `# kept\n${sssd}[domain/lab]\nid_provider = ldap\nldap_opt_timeout = 10 \n`,
    "nslcd.conf": "# kept\nuri ldaps://ldap1\nbind_timelimit 5\n",
  };
  expect(fixedBy(ldp009, files)).toEqual({
    texts: {
      "sssd.conf": files["sssd.conf"].replace("ldaps://ldap1\n", "ldaps://ldap1\nldap_opt_timeout = 120\n"),
      "nslcd.conf": files["nslcd.conf"].replace("bind_timelimit 5", "bind_timelimit 120"),
    },
    left: [],
  });
});

requirePrograms({ sssctl: "sssd-tools" }, { root: true })("beside SSSD itself", () => {
  it("the fixed file is one that SSSD has nothing against", async () => {
    const { texts } = fixedBy(ldp009, { "espalier.yaml": approvals, "sssd.conf": sssd });
    await using folder = await temporaryDirectory("sssd");
    writeFileSync(folder.file("sssd.conf"), texts["sssd.conf"]!);
    chmodSync(folder.file("sssd.conf"), 0o600);
    mkdirSync(folder.file("conf.d"));
    const said = await succeed("sssctl", ["config-check", "-c", folder.file("sssd.conf"), "-s", folder.file("conf.d")]);
    expect(said).toContain("Issues identified by validators: 0");
  });
});
