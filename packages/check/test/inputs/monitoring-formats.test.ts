import fc from "fast-check";
import { expect, test } from "vitest";
import { formats } from "../../src/inputs/formats.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { traefikFileOptions } from "../../src/inputs/traefik-options.ts";
import { parseYaml } from "../../src/inputs/yaml.ts";

const own = formats.filter(({ kind }) =>
  [
    "traefik",
    "prometheus",
    "prometheusRules",
    "alertmanager",
    "grafanaDashboard",
    "nginx",
    "caddy",
    "stunnel",
    "pem",
  ].includes(kind),
);

function fileOf(path: string, text: string): SourceFile {
  return new SourceFile({ path, absolutePath: `/${path}`, text });
}

function kinds(path: string, text: string): readonly string[] {
  return own.filter((format) => format.recognizes(fileOf(path, text))).map(({ kind }) => kind);
}

const rules = "groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: up == 0\n";

test.each([
  ["traefik.yml", 'entryPoints:\n  web:\n    address: ":80"\n', ["traefik"]],
  ["dynamic/tls.yaml", "# options\ntls:\n  # for all\n  options:\n    default: {}\n", ["traefik"]],
  ["conf/routers.yml", "http:\r\n  routers:\r\n    a: {}\r\n", ["traefik"]],
  ["compose.yaml", "services:\n  traefik:\n    image: traefik\nhttp:\n  routers:\n", []],
  ["prometheus.yml", "scrape_config:\n  - job_name: a\n", ["prometheus"]],
  ["conf/scrape.yaml", "scrape_configs:\n  - job_name: a\n", ["prometheus"]],
  ["grafana/datasources/prometheus.yml", "apiVersion: 1\ndatasources:\n  - name: p\n", []],
  ["stacks/prometheus.yml", "services:\n  prometheus:\n    image: prom/prometheus\n", []],
  ["alerts.yml", rules, ["prometheusRules"]],
  ["prometheus-rules.yml", rules, ["prometheusRules"]],
  ["loki/rules.yml", rules, []],
  ["grafana/alerting.yml", `apiVersion: 1\n${rules}`, []],
  ["alertmanager.yml", "route:\n  receiver: a\n", ["alertmanager"]],
  ["am/config.yaml", "receivers:\n  - name: a\nroute:\n  receiver: a\n", ["alertmanager"]],
  ["stacks/alertmanager.yml", "services:\n  alertmanager:\n    image: prom/alertmanager\n", []],
  ["dashboards/a.json", '{"title": "A", "panels": [], "schemaVersion": 39}', ["grafanaDashboard"]],
  ["package.json", '{"name": "a", "panels": []}', []],
  ["Caddyfile", "a.example {\n}\n", ["caddy"]],
  ["Caddyfile.example", "a.example {\n}\n", ["caddy"]],
  ["etc/stunnel/ldap.conf", "[ldap]\nconnect = a:636\n", ["stunnel"]],
])("%s is of the kind that its name and its keys say", (path, text, expected) => {
  expect(kinds(path, text)).toEqual(expected);
});

test("whatever a file is called and holds, each format reads it or says that it cannot", () => {
  const names = fc.constantFrom(
    "traefik.yml",
    "prometheus.yml",
    "alertmanager.yml",
    "rules.yml",
    "d.json",
    "Caddyfile",
    "a.conf",
    "a.pem",
  );
  const words = fc.constantFrom(
    ...[
      "groups:\n",
      "rules:\n",
      "- alert: a\n",
      "expr: b\n",
      "route:\n",
      "receivers:\n",
      "scrape_configs:\n",
      "entryPoints:\n",
    ],
    ...[
      '"panels":',
      '"targets":',
      "{",
      "}",
      "[",
      "]",
      ",",
      "  ",
      "\n",
      "- ",
      "&a",
      "*a",
      "<<: ",
      ": ",
      "server {",
      "listen 80;",
    ],
  );
  const text = fc.oneof(
    fc.array(words).map((all) => all.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(names, text, (name, content) => {
      const file = fileOf(name, content);
      for (const format of own.filter((each) => each.recognizes(file))) {
        try {
          format.parse(file);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("a file of Traefik is the same options as labels, whatever the case of its keys", () => {
  const text =
    "http:\n  routers:\n    App:\n      entryPoints: [web, websecure]\n      tls: {}\n      rule: Host(`a`)\n";
  const [root] = parseYaml(fileOf("a.yml", text));
  expect(traefikFileOptions(root!).map(({ name, value }) => [name, value])).toEqual([
    ["http.routers.app.entrypoints", "web,websecure"],
    ["http.routers.app.tls", "true"],
    ["http.routers.app.rule", "Host(`a`)"],
  ]);
});
