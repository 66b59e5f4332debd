import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requirePrograms, runCommand } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { obs002 } from "../../../src/rules/observability/obs002-invalid-configuration.ts";
import { findingsOf, folderOf } from "../../project.ts";

const describe = requirePrograms({ promtool: "prometheus", amtool: "prometheus-alertmanager" });

const judges = {
  "prometheus.yml": ["promtool", ["check", "config"]],
  "rules.yml": ["promtool", ["check", "rules"]],
  "alertmanager.yml": ["amtool", ["check-config"]],
} as const;
type Name = keyof typeof judges;

/** What the program itself says. */
async function isAccepted(name: Name, text: string): Promise<boolean> {
  const [program, parameters] = judges[name];
  const { exitCode } = await runCommand(program, [...parameters, join(folderOf({ [name]: text }), name)]);
  return exitCode === 0;
}

function messages(name: Name, text: string) {
  return findingsOf(obs002, { [name]: text }, { profile: "lab" }).map(({ message }) =>
    message.replace(`${name}: `, ""),
  );
}

const receiver = "route:\n  receiver: a\nreceivers:\n  - name: a\n";
const alert = (rest: string) => `groups:\n  - name: a\n    rules:\n      - alert: Down\n        ${rest}\n`;

const valid: readonly (readonly [Name, string])[] = [
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: [a:1]\n        labels: {site: x}\n",
  ],
  [
    "prometheus.yml",
    "global:\n  scrape_interval: 1m30s\n  scrape_timeout: 10s\n  external_labels:\n    site: a\nscrape_configs:\n",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    scheme: https\n    tls_config:\n      insecure_skip_verify: false\n      min_version: TLS12\n    authorization:\n      credentials: x\n    relabel_configs:\n      - source_labels: [__address__]\n        regex: (.*):.*\n        target_label: host\n      - action: LabelDrop\n        regex: x\n    docker_sd_configs:\n      - host: unix:///var/run/docker.sock\n",
  ],
  [
    "prometheus.yml",
    "alerting:\n  alertmanagers:\n    - scheme: http\n      static_configs:\n        - targets: [alertmanager:9093]\nremote_write:\n  - url: http://a/w\n    queue_config: {max_shards: 5}\nstorage:\n  tsdb:\n    out_of_order_time_window: 1h\nscrape_configs: []\n",
  ],
  [
    "rules.yml",
    alert(
      'expr: up == 0\n        for: 0m\n        labels: {severity: page}\n        annotations: {summary: "{{ $labels.job }}"}',
    ),
  ],
  [
    "rules.yml",
    "groups:\n  - name: a\n    interval: 30s\n    limit: 5\n    rules:\n      - record: job:up:sum\n        expr: sum by (job) (up)\n        labels: {a: b}\n",
  ],
  [
    "rules.yml",
    alert(
      "expr: |\n          histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))\n          > 0.5 and on(job) up",
    ),
  ],
  ["rules.yml", alert("expr: max_over_time(rate(a[5m])[1h:1m]) > 5\n        keep_firing_for: 5m")],
  ["alertmanager.yml", receiver],
  [
    "alertmanager.yml",
    'global:\n  smtp_smarthost: mail:587\n  smtp_from: a@b.example\nroute:\n  receiver: a\n  group_by: [alertname, "severity"]\n  routes:\n    - matchers: [severity =~ "a|b", job != x]\n      receiver: b\n      mute_time_intervals: [night]\nreceivers:\n  - name: a\n    email_configs:\n      - to: x@b.example\n        headers: {Subject: "{{ .GroupLabels.alertname }}"}\n        text: hello\n  - name: b\n    webhook_configs:\n      - url: http://127.0.0.1:1/\n        send_resolved: false\ntime_intervals:\n  - name: night\n    time_intervals:\n      - times: [{start_time: "22:00", end_time: "24:00"}]\ninhibit_rules:\n  - source_matchers: [severity="critical"]\n    target_matchers: [severity="low"]\n    equal: [job]\n',
  ],
  [
    "alertmanager.yml",
    `${receiver}    slack_configs:\n      - api_url: https://hooks.example/x\n        channel: c\n        fields: [{title: a, value: b}]\n`,
  ],
  [
    "alertmanager.yml",
    `${receiver}    telegram_configs:\n      - bot_token: x\n        chat_id: -100\n        parse_mode: HTML\n`,
  ],
];

