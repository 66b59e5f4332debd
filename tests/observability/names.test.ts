/** Rules, dashboards and objectives read no metric and no label that the program does not have. */
import { createProcessMetrics } from "@espalier/service";
import { allMetricsReference } from "espalier/reference";
import { describe, expect, it } from "vitest";
import { dashboards } from "../../deploy/grafana/dashboards.ts";
import { selectorsOf } from "./promql.ts";
import { isAlert, ruleFiles, rulesOf } from "./shipped.ts";

/** What Prometheus and its configuration add to whatever they scrape. */
const ofTargets = ["job", "instance", "service", "cluster"];

interface Known {
  readonly labels: readonly string[];
}

/** The rows of the reference: each metric with its labels, histograms as the series that they become. */
function metricsOfReference(): ReadonlyMap<string, Known> {
  const rows = [...allMetricsReference().matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)];
  return new Map(
    rows.flatMap(([, name = "", type, cell = ""]): [string, Known][] => {
      const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label]) => label!);
      if (type !== "histogram") return [[name, { labels }]];
      return [
        [`${name}_bucket`, { labels: [...labels, "le"] }],
        [`${name}_sum`, { labels }],
        [`${name}_count`, { labels }],
      ];
    }),
  );
}

/** Of the process and of Node: without labels, as far as anything here reads them. */
async function metricsOfProcess(): Promise<readonly string[]> {
  return [...(await createProcessMetrics().text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
}

const recorded = new Map(
  ruleFiles.flatMap((file) =>
    rulesOf(file).flatMap((rule) => (isAlert(rule) ? [] : [[rule.record, { labels: undefined }] as const])),
  ),
);

/** Of others: Prometheus' own, and Alertmanager's. */
const foreign: readonly (readonly [string, Known])[] = [
  ["up", { labels: [] }],
  ["ALERTS", { labels: ["alertname", "alertstate", "severity", "slo"] }],
  ["alertmanager_notifications_failed_total", { labels: ["integration"] }],
];

const metrics = new Map<string, { readonly labels: readonly string[] | undefined }>([
  ...metricsOfReference(),
  ...(await metricsOfProcess()).map((name) => [name, { labels: [] as string[] }] as const),
  ...recorded,
  ...foreign,
]);

/** What of an expression is not there. */
function unknownIn(expression: string): readonly string[] {
  const { selectors, groupedBy } = selectorsOf(expression);
  const labelsOf = (metric: string) => metrics.get(metric)?.labels;
  const labels = selectors.flatMap(({ metric }) => labelsOf(metric) ?? []);
  const isOpen = selectors.some(({ metric }) => labelsOf(metric) === undefined);
  return [
    ...selectors.filter(({ metric }) => !metrics.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels }) => {
      const known = labelsOf(metric);
      const unknown = labels.filter((label) => known !== undefined && ![...known, ...ofTargets].includes(label));
      return unknown.map((label) => `${metric}{${label}}`);
    }),
    ...groupedBy
      .filter((label) => !isOpen && ![...labels, ...ofTargets].includes(label))
      .map((label) => `by (${label})`),
  ];
}

/** By name, those of the expressions in which something is not there. */
function wrongOnes(expressions: readonly (readonly [name: string, expression: string])[]) {
  const found = expressions.map(([name, expression]) => [name, unknownIn(expression)] as const);
  return Object.fromEntries(found.filter(([, unknown]) => unknown.length > 0));
}

describe("every metric and label is one that the program has", () => {
  it.each(ruleFiles)("in %s", (file) => {
    expect(wrongOnes(rulesOf(file).map((rule) => [isAlert(rule) ? rule.alert : rule.record, rule.expr]))).toEqual({});
  });

  it.each(dashboards.map((each) => [each.file, each] as const))("in the dashboard %s", (_, { sections }) => {
    const panels = sections.flatMap((section) => section.panels);
    const queries = panels.flatMap((panel) => panel.queries.map(({ legend, expr }) => ({ ...panel, legend, expr })));
    expect(wrongOnes(queries.map(({ title, legend, expr }) => [`${title}: ${legend}`, expr]))).toEqual({});
  });

  it("no metric of the program has a label that Prometheus' configuration gives to targets", () => {
    const clashes = [...metricsOfReference()].filter(([, { labels }]) =>
      labels.some((each) => ofTargets.includes(each)),
    );
    expect(clashes).toEqual([]);
  });
});

describe("looking for what is not there", () => {
  it.each<[string, readonly string[]]>([
    ["webhook_requests_totl", ["webhook_requests_totl"]],
    ['sum(rate(webhook_requests_total{status="500"}[5m]))', ["webhook_requests_total{status}"]],
    ["sum by (code) (rate(webhook_requests_total[$__rate_interval] offset 5m))", ["by (code)"]],
    ["webhook_requests_total and on (job, instance) up offset 15m > 0", []],
    ['histogram_quantile(0.95, sum by (le) (rate(webhook_request_duration_seconds_bucket{le="x{y}"}[5m]))) > 0.5', []],
  ])("%s", (expression, expected) => {
    expect(unknownIn(expression)).toEqual(expected);
  });
});
