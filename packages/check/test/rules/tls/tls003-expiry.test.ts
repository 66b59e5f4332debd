import { basename } from "node:path";
import { expect, test } from "vitest";
import { tls003 } from "../../../src/rules/tls/tls003-expiry.ts";
import { makeCertificate, testNow } from "../../certificates.ts";
import { findingsOf, folderOf, observed } from "../../project.ts";
import { presentedBy } from "./endpoint.ts";

const names = ["ldap1.example.com"];
const subject = "CN=ldap1.example.com";

async function ending(days: number, fromDays = -400) {
  const { cert } = await makeCertificate({ subject, names, days, fromDays });
  return findingsOf(tls003, { "tls/server.crt": cert }, { profile: "lab" }).map(({ severity, message }) => [
    severity,
    message,
  ]);
}

test.each([
  [-3, "critical", "the certificate CN=ldap1.example.com (tls/server.crt) expired 3 days ago, on 2026-01-12"],
  [
    -0.25,
    "critical",
    "the certificate CN=ldap1.example.com (tls/server.crt) expired less than a day ago, on 2026-01-14",
  ],
  [0.25, "high", "the certificate CN=ldap1.example.com (tls/server.crt) expires in less than a day, on 2026-01-15"],
  [6, "high", "the certificate CN=ldap1.example.com (tls/server.crt) expires in 6 days, on 2026-01-21"],
  [7, "medium", "the certificate CN=ldap1.example.com (tls/server.crt) expires in 7 days, on 2026-01-22"],
  [29, "medium", "the certificate CN=ldap1.example.com (tls/server.crt) expires in 29 days, on 2026-02-13"],
])("a certificate with %d days left is %s", async (days, severity, message) => {
  expect(await ending(days)).toEqual([[severity, message]]);
});

test("a certificate with thirty days left is well", async () => {
  expect(await ending(30)).toEqual([]);
});

test("a certificate that is not valid yet is as bad as one that has expired", async () => {
  expect(await ending(90, 2)).toEqual([
    ["critical", "the certificate CN=ldap1.example.com (tls/server.crt) is not valid before 2026-01-17"],
  ]);
});

test("the whole finding names the file, the place and what to do", async () => {
  const root = await makeCertificate({ subject: "CN=Example CA", isAuthority: true, days: 3650 });
  const { cert, certificate } = await makeCertificate({ subject, names, days: 6, fromDays: -84, issuer: root });
  expect(findingsOf(tls003, { "tls/server.crt": `the server\n${cert}${root.cert}` })).toEqual([
    {
      rule: "TLS003",
      title: "certificate has expired or expires soon",
      severity: "high",
      subject: "tls/server.crt",
      message: "certificate 1 of 2, CN=ldap1.example.com (tls/server.crt), expires in 6 days, on 2026-01-21",
      location: { file: "tls/server.crt", line: 2, column: 1, start: 11, end: 11 + cert.trimEnd().length },
      path: "certificates[0]",
      fix: "Let CN=Example CA sign a new one, put it in place with its intermediates, and let the server load it.",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
  expect(certificate.validToDate).toEqual(new Date(testNow + 6 * 86_400_000));
});

test("a server that runs and presents it is found by the same rule", async () => {
  const { cert, key } = await makeCertificate({ subject, names, days: 6 });
  const endpoint = await presentedBy({ cert, key });
  const findings = findingsOf(tls003, observed({ endpoint: [endpoint] }));
  expect(
    findings.map(({ rule, severity, subject: about, message, location }) => ({
      rule,
      severity,
      about,
      message,
      location,
    })),
  ).toEqual([
    {
      rule: "TLS003",
      severity: "high",
      about: "ldaps://ldap1.example.com:636",
      message: "the certificate CN=ldap1.example.com (ldaps://ldap1.example.com:636) expires in 6 days, on 2026-01-21",
      location: undefined,
    },
  ]);
});

test("roots that are only trusted, what certbot keeps of before, and copies in one folder are passed over", async () => {
  const old = await makeCertificate({ subject, names, days: -10, fromDays: -100 });
  const current = await makeCertificate({ subject, names, days: 20, fromDays: -70 });
  const roots = [
    await makeCertificate({ subject: "CN=Root 1", isAuthority: true, days: -1, fromDays: -4000 }),
    await makeCertificate({ subject: "CN=Root 2", isAuthority: true, days: 900, fromDays: -4000 }),
  ];
  const findings = findingsOf(tls003, {
    "ca-certificates.crt": roots.map(({ cert }) => cert).join(""),
    "archive/ldap1/cert1.pem": old.cert,
    "archive/ldap1/cert2.pem": current.cert,
    "archive/ldap1/fullchain1.pem": old.cert,
    "archive/ldap1/fullchain2.pem": current.cert,
    "self-signed/replaced-2025-12-24T10:00:00.000Z/server.crt": old.cert,
  });
  expect(findings.map(({ subject: about, severity }) => [about, severity])).toEqual([
    ["archive/ldap1/cert2.pem", "medium"],
  ]);
});

test("a certificate that a service mounts from elsewhere on this machine is looked at", async () => {
  const { cert } = await makeCertificate({ subject, names, days: 3 });
  const elsewhere = folderOf({ "ldap.crt": cert });
  const compose = `services:\n  ldap:\n    image: osixia/openldap:1.5.0\n    volumes: ["${elsewhere}/ldap.crt:/certs/ldap.crt:ro"]\n`;
  const findings = findingsOf(tls003, { "compose.yaml": compose });
  expect(findings.map(({ severity, subject: about }) => [severity, basename(about)])).toEqual([["high", "ldap.crt"]]);
});
