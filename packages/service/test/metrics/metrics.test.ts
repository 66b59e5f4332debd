import { describe, expect, it } from "vitest";
import type { MetricDefinition, Metrics } from "../../src/index.ts";
import { aggregateMetrics, createMetrics, createProcessMetrics, metricsReference } from "../../src/index.ts";

const definitions = {
  operations: {
    type: "counter",
    name: "espalier_test_operations_total",
    help: "Operations by kind | result.",
    labels: ["operation", "result"],
  },
  duration: {
    type: "histogram",
    name: "espalier_test_duration_seconds",
    help: "How long they take.",
    labels: ["operation"],
    buckets: [0.001, 0.01],
  },
  refresh: { type: "histogram", name: "espalier_test_refresh_seconds", help: "Refreshes.", labels: [], buckets: [1] },
  connections: {
    type: "gauge",
    name: "espalier_test_connections",
    help: "Open connections.",
    labels: [],
    aggregator: "sum",
  },
  age: { type: "gauge", name: "espalier_test_age_seconds", help: "Age.", labels: ["kind"], aggregator: "max" },
} as const satisfies Record<string, MetricDefinition>;

/** The lines of our metrics, without comments and without those of the process. */
function ours(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("espalier_test_"));
}

function counted(): { metrics: Metrics; instruments: ReturnType<typeof register> } {
  const metrics = createMetrics();
  return { metrics, instruments: register(metrics) };
}

function register(metrics: Metrics) {
  const instruments = metrics.register(definitions);
  const searches = instruments.operations.labels({ operation: "search", result: "success" });
  searches.inc();
  instruments.operations.labels({ result: "success", operation: "search" }).inc(2);
  instruments.operations.labels({ operation: "bind", result: 'odd "value"\n\\' }).inc();
  for (const seconds of [0.0005, 0.001, 0.0011, 5])
    instruments.duration.labels({ operation: "search" }).observe(seconds);
  instruments.connections.labels({}).inc(3);
  instruments.connections.labels({}).dec();
  instruments.age.labels({ kind: "user" }).set(7.5);
  return instruments;
}

const expected = [
  'espalier_test_operations_total{operation="search",result="success"} 3',
  'espalier_test_operations_total{operation="bind",result="odd \\"value\\"\\n\\\\"} 1',
  'espalier_test_duration_seconds_bucket{le="0.001",operation="search"} 2',
  'espalier_test_duration_seconds_bucket{le="0.01",operation="search"} 3',
  'espalier_test_duration_seconds_bucket{le="+Inf",operation="search"} 4',
  'espalier_test_duration_seconds_sum{operation="search"} 5.0026',
  'espalier_test_duration_seconds_count{operation="search"} 4',
  'espalier_test_refresh_seconds_bucket{le="1"} 0',
  'espalier_test_refresh_seconds_bucket{le="+Inf"} 0',
  "espalier_test_refresh_seconds_sum 0",
  "espalier_test_refresh_seconds_count 0",
  "espalier_test_connections 2",
  'espalier_test_age_seconds{kind="user"} 7.5',
];

describe("metrics", () => {
  it("are read as Prometheus text", async () => {
    const text = await counted().metrics.text();
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual(expected);
    expect(text).toContain("# HELP espalier_test_duration_seconds How long they take.");
    expect(text).toContain("# TYPE espalier_test_duration_seconds histogram");
  });

  it("of a process are beside what it uses, and how long its event loop is held up", async () => {
    const metrics = createProcessMetrics();
    register(metrics);
    const text = await metrics.text();
    expect(ours(text)).toEqual(expected);
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds \d/m);
  });

  it("of several processes are read as one: counted together, gauges as each says", async () => {
    const [first, second] = [counted(), counted()];
    second.instruments.age.labels({ kind: "user" }).set(9);
    second.instruments.operations.labels({ operation: "unbind", result: "success" }).inc();
    // A snapshot crosses a channel between processes as JSON.
    const snapshots = await Promise.all([first, second].map(({ metrics }) => metrics.snapshot()));
    const text = await aggregateMetrics(JSON.parse(JSON.stringify(snapshots)));
    expect(ours(text)).toEqual([
      'espalier_test_operations_total{operation="search",result="success"} 6',
      'espalier_test_operations_total{operation="bind",result="odd \\"value\\"\\n\\\\"} 2',
      'espalier_test_operations_total{operation="unbind",result="success"} 1',
      'espalier_test_duration_seconds_bucket{le="0.001",operation="search"} 4',
      'espalier_test_duration_seconds_bucket{le="0.01",operation="search"} 6',
      'espalier_test_duration_seconds_bucket{le="+Inf",operation="search"} 8',
      'espalier_test_duration_seconds_sum{operation="search"} 10.0052',
      'espalier_test_duration_seconds_count{operation="search"} 8',
      'espalier_test_refresh_seconds_bucket{le="1"} 0',
      'espalier_test_refresh_seconds_bucket{le="+Inf"} 0',
      "espalier_test_refresh_seconds_sum 0",
      "espalier_test_refresh_seconds_count 0",
      "espalier_test_connections 4",
      'espalier_test_age_seconds{kind="user"} 9',
    ]);
  });

  it("run their collects before each reading", async () => {
    const { metrics, instruments } = counted();
    let readings = 0;
    metrics.onCollect(async () => {
      readings += 1;
      instruments.age.reset();
      instruments.age.labels({ kind: "group" }).set(readings);
    });
    await metrics.text();
    expect(ours(await metrics.text()).filter((line) => line.includes("_age_"))).toEqual([
      'espalier_test_age_seconds{kind="group"} 2',
    ]);
  });

  it("are known by their label values, not by how these are joined", async () => {
    const { operations } = counted().instruments;
    const series = operations.labels({ operation: "a", result: "b1:c" });
    expect(operations.labels({ operation: "a1:b", result: "c" })).not.toBe(series);
    expect(operations.labels({ operation: "a", result: "b1:c" })).toBe(series);
  });

  it.each([
    [{ type: "counter", name: "espalier_x", help: "", labels: [] }, "_total at the end of counters only"],
    [{ type: "gauge", name: "espalier_x_total", help: "", labels: [], aggregator: "sum" }, "_total at the end"],
    [{ type: "counter", name: "espalier-x_total", help: "", labels: [] }, "lower case words joined by _"],
    [{ type: "histogram", name: "espalier_x", help: "", labels: ["le"], buckets: [1] }, "cannot have a label le"],
    [{ type: "histogram", name: "espalier_x", help: "", labels: [], buckets: [1, 1] }, "must ascend"],
    [{ type: "counter", name: "espalier_test_operations_total", help: "", labels: [] }, "registered already"],
  ] satisfies [MetricDefinition, string][])("refuse %j", (definition, message) => {
    expect(() => counted().metrics.register({ definition })).toThrow(message);
  });

  it("are listed for the reference", () => {
    const { operations, age } = definitions;
    expect(metricsReference({ operations, age })).toBe(`| metric | type | labels | meaning |
| --- | --- | --- | --- |
| \`espalier_test_operations_total\` | counter | \`operation\`, \`result\` | Operations by kind \\| result. |
| \`espalier_test_age_seconds\` | gauge | \`kind\` | Age. |
`);
  });
});
