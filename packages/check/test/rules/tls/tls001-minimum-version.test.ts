import { expect, test } from "vitest";
import { tls001 } from "../../../src/rules/tls/tls001-minimum-version.ts";
import { makeCertificate } from "../../certificates.ts";
import { type Files, findingsOf, observed } from "../../project.ts";
import { presentedBy } from "./endpoint.ts";

function found(files: Files) {
  return findingsOf(tls001, files).map(({ message, path, location, fix }) => [message, path, location?.line, fix]);
}

test("the whole finding of nginx with TLS 1.0, with an edit of that directive alone", () => {
  const text =
    "server {\n  listen 443 ssl;\n  server_name a.example;\n  ssl_protocols TLSv1 TLSv1.1 TLSv1.2; # old\n}\n";
  const start = text.indexOf("ssl_protocols");
  const at = { file: "nginx.conf", line: 4, column: 3, start, end: text.indexOf("; # old") + 1 };
  expect(findingsOf(tls001, { "nginx.conf": text })).toEqual([
    {
      rule: "TLS001",
      title: "TLS versions before 1.2 are spoken",
      severity: "high",
      subject: "nginx.conf",
      message: "ssl_protocols of nginx.conf lets clients use TLS 1.0",
      location: at,
      path: "server[a.example].ssl_protocols",
      fix: "ssl_protocols TLSv1.2 TLSv1.3;",
      fixability: "safe",
      edits: [{ kind: "replace", at, text: "ssl_protocols TLSv1.2 TLSv1.3;" }],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("Traefik, stunnel, Espalier and variables of services are found, each in its own words", () => {
  const files = {
    "traefik/tls.yml": "tls:\n  options:\n    default:\n      minVersion: VersionTLS11\n",
    "stunnel.conf": "[ldap]\nsslVersionMin = TLSv1\naccept = 389\n[old]\nsslVersion = SSLv3\n",
    "espalier.yaml": "gateway:\n  tls:\n    minVersion: TLSv1.1\n",
    "compose.yaml": `services:
  ldap:
    image: osixia/openldap:1.5.0
    environment:
      LDAP_TLS_PROTOCOL_MIN: "3.1"
  gateway:
    image: example/gateway:1
    environment:
      - TLS_MIN_VERSION=TLSv1.1
`,
  };
  expect(found(files).sort()).toEqual(
    [
      [
        "minVersion of traefik/tls.yml lets clients use TLS 1.1",
        "tls.options.default.minVersion",
        4,
        "minVersion: VersionTLS12",
      ],
      ["sslVersionMin of stunnel.conf lets clients use TLS 1.0", "ldap.sslVersionMin", 2, "sslVersionMin = TLSv1.2"],
      ["sslVersion of stunnel.conf lets clients use SSL 3", "old.sslVersion", 5, "sslVersion = TLSv1.2"],
      [
        "gateway.tls.minVersion of espalier.yaml lets clients use TLS 1.1",
        "gateway.tls.minVersion",
        3,
        "minVersion: TLSv1.2",
      ],
      [
        "LDAP_TLS_PROTOCOL_MIN of ldap lets clients use TLS 1.0",
        "services.ldap.environment.LDAP_TLS_PROTOCOL_MIN",
        5,
        'LDAP_TLS_PROTOCOL_MIN: "3.3"',
      ],
      [
        "TLS_MIN_VERSION of gateway lets clients use TLS 1.1",
        "services.gateway.environment.TLS_MIN_VERSION",
        9,
        'TLS_MIN_VERSION: "TLSv1.2"',
      ],
    ].sort(),
  );
});

test("TLS 1.2 and later, and settings that are left to the program, are well", () => {
  const files = {
    "nginx.conf": "server {\n  listen 443 ssl;\n  ssl_protocols TLSv1.2 TLSv1.3;\n}\nserver {\n  listen 443 ssl;\n}\n",
    "traefik/tls.yml": "tls:\n  options:\n    default:\n      minVersion: VersionTLS12\n",
    "stunnel.conf": "sslVersionMin = TLSv1.2\nsslVersion = all\n",
    Caddyfile: "a.example {\n  tls {\n    protocols tls1.2 tls1.3\n  }\n}\n",
    "espalier.yaml": "gateway:\n  tls:\n    minVersion: TLSv1.3\n",
    "compose.yaml":
      'services:\n  ldap:\n    image: osixia/openldap:1.5.0\n    environment: { LDAP_TLS_PROTOCOL_MIN: "3.3" }\n',
  };
  expect(found(files)).toEqual([]);
});

test("a server that runs and can be talked down to TLS 1.1 is found by the same rule", async () => {
  const { cert, key } = await makeCertificate({ subject: "CN=ldap1.example.com", names: ["ldap1.example.com"] });
  const old = await presentedBy({ cert, key, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" });
  const now = await presentedBy({ cert, key });
  const url = "ldaps://ldap1.example.com:636";
  expect(findingsOf(tls001, observed({ endpoint: [now] }))).toEqual([]);
  expect(
    findingsOf(tls001, observed({ endpoint: [old] })).map(({ subject, message, path }) => [subject, message, path]),
  ).toEqual([[url, `${url} speaks TLS 1.1 when it is asked to`, "oldestVersion"]]);
});
