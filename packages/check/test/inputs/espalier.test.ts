import { expect, test } from "vitest";
import { espalierFormat } from "../../src/inputs/espalier.ts";
import { SourceFile } from "../../src/inputs/source-file.ts";

test.each([
  ["deploy/espalier.yaml", "log:\n  level: info\n", true],
  ["deploy/espalier.yaml", "proxy: {listen: [\n", true],
  ["grafana/dashboards/espalier.yaml", "apiVersion: 1\nproviders: []\n", false],
  ["config.yml", "clusters:\n  - name: lab\n    host: ldap1\n    bind_dn: cn=admin,dc=example\n", true],
  ["site/gateway.yaml", "gateway:\n  base: dc=example\n  sql:\n    url: sqlite:x\n", true],
  ["site/proxy.yaml", "proxy:\n  tiers: []\n", true],
  ["kube/config.yml", "clusters:\n  - name: kind\n    cluster:\n      server: https://127.0.0.1\n", false],
  ["compose.yml", "services:\n  gateway:\n    image: x\ngateway:\n  sql: 1\n", false],
  ["values.yaml", "proxy:\n  enabled: true\n", false],
])("whether %s is Espalier's", (path, text, expected) => {
  expect(espalierFormat.recognizes(new SourceFile({ path, absolutePath: `/${path}`, text }))).toBe(expected);
});
