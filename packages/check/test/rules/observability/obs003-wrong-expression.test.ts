import { join } from "node:path";
import { requirePrograms, runCommand } from "@espalier/tests/lab";
import { expect, it, test } from "vitest";
import { obs003 } from "../../../src/rules/observability/obs003-wrong-expression.ts";
import { findingsOf, folderOf } from "../../project.ts";

const describe = requirePrograms({ promtool: "prometheus" });

const summary = 'annotations: { summary: "x" }';

function rules(expr: string): string {
  return `groups:\n  - name: a\n    rules:\n      - record: r:x\n        expr: ${JSON.stringify(expr)}\n`;
}

function ratio(expr: string) {
  return findingsOf(obs003, { "rules.yml": rules(expr) }).map(({ message, fix }) => [
    message.replace("the ratio of r:x ", ""),
    fix,
  ]);
}

const success = 'rate(sent_total{status="success"}[5m]) / rate(sent_total[5m]) * 100';
const itself =
  "gives 1 wherever it gives anything: each series is divided by itself, as both sides are matched by all labels";

test("the whole finding of a success rate that is always 100", () => {
  const text = rules(success);
  const start = text.indexOf('"rate');
  expect(findingsOf(obs003, { "rules.yml": text })).toEqual([
    {
      rule: "OBS003",
      title: "monitoring shows what is not so",
      severity: "medium",
      subject: "rules.yml",
      message: `the ratio of r:x ${itself}`,
      location: { file: "rules.yml", line: 5, column: 15, start, end: text.length - 1 },
      path: "groups[0].rules[0].expr[0]",
      fix: 'sum(rate(sent_total{status="success"}[5m])) / sum(rate(sent_total[5m])) * 100',
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test.each([
  [
    'rate(d_seconds_bucket{le="0.5"}[5m]) / rate(d_seconds_count[5m])',
    "never gives anything: both sides are matched by all labels, and only buckets have le",
    'sum(rate(d_seconds_bucket{le="0.5"}[5m])) / sum(rate(d_seconds_count[5m]))',
  ],
  [
    'requests{code="500"} / all_requests{code="200"}',
    'never gives anything: both sides are matched by all labels, and code="500" is not code="200"',
    'sum(requests{code="500"}) / sum(all_requests{code="200"})',
  ],
  [
    "sum by (job) (rate(errors[5m])) / sum by (job, code) (rate(requests[5m]))",
    "never gives anything: one side has the labels (job), the other (job, code)",
    "Aggregate both sides to the same labels: sum by (job) (…) / sum by (job) (…)",
  ],
  [
    "sum(rate(errors[5m])) / rate(requests[5m]) > 0.1",
    "never gives anything: one side is aggregated to (), the other has all its labels",
    "Aggregate both sides to the same labels: sum by (job) (…) / sum by (job) (…)",
  ],
  [
    'rate(a{x="1"}[5m] offset 1h) / rate(a[5m] offset 1h)',
    itself,
    'sum(rate(a{x="1"}[5m] offset 1h)) / sum(rate(a[5m] offset 1h))',
  ],
  ['a{x="1"} offset 1h / a offset 1h', itself, 'sum(a{x="1"} offset 1h) / sum(a offset 1h)'],
])("%s is found", (expr, message, fix) => {
  expect(ratio(expr)).toEqual([[message, fix]]);
});

test.each([
  'sum(rate(sent_total{status="success"}[5m])) / sum(rate(sent_total[5m]))',
  "sum by (job) (rate(errors[5m])) / sum by (job) (rate(requests[5m]))",
  'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes',
  "rate(d_seconds_sum[5m]) / rate(d_seconds_count[5m])",
  'rate(a{code="500"}[5m]) / ignoring(code) group_left rate(a[5m])',
  'rate(a{code="500"}[5m]) / rate(a{code="500"}[1h])',
  'rate(a{code=~"5.."}[5m]) / rate(a[1h])',
  "job:errors:rate5m / sum(rate(requests[5m]))",
  "sum without (code) (a) / b",
  "a / 1024 / scalar(b)",
  "up / count_over_time(up[5m])",
])("%s is well", (expr) => {
  expect(ratio(expr)).toEqual([]);
});

describe("Prometheus itself", () => {
  const series = `[{series: 'sent_total{status="success"}', values: '0+6x20'}, {series: 'sent_total{status="failure"}', values: '0+54x20'}]`;
  const isGiven = async (expr: string, value: number) => {
    const test = `rule_files: []\ntests:\n  - interval: 1m\n    input_series: ${series}\n    promql_expr_test:\n      - expr: ${JSON.stringify(`max(${expr})`)}\n        eval_time: 10m\n        exp_samples: [{labels: '{}', value: ${value}}]\n`;
    return (
      (await runCommand("promtool", ["test", "rules", join(folderOf({ "test.yml": test }), "test.yml")])).exitCode === 0
    );
  };

  it("gives 100 for the wrong expression when one in ten succeeds, and 10 for the corrected one", async () => {
    const [[, corrected = ""] = []] = ratio(success);
    expect([await isGiven(success, 100), await isGiven(corrected, 10)]).toEqual([true, true]);
  });
});

test("an alert without a summary is found, and one with it is well", () => {
  const alert = (rest: string) =>
    `groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: up == 0\n        ${rest}\n`;
  expect(
    findingsOf(obs003, { "a.yml": alert("for: 1m") }).map(({ message, path, location }) => [
      message,
      path,
      location?.line,
    ]),
  ).toEqual([["alert Down has no summary", "groups[0].rules[0].annotations.summary", 4]]);
  expect(findingsOf(obs003, { "a.yml": alert(summary) })).toEqual([]);
});

test("panels of removed kinds and wrong ratios of a dashboard are found, in its envelope and within rows too", () => {
  const dashboard = {
    dashboard: {
      title: "Service",
      panels: [
        { title: "Rate", type: "graph", targets: [{ expr: "rate(requests[$__rate_interval])" }] },
        {
          type: "row",
          title: "More",
          panels: [
            { title: "Failures", type: "singlestat", targets: [] },
            { title: "Success", type: "timeseries", targets: [{ expr: success.replaceAll("5m", "$__rate_interval") }] },
            { title: "Logs", type: "logs", datasource: { type: "loki" }, targets: [{ expr: success }] },
          ],
        },
      ],
    },
  };
  const findings = findingsOf(obs003, { "grafana/service.json": JSON.stringify(dashboard, null, 2) });
  expect(findings.map(({ message, path, fix }) => [message, path, fix])).toEqual([
    [
      "panel Rate is of the kind graph, which Grafana no longer has",
      "dashboard.panels[0].type",
      '"type": "timeseries"',
    ],
    [
      "panel Failures is of the kind singlestat, which Grafana no longer has",
      "dashboard.panels[1].panels[0].type",
      '"type": "stat"',
    ],
    [
      `the ratio of panel Success ${itself}`,
      "dashboard.panels[1].panels[1].targets[0].expr[0]",
      'sum(rate(sent_total{status="success"}[$__rate_interval])) / sum(rate(sent_total[$__rate_interval])) * 100',
    ],
  ]);
});
