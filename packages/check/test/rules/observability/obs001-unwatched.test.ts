import { expect, test } from "vitest";
import { obs001 } from "../../../src/rules/observability/obs001-unwatched.ts";
import { type Files, findingsOf } from "../../project.ts";

function found(files: Files) {
  return findingsOf(obs001, files).map(({ subject, path, message }) => [subject, path, message]);
}

const compose = `services:
  app:
    image: example/app:1
  db-exporter:
    image: prometheuscommunity/postgres-exporter:v0.15.0
    expose: ["9187"]
`;
const whole = `scrape_configs:
  - job_name: db
    static_configs:
      - targets: ["db-exporter:9187"]
rule_files: [/etc/prometheus/alerts.yml]
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["alertmanager:9093"]
`;
const alerts = `groups:
  - name: a
    rules:
      - alert: TargetDown
        expr: up == 0
        annotations: { summary: "down" }
`;

test("a service with metrics, a job for it, rules with an alert on up and an Alertmanager are well", () => {
  expect(found({ "compose.yaml": compose, "prometheus.yml": whole, "alerts.yml": alerts })).toEqual([]);
});

test("the whole finding of an exporter that no job scrapes", () => {
  const prometheus = whole.replace("db-exporter:9187", "app:8000");
  const start = compose.indexOf("db-exporter");
  expect(findingsOf(obs001, { "compose.yaml": compose, "prometheus.yml": prometheus, "alerts.yml": alerts })).toEqual([
    {
      rule: "OBS001",
      title: "nobody is told when a service fails",
      severity: "medium",
      subject: "db-exporter",
      message: "db-exporter exposes metrics, and nothing scrapes them",
      location: { file: "compose.yaml", line: 4, column: 3, start, end: start + "db-exporter".length },
      path: "services.db-exporter.metrics",
      fix: `scrape_configs:
  - job_name: db-exporter
    static_configs:
      - targets: ["db-exporter:9187"]`,
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("without any Prometheus the exporter is found too, and not where something else scrapes", () => {
  expect(found({ "compose.yaml": compose })).toEqual([
    ["db-exporter", "services.db-exporter.metrics", "db-exporter exposes metrics, and nothing scrapes them"],
  ]);
  expect(found({ "compose.yaml": `${compose}  alloy:\n    image: grafana/alloy:v1.5.0\n` })).toEqual([]);
  expect(found({ "compose.yaml": `${compose}  prometheus:\n    image: prom/prometheus:v3.0.0\n` })).toEqual([]);
});

test("targets that are discovered may be any", () => {
  const prometheus = whole.replace(
    /static_configs:\n.*\n/,
    "docker_sd_configs: [{ host: unix:///var/run/docker.sock }]\n",
  );
  expect(found({ "compose.yaml": compose, "prometheus.yml": prometheus, "alerts.yml": alerts })).toEqual([]);
});

test("Espalier, Traefik, Authelia, Caddy and a label say of themselves that they expose metrics", () => {
  const files = {
    "compose.yaml": `services:
  traefik:
    image: traefik:v3.1
    command: ["--metrics.prometheus=true"]
  worker:
    image: example/worker:1
    labels:
      prometheus.io/scrape: "true"
      prometheus.io/port: "8000"
`,
    "espalier.yaml": "gateway:\n  sql:\n    url: sqlite:x\n",
    "authelia/configuration.yml":
      "authentication_backend:\n  file: {path: x}\naccess_control:\n  default_policy: deny\ntelemetry:\n  metrics:\n    enabled: true\n",
    Caddyfile: "{\n  metrics\n}\nldap.example.com {\n  respond ok\n}\n",
  };
  expect(
    found(files)
      .map(([subject]) => subject)
      .sort(),
  ).toEqual(["Caddyfile", "authelia/configuration.yml", "espalier.yaml", "traefik", "worker"]);
  const targets = ["traefik:8080", "10.0.0.1:9400", "worker:8000", "authelia:9959", "caddy:2019"];
  const prometheus = whole.replace('"db-exporter:9187"', targets.map((target) => `"${target}"`).join(", "));
  expect(found({ ...files, "prometheus.yml": prometheus, "alerts.yml": alerts })).toEqual([]);
});

test("a Prometheus without rules, without an Alertmanager, and without an alert on up are found", () => {
  const noRules = whole.slice(0, whole.indexOf("rule_files"));
  expect(found({ "prometheus.yml": noRules })).toEqual([
    ["prometheus.yml", "rule_files", "prometheus.yml scrapes, and has no file of rules: nothing ever alerts"],
  ]);
  const noAlertmanager = whole.slice(0, whole.indexOf("alerting"));
  expect(found({ "prometheus.yml": noAlertmanager, "alerts.yml": alerts })).toEqual([
    [
      "prometheus.yml",
      "alerting.alertmanagers",
      "prometheus.yml has rules and no Alertmanager: what fires is told to nobody",
    ],
  ]);
  expect(found({ "prometheus.yml": whole, "alerts.yml": alerts.replace("up == 0", "errors_total > 5") })).toEqual([
    ["prometheus.yml", "rule_files.up", "no alert of prometheus.yml tells that a target is down"],
  ]);
});

test("where rules are elsewhere, or Grafana alerts, nothing is said of them", () => {
  expect(found({ "prometheus.yml": whole })).toEqual([]);
  const noRules = whole.slice(0, whole.indexOf("rule_files"));
  expect(
    found({ "prometheus.yml": noRules, "grafana/alerting.yaml": "apiVersion: 1\ngroups:\n  - name: a\n" }),
  ).toEqual([]);
  expect(found({ "prometheus.yml": `${noRules}remote_write: [{ url: "http://mimir/w" }]\n` })).toEqual([]);
});

test("an alert on absent counts as one on a target that is gone", () => {
  const absent = alerts.replace("up == 0", 'absent(up{job="db"}) or vector(0) > 1');
  expect(found({ "prometheus.yml": whole, "alerts.yml": absent })).toEqual([]);
});
