import { expect, test } from "vitest";
import { tls005 } from "../../../src/rules/tls/tls005-groups-and-names.ts";
import { makeCertificate } from "../../certificates.ts";
import { findingsOf, observed } from "../../project.ts";
import { presentedBy } from "./endpoint.ts";

const traefik = `tls:
  options:
    default:
      curvePreferences:
        - CurveP521
        - CurveP384
      sniStrict: true
certificatesResolvers:
  letsencrypt:
    acme:
      caServer: https://acme-v02.api.letsencrypt.org/directory
`;

test("the whole finding of a list of groups with which hardly any client begins", () => {
  const start = traefik.indexOf("- CurveP521");
  expect(findingsOf(tls005, { "traefik.yml": traefik })).toEqual([
    {
      rule: "TLS005",
      title: "TLS is set up so that good clients fail or wait",
      severity: "low",
      subject: "traefik.yml",
      message: "curvePreferences of traefik.yml has neither X25519 nor P-256, with which clients begin",
      location: { file: "traefik.yml", line: 5, column: 9, start, end: expect.any(Number) },
      path: "tls.options.default.curvePreferences",
      fix: "curvePreferences:\n  - X25519\n  - CurveP256\n  - CurveP384",
      fixability: "unsafe",
      edits: [
        {
          kind: "set",
          file: "traefik.yml",
          path: ["tls", "options", "default", "curvePreferences"],
          value: ["X25519", "CurveP256", "CurveP384"],
        },
      ],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("groups of nginx, Caddy and stunnel are judged alike, and those with X25519 or P-256 are well", () => {
  const files = (groups: string) => ({
    "nginx.conf": `server {\n  listen 443 ssl;\n  ssl_ecdh_curve ${groups};\n}\n`,
    Caddyfile: `a.example {\n  tls {\n    curves ${groups.replaceAll(":", " ")}\n  }\n}\n`,
    "stunnel.conf": `curves = ${groups}\n`,
  });
  expect(findingsOf(tls005, files("secp521r1:secp384r1")).map(({ subject }) => subject)).toEqual([
    "Caddyfile",
    "nginx.conf",
    "stunnel.conf",
  ]);
  expect(findingsOf(tls005, files("secp384r1:prime256v1"))).toEqual([]);
  expect(findingsOf(tls005, files("x25519"))).toEqual([]);
});

test("sniStrict that is off is found; that it is not set is told to who asks for everything", () => {
  const good = traefik.replace("CurveP521", "X25519");
  const off = good.replace("sniStrict: true", "sniStrict: false");
  const unset = good.replace("      sniStrict: true\n", "");
  const message = "tls.options.default of traefik.yml shows a made-up certificate for names that it has none for";
  const edits = [{ kind: "set", file: "traefik.yml", path: ["tls", "options", "default", "sniStrict"], value: true }];
  const found = (text: string, profile: "production" | "strict") =>
    findingsOf(tls005, { "traefik.yml": text }, { profile }).map((finding) => [finding.message, finding.edits]);
  expect([found(good, "strict"), found(off, "production"), found(unset, "production"), found(unset, "strict")]).toEqual(
    [[], [[message, edits]], [], [[message, edits]]],
  );
});

test("the staging server of an ACME authority is found in Traefik's file and arguments, and in Caddyfiles", () => {
  const staging = "https://acme-staging-v02.api.letsencrypt.org/directory";
  const files = {
    "traefik.yml": `certificatesResolvers:\n  le:\n    acme:\n      caServer: ${staging}\n`,
    "compose.yaml": `services:\n  traefik:\n    image: traefik:v3.1\n    command:\n      - --certificatesresolvers.le.acme.caserver=${staging}\n`,
    Caddyfile: `{\n  acme_ca ${staging}\n}\na.example {\n  respond ok\n}\n`,
  };
  expect(
    findingsOf(tls005, files).map(({ subject, message, fix, edits }) => [subject, message, fix, edits.length]),
  ).toEqual([
    [
      "Caddyfile",
      "Caddyfile gets its certificates from a staging server, which no client trusts",
      "acme_ca https://acme-v02.api.letsencrypt.org/directory",
      1,
    ],
    [
      "traefik",
      "traefik gets its certificates from a staging server, which no client trusts",
      "- --certificatesresolvers.le.acme.caserver=https://acme-v02.api.letsencrypt.org/directory",
      1,
    ],
    [
      "traefik.yml",
      "traefik.yml gets its certificates from a staging server, which no client trusts",
      "caServer: https://acme-v02.api.letsencrypt.org/directory",
      1,
    ],
  ]);
});

test("a certificate of a staging server is found in a file and on a server that runs", async () => {
  const authority = await makeCertificate({ subject: "CN=(STAGING) Artificial Apricot R3", isAuthority: true });
  const { cert, key } = await makeCertificate({ subject: "CN=a.example", names: ["a.example"], issuer: authority });
  const endpoint = await presentedBy({ cert, key });
  const about = (subject: string) =>
    `the certificate of CN=a.example (${subject}) comes from a staging server, which no client trusts`;
  expect(findingsOf(tls005, { "a.crt": cert }).map(({ message }) => message)).toEqual([about("a.crt")]);
  expect(findingsOf(tls005, observed({ endpoint: [endpoint] })).map(({ message }) => message)).toEqual([
    about(endpoint.url),
  ]);
});
