/** What the edits of the rules about TLS and the web do to real files: the findings are gone, and the rest stays as it was. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { check } from "../../../src/engine/check.ts";
import { applyFixes } from "../../../src/engine/fix/apply-fixes.ts";
import { planFixes } from "../../../src/engine/fix/plan-fixes.ts";
import { readProject } from "../../../src/inputs/read-project.ts";
import { tlsRules } from "../../../src/rules/tls/index.ts";
import { webRules } from "../../../src/rules/web/index.ts";
import { testNow } from "../../certificates.ts";
import { type Files, folderOf } from "../../project.ts";

const rules = [...tlsRules, ...webRules];

function fixed(files: Files, level: "safe" | "all") {
  const root = folderOf(files);
  const read = () => readProject({ root, paths: ["."], environment: {} });
  const report = () => check(read(), rules, { profile: "strict", now: testNow });
  const before = report();
  const result = applyFixes(planFixes(read(), before.findings, level), before, report);
  return {
    fixed: result.fixed.map(({ rule }) => rule).sort(),
    refused: result.refused,
    left: result.report.findings.map(({ rule }) => rule),
    text: (path: string) => readFileSync(join(root, path), "utf8"),
  };
}

test("nginx: old versions and suites are put right safely, groups and headers when all is asked for", () => {
  const nginx = `# the front
server {
    listen 443 ssl; # TLS
    server_name a.example;
    ssl_protocols TLSv1 TLSv1.2;   # for the printer
    ssl_ciphers HIGH:!aNULL;
    ssl_ecdh_curve secp521r1;
    root /var/www;
}
`;
  const safe = fixed({ "nginx.conf": nginx }, "safe");
  expect([safe.fixed, safe.refused, safe.left]).toEqual([["TLS001", "TLS002"], [], ["WEB003", "TLS005"]]);
  expect(safe.text("nginx.conf")).toContain("    ssl_protocols TLSv1.2 TLSv1.3;   # for the printer\n");
  const all = fixed({ "nginx.conf": nginx }, "all");
  expect([all.fixed, all.refused, all.left]).toEqual([["TLS001", "TLS002", "TLS005", "WEB003"], [], []]);
  expect(all.text("nginx.conf")).toContain(
    '    server_name a.example;\n    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;\n',
  );
});

test("Traefik's labels and files, stunnel, Espalier and a Caddyfile come out clean", () => {
  const files = {
    "compose.yaml": `services:
  app:
    image: a/b:1
    labels: # for Traefik
      - "traefik.http.routers.app.rule=Host(\`a.example\`)"
      - "traefik.http.routers.app.tls=true"
  wiki:
    image: a/c:1
    labels:
      traefik.http.routers.wiki.rule: Host(\`b.example\`)
      traefik.http.routers.wiki.tls: "true"
`,
    "traefik.yml": `tls:
  options:
    default:
      minVersion: VersionTLS10 # old
      cipherSuites: [TLS_RSA_WITH_AES_128_CBC_SHA]
      curvePreferences: [CurveP521]
`,
    "stunnel.conf": "[ldap]\nsslVersionMin = TLSv1.1\nciphers = DEFAULT\ncurves = P-521\nconnect = a:636\n",
    "espalier.yaml": "proxy:\n  tiers: []\n  tls:\n    minVersion: TLSv1\n    ciphers: AES128-SHA\n",
    Caddyfile:
      "{\n  acme_ca https://acme-staging-v02.api.letsencrypt.org/directory\n}\nc.example {\n  file_server\n}\n",
  };
  const all = fixed(files, "all");
  expect([all.refused, all.left]).toEqual([[], []]);
  expect(all.text("traefik.yml")).toContain("minVersion: VersionTLS12 # old");
  expect(all.text("stunnel.conf")).toMatch(
    /^\[ldap\]\nsslVersionMin = TLSv1\.2\nciphers = ECDHE-\S+\ncurves = X25519:P-256:P-384\nconnect = a:636\n$/,
  );
  expect(all.text("compose.yaml")).toContain("labels: # for Traefik\n");
});