const invalid: readonly (readonly [Name, string, string])[] = [
  ["prometheus.yml", "scrape_config:\n  - job_name: a\n", "the configuration of Prometheus has no field scrape_config"],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    targets: [a:1]\n",
    "an item of scrape_configs has no field targets",
  ],
  ["prometheus.yml", "scrape_configs:\n  - static_configs: []\n", "an item of scrape_configs needs job_name"],
  ["prometheus.yml", "scrape_configs:\n  - job_name: a\n  - job_name: a\n", "there are two of the job a"],
  [
    "prometheus.yml",
    "global:\n  scrape_interval: 15\nscrape_configs: []\n",
    "scrape_interval must be a duration such as 30s, 5m or 1h30m",
  ],
  [
    "prometheus.yml",
    "global:\n  scrape_interval: 15s\nscrape_configs:\n  - job_name: a\n    scrape_timeout: 20s\n",
    "scrape_timeout (20s) is longer than scrape_interval (15 s)",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: [http://a:1/metrics]\n",
    "an item of targets must be a host and port, without http:// and without a path",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - source_labels: [a]\n",
    "relabelling with action replace needs target_label",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - action: remove\n        regex: a\n",
    "action must be an action of relabelling",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - target_label: b\n        regex: (a\n",
    'regex "(a" is no regular expression',
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    basic_auth: {username: u, password: p, password_file: f}\n",
    "basic_auth has both password and password_file, of which only one may be there",
  ],
  [
    "prometheus.yml",
    "scrape_configs:\n  - job_name: a\n    sample_limit: lots\n",
    "sample_limit must be a whole number",
  ],
  [
    "prometheus.yml",
    "rule_files:\n  - rules/*/a.yml\nscrape_configs: []\n",
    "a * may stand only in the last part of a path of rule_files",
  ],
  ["rules.yml", alert("for: 1m"), "an item of rules needs expr"],
  [
    "rules.yml",
    alert("expr: rate(a)"),
    "the expression of Down is not PromQL: rate takes a range vector, such as rate(requests_total[5m])",
  ],
  [
    "rules.yml",
    alert("expr: sum(a[5m])"),
    "the expression of Down is not PromQL: what sum is taken of must be a vector, and is a matrix",
  ],
  ["rules.yml", alert("expr: up == "), "the expression of Down is not PromQL: it breaks off"],
  ["rules.yml", alert("expr: nosuch(up)"), 'the expression of Down is not PromQL: it cannot be read from "(up)" on'],
  ["rules.yml", alert("expr: 1 > 2"), "the expression of Down is not PromQL: numbers are compared with > bool"],
  [
    "rules.yml",
    alert("expr: '{}'"),
    "the expression of Down is not PromQL: a selector needs a name, or a matcher that not everything matches",
  ],
  ["rules.yml", alert("expr: up\n        summary: x"), "an item of rules has no field summary"],
  [
    "rules.yml",
    alert('expr: up\n        annotations: {summary: "{{ $value"}'),
    "the template summary opens a {{ that it does not close",
  ],
  ["rules.yml", alert("expr: up\n        for: 5 minutes"), "for must be a duration such as 30s, 5m or 1h30m"],
  ["rules.yml", alert("expr: up\n        labels: {a-b: c}"), "a-b is no name of a label"],
  [
    "rules.yml",
    "groups:\n  - name: a\n    rules:\n      - record: a\n        expr: up\n        alert: x\n",
    "an item of rules has both record and alert, of which only one may be there",
  ],
  [
    "rules.yml",
    "groups:\n  - name: a\n    rules:\n      - record: a\n        expr: up\n        for: 5m\n",
    "a rule that records has no for",
  ],
  ["rules.yml", `${alert("expr: up")}  - name: a\n    rules: []\n`, "there are two of the group a"],
  ["alertmanager.yml", "route:\n  receiver: b\nreceivers:\n  - name: a\n", "there is no receiver b"],
  [
    "alertmanager.yml",
    "route:\n  group_by: [a]\nreceivers:\n  - name: a\n",
    "the first route needs a receiver, which takes what no other route takes",
  ],
  ["alertmanager.yml", `${receiver}  - name: a\n`, "there are two of the receiver a"],
  [
    "alertmanager.yml",
    `${receiver}    email_configs:\n      - to: x@y.example\n        from: a@y.example\n`,
    "email_configs of receiver a needs smarthost, or smtp_smarthost in global",
  ],
  [
    "alertmanager.yml",
    `${receiver}    email_configs:\n      - smarthost: a:25\n        from: a\n`,
    "an item of email_configs needs to",
  ],
  [
    "alertmanager.yml",
    `${receiver}    webhook_configs:\n      - send_resolved: true\n`,
    "webhook_configs of receiver a needs url",
  ],
  [
    "alertmanager.yml",
    `${receiver}    slack_configs:\n      - channel: x\n`,
    "slack_configs of receiver a needs api_url, or slack_api_url in global",
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", "  receiver: a\n  match: {a: b}"),
    "the first route takes every alert and cannot have match",
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", "  receiver: a\n  group_interval: 0s"),
    "group_interval cannot be 0",
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", "  receiver: a\n  group_by: [a, a]"),
    "group_by names a twice",
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", '  receiver: a\n  routes:\n    - matchers: ["severity"]'),
    '"severity" is no matcher',
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", "  receiver: a\n  routes:\n    - match_re: {a: (b}"),
    "match_re of a is no regular expression",
  ],
  [
    "alertmanager.yml",
    receiver.replace("  receiver: a", "  receiver: a\n  routes:\n    - mute_time_intervals: [night]"),
    "there is no time interval night",
  ],
  [
    "alertmanager.yml",
    `global:\n  smtp_smarthost: mail.example.com\n${receiver}`,
    "smtp_smarthost must be a host and port such as mail.example.com:587",
  ],
];

describe("Prometheus's and Alertmanager's own judges", () => {
  it.each(valid)("and this rule accept %s %j", async (name, text) => {
    expect([messages(name, text), await isAccepted(name, text)]).toEqual([[], true]);
  });

  it.each(invalid)("and this rule refuse %s %j", async (name, text, message) => {
    expect([messages(name, text)[0], await isAccepted(name, text)]).toEqual([message, false]);
  });

  it("agree with this rule on every field whose name is written wrongly", async () => {
    const cases = valid.flatMap(([name, text]) =>
      // These are of the user's own naming, of Docker, or what a file of rules is known by.
      [...text.matchAll(/^[ -]*(?!Subject|severity|summary|site|groups|host:)([a-z_]{4,}):/gm)].map(
        ({ 1: key = "", index, 0: line }) => {
          const at = index + line.length - 1;
          return [name, `${text.slice(0, at)}x${text.slice(at)}`, key] as const;
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...cases), async ([name, text]) => {
        expect([messages(name, text).length > 0, await isAccepted(name, text)]).toEqual([true, false]);
      }),
      { numRuns: 40 },
    );
  });
});

test("the mail receiver of a guide that had fields of no receiver is found, with what to write in their place", () => {
  const text = `global:
  smtp_smarthost: 'mail.example.com:587'
  smtp_from: 'alerts@example.com'
route:
  receiver: 'webhook-alerts'
receivers:
  - name: 'webhook-alerts'
    email_configs:
      - to: 'admin@example.com'
        subject: 'Alert - {{ .GroupLabels.alertname }}'
        body: |
          {{ range .Alerts }}{{ .Annotations.summary }}{{ end }}
`;
  const start = text.indexOf("subject");
  const findings = findingsOf(obs002, { "monitoring/alertmanager.yml": text });
  expect(findings[0]).toEqual({
    rule: "OBS002",
    title: "monitoring does not start with its configuration",
    severity: "high",
    subject: "monitoring/alertmanager.yml",
    message: "monitoring/alertmanager.yml: an item of email_configs has no field subject",
    location: { file: "monitoring/alertmanager.yml", line: 10, column: 9, start, end: start + "subject".length },
    path: "receivers[0].email_configs[0].subject",
    fix: 'headers:\n  Subject: "{{ .GroupLabels.alertname }}"',
    fixability: "none",
    edits: [],
    fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(findings.map(({ message, location }) => [message, location?.line])).toEqual([
    ["monitoring/alertmanager.yml: an item of email_configs has no field subject", 10],
    ["monitoring/alertmanager.yml: an item of email_configs has no field body", 11],
  ]);
});

test("rules of Prometheus within Alertmanager's file are told once, with where they belong", () => {
  const text = `${receiver}groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: rate(a)\n`;
  const findings = findingsOf(obs002, { "alertmanager.yml": text });
  expect(findings.map(({ message, fix }) => [message, fix])).toEqual([
    [
      "alertmanager.yml: the configuration of Alertmanager has no field groups",
      "Put groups of rules into a file of their own, and name it in prometheus.yml:\nrule_files:\n  - rules.yml",
    ],
  ]);
});

test("an expression that Prometheus loads and can never evaluate is found all the same", () => {
  expect(messages("rules.yml", alert("expr: a[5m]"))).toEqual([
    "the expression of Down gives a matrix, and must give a vector or a scalar",
  ]);
});

test("a password under a wrong name is not repeated", () => {
  const text = `global:\n  smtp_password: hunter2hunter2\n${receiver}`;
  const [finding] = findingsOf(obs002, { "alertmanager.yml": text });
  expect([finding?.message, JSON.stringify(finding)]).toEqual([
    "alertmanager.yml: global has no field smtp_password",
    expect.not.stringContaining("hunter2"),
  ]);
});

test("what Espalier brings with it is valid", () => {
  const deploy = (path: string) => readFileSync(new URL(`../../../../../deploy/${path}`, import.meta.url), "utf8");
  const files = {
    "prometheus.yml": deploy("prometheus/prometheus.yml"),
    "alerts.yml": deploy("prometheus/alerts.yml"),
    "slo-rules.yml": deploy("prometheus/slo-rules.yml"),
    "alertmanager.yml": deploy("alertmanager/alertmanager.yml"),
  };
  expect(findingsOf(obs002, files).map(({ message }) => message)).toEqual([]);
});
