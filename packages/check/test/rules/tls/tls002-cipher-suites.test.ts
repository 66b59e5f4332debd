import { expect, test } from "vitest";
import { tls002 } from "../../../src/rules/tls/tls002-cipher-suites.ts";
import { makeCertificate } from "../../certificates.ts";
import { type Files, findingsOf, observed } from "../../project.ts";
import { presentedBy } from "./endpoint.ts";

const good =
  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

function found(files: Files) {
  return findingsOf(tls002, files).map(({ message, path, location }) => [message, path, location?.line]);
}

test("the whole finding of nginx with its old default, with an edit", () => {
  const text = "server {\n  listen 443 ssl;\n  ssl_ciphers HIGH:!aNULL:!MD5:!ARIA:!CAMELLIA:!DH;\n}\n";
  const start = text.indexOf("ssl_ciphers");
  const at = { file: "nginx.conf", line: 3, column: 3, start, end: text.indexOf("\n}") };
  expect(findingsOf(tls002, { "nginx.conf": text })).toEqual([
    {
      rule: "TLS002",
      title: "weak cipher suites are allowed",
      severity: "high",
      subject: "nginx.conf",
      message:
        "ssl_ciphers of nginx.conf allows CBC (TLS_RSA_WITH_AES_128_CBC_SHA and 11 more), static RSA (TLS_RSA_WITH_AES_128_CBC_SHA and 9 more)",
      location: at,
      path: "server[443].ssl_ciphers",
      fix: `ssl_ciphers ${good};`,
      fixability: "safe",
      edits: [{ kind: "replace", at, text: `ssl_ciphers ${good};` }],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("Traefik's list is judged name by name, and replaced as a list", () => {
  const text =
    "tls:\n  options:\n    default:\n      cipherSuites:\n        - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n        - TLS_RSA_WITH_3DES_EDE_CBC_SHA\n        - TLS_ECDHE_RSA_WITH_RC4_128_SHA\n";
  const [finding] = findingsOf(tls002, { "traefik.yml": text });
  expect([finding?.message, finding?.path, finding?.edits]).toEqual([
    "cipherSuites of traefik.yml allows 3DES (TLS_RSA_WITH_3DES_EDE_CBC_SHA), static RSA (TLS_RSA_WITH_3DES_EDE_CBC_SHA), RC4 (TLS_ECDHE_RSA_WITH_RC4_128_SHA)",
    "tls.options.default.cipherSuites",
    [
      {
        kind: "set",
        file: "traefik.yml",
        path: ["tls", "options", "default", "cipherSuites"],
        value: [
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ],
      },
    ],
  ]);
});

test("Caddy, stunnel, Espalier and TLS_CIPHERS are judged alike", () => {
  const files = {
    Caddyfile: "a.example {\n  tls {\n    ciphers TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA\n  }\n}\n",
    "stunnel.conf": "[ldap]\nciphers = AES256-GCM-SHA384\n",
    "espalier.yaml": "proxy:\n  tls:\n    ciphers: NULL-SHA256:TLS_AES_256_GCM_SHA384\n",
    "compose.yaml": "services:\n  g:\n    image: a/g:1\n    environment: [TLS_CIPHERS=EXP-RC4-MD5]\n",
  };
  expect(found(files).sort()).toEqual(
    [
      ["tls ciphers of Caddyfile allows CBC (TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA)", "a.example.tls.ciphers", 3],
      ["ciphers of stunnel.conf allows static RSA (TLS_RSA_WITH_AES_256_GCM_SHA384)", "ldap.ciphers", 2],
      [
        "proxy.tls.ciphers of espalier.yaml allows NULL (TLS_RSA_WITH_NULL_SHA256), static RSA (TLS_RSA_WITH_NULL_SHA256)",
        "proxy.tls.ciphers",
        3,
      ],
      [
        "TLS_CIPHERS of g allows EXPORT (TLS_RSA_EXPORT_WITH_RC4_40_MD5), RC4 (TLS_RSA_EXPORT_WITH_RC4_40_MD5), static RSA (TLS_RSA_EXPORT_WITH_RC4_40_MD5)",
        "services.g.environment.TLS_CIPHERS",
        4,
      ],
    ].sort(),
  );
});

test("what this rule writes is well itself", () => {
  const files = {
    "nginx.conf": `server {\n  listen 443 ssl;\n  ssl_ciphers ${good};\n}\n`,
    "stunnel.conf": `ciphers = ECDHE+AESGCM:ECDHE+CHACHA20\n`,
    "espalier.yaml": `gateway:\n  tls:\n    ciphers: ${good}\n`,
  };
  expect(found(files)).toEqual([]);
});

test("a server that runs and chooses a weak suite is found by the same rule", async () => {
  const { cert, key } = await makeCertificate({ subject: "CN=a", names: ["ldap1.example.com"], rsaBits: 2048 });
  const weak = await presentedBy({ cert, key, maxVersion: "TLSv1.2", ciphers: "AES128-SHA256" });
  const well = await presentedBy({ cert, key, maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES256-GCM-SHA384" });
  const url = "ldaps://ldap1.example.com:636";
  expect(findingsOf(tls002, observed({ endpoint: [well] }))).toEqual([]);
  expect(findingsOf(tls002, observed({ endpoint: [weak] })).map(({ message, path }) => [message, path])).toEqual([
    [
      `${url} chose a weak cipher suite: CBC (TLS_RSA_WITH_AES_128_CBC_SHA256), static RSA (TLS_RSA_WITH_AES_128_CBC_SHA256)`,
      "cipher",
    ],
  ]);
});
