import { expect, test } from "vitest";
import { tpl001 } from "../../../src/rules/templates/tpl001-placeholder-left.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a placeholder in a rendered file is found once a name, with every line and the nearest known name", () => {
  const files = {
    ".env": "DOMAIN=example.com\n",
    "configs/app.yml": "domain: {{DOMAIN}}\nhost: {{DOMIAN}}\nmail: admin@{{ DOMIAN }}\n",
  };
  expect(findingsOf(tpl001, files)).toEqual([
    {
      rule: "TPL001",
      title: "placeholder is left in a rendered file",
      severity: "critical",
      subject: "configs/app.yml",
      message: "configs/app.yml has the placeholder {{DOMAIN}} in the place of its value",
      location: { file: "configs/app.yml", line: 1, column: 9, start: 8, end: 18 },
      path: "DOMAIN",
      fix: "DOMAIN is set: render again, with `espalier render`, which leaves none. It is left in\n    configs/app.yml:1",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
    expect.objectContaining({
      message: "configs/app.yml has the placeholder {{DOMIAN}} in the place of its value",
      fix: "Set DOMIAN (did you mean DOMAIN?) and render again, with `espalier render`, which leaves none. It is left in\n    configs/app.yml:2\n    configs/app.yml:3",
    }),
  ]);
});

test("one in LDIF, SQL, a script, a Caddyfile and a file without a suffix is found", () => {
  const files = {
    "bootstrap.ldif": "dn: dc=a\nuserPassword: {{PW}}\n",
    "init.sql": "SELECT '{{PW}}';\n",
    "run.sh": "export PW={{PW}}\n",
    "caddy/Caddyfile": "{{DOMAIN}} {\n}\n",
    "config/htpasswd": "admin:{{HASH}}\n",
  };
  expect(linesOf(findingsOf(tpl001, files))).toEqual([
    "critical bootstrap.ldif:2:15 PW: bootstrap.ldif has the placeholder {{PW}} in the place of its value",
    "critical caddy/Caddyfile:1:1 DOMAIN: caddy/Caddyfile has the placeholder {{DOMAIN}} in the place of its value",
    "critical config/htpasswd:1:7 HASH: config/htpasswd has the placeholder {{HASH}} in the place of its value",
    "critical init.sql:1:9 PW: init.sql has the placeholder {{PW}} in the place of its value",
    "critical run.sh:1:11 PW: run.sh has the placeholder {{PW}} in the place of its value",
  ]);
});

test("templates, other programs' braces, comments and scripts that do the replacing are not found", () => {
  const files = {
    "configs.templates/app.yml": "domain: {{DOMAIN}}\n",
    "templates/app.yml": "domain: {{DOMAIN}}\n",
    "app.yml.tmpl": "domain: {{DOMAIN}}\n",
    "chart/Chart.yaml": "name: x\n",
    "chart/values.yaml": "a: {{NAME}}\n",
    "docs/deploy.md": "Write {{DOMAIN}}.\n",
    "src/render.kts": 'val pattern = "{{DOMAIN}}"\n',
    "prometheus/rules.yml":
      'groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: up == 0\n        annotations:\n          summary: "{{ $labels.instance }} {{ .Value }} {{VALUE}}"\n',
    "grafana.json": '{"legendFormat": "{{instance}} {{ range }}"}\n',
    "app.conf": "# {{DOMAIN}} is replaced\nx = {{ .Name }}\n",
    "render.sh": 'sed "s|{{DOMAIN}}|$DOMAIN|g" in > out\n',
    "roles/web/vars.yml": "a: '{{ SOME_FACT }}'\n",
  };
  expect(linesOf(findingsOf(tpl001, files))).toEqual([]);
});
