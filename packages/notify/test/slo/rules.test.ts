/** Rules out of objectives, as promtool evaluates them. */
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { requirePrograms, runCommand, temporaryDirectory } from "../../../../tests/lab/index.ts";
import { burnRate, burnRateAlerts } from "../../src/slo/burn-rate.ts";
import { type Objective, parseSloDefinitions } from "../../src/slo/definition.ts";
import { formatSloRules } from "../../src/slo/rules.ts";

const availability = `
objectives:
  - name: webhook-availability
    description: Webhooks are accepted.
    objective: 99.9
    badEvents: 5
    indicator:
      total: 'requests_total{job="notify"}'
      bad: 'requests_total{job="notify",code=~"5.."}'
`;

interface AlertTest {
  /** Samples of a minute each, in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  /** The alerts that are to fire: severity and window. */
  readonly firing: readonly string[];
  readonly values?: Readonly<Record<string, number>>;
}

/** Runs the generated rules over made-up samples. */
async function promtool(objectives: readonly Objective[], test: AlertTest) {
  await using folder = await temporaryDirectory("slo");
  writeFileSync(folder.file("rules.yml"), formatSloRules(objectives, "slo.yaml"));
  const checked = await runCommand("promtool", ["check", "rules", folder.file("rules.yml")]);
  expect(checked.stderr + checked.stdout).toContain("SUCCESS");
  const [{ name }] = objectives as [Objective];
  const ofAlert = (alert: string) => {
    const [severity, window] = alert.split(" ");
    return { slo: name, severity, ...(window === undefined ? {} : { window }) };
  };
  const query = {
    expr: `count by (severity, window, slo) (ALERTS{alertstate="firing"})`,
    eval_time: test.at,
    exp_samples: test.firing.map((alert) => ({
      labels: `{${Object.entries(ofAlert(alert))
        .map(([key, value]) => `${key}="${value}"`)
        .join(", ")}}`,
      value: 1,
    })),
  };
  const values = Object.entries(test.values ?? {}).map(([expr, value]) => ({
    expr: `round(${expr}, 0.0001)`,
    eval_time: test.at,
    exp_samples: [{ labels: "{}", value }],
  }));
  const file = {
    rule_files: ["rules.yml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: Object.entries(test.series).map(([series, samples]) => ({ series, values: samples })),
        promql_expr_test: [query, ...values],
      },
    ],
  };
  writeFileSync(folder.file("test.yml"), stringify(file));
  const { exitCode, stdout, stderr } = await runCommand("promtool", ["test", "rules", folder.file("test.yml")]);
  return { exitCode, output: stdout + stderr };
}

requirePrograms({ promtool: "prometheus" })("the rules of an objective", () => {
  const objectives = parseSloDefinitions(availability, "slo.yaml");
  const good = 'requests_total{job="notify",code="202"}';
  const bad = 'requests_total{job="notify",code="500"}';

  it.each<[string, AlertTest]>([
    [
      "say that a tenth failed when a tenth failed, summed over series, and page",
      {
        series: { [good]: "0+90x400", [bad]: "0+10x400" },
        at: "6h",
        firing: ["page 1h", "page 6h", "ticket 1d", "ticket 3d", "ticket"],
        values: {
          'sum(slo:error:ratio1h{slo="webhook-availability"})': 0.1,
          'sum(slo:budget_remaining:ratio{slo="webhook-availability"})': -99,
        },
      },
    ],
    [
      "say zero, and not nothing, before the first failure",
      {
        series: { [good]: "0+60x400" },
        at: "6h",
        firing: [],
        values: {
          'sum(slo:error:ratio1h{slo="webhook-availability"})': 0,
          'sum(slo:budget_remaining:ratio{slo="webhook-availability"})': 1,
        },
      },
    ],
    [
      "do not count what a stranger can cause: refusals are not failures",
      {
        series: { [good]: "0+60x400", 'requests_total{job="notify",code="401"}': "0+1000x400" },
        at: "6h",
        firing: [],
        values: { 'sum(slo:error:ratio1h{slo="webhook-availability"})': 0 },
      },
    ],
    [
      "are silent about one failure among three events: too few to say anything",
      { series: { [good]: "0 0 1 2 2x400", [bad]: "0 0 0 1 1x400" }, at: "30m", firing: [] },
    ],
    [
      "are a ticket for five failures in six hours, however few or many events there were",
      { series: { [good]: "0+1000x400", [bad]: "0x100 1 2 3 4 5 5x300" }, at: "3h", firing: ["ticket"] },
    ],
    [
      "stop paging soon after the failures have stopped: the short window is over",
      {
        series: { [good]: "0+90x400", [bad]: "0+10x60 600x400" },
        at: "1h45m",
        firing: ["ticket 1d", "ticket 3d", "ticket"],
      },
    ],
  ])("%s", async (_, test) => {
    const { exitCode, output } = await promtool(objectives, test);
    expect(output).toContain("SUCCESS");
    expect(exitCode).toBe(0);
  });

  it("can count the good ones in place of the bad ones", async () => {
    const latency = availability
      .replace(/total: .*/, 'total: latency_count{job="notify"}')
      .replace(/bad: .*/, `good: 'latency_bucket{job="notify",le="0.5"}'`);
    const { output } = await promtool(parseSloDefinitions(latency, "slo.yaml"), {
      series: { 'latency_count{job="notify"}': "0+100x100", 'latency_bucket{job="notify",le="0.5"}': "0+99x100" },
      at: "1h",
      firing: ["ticket 1d", "ticket 3d", "page 6h", "ticket"],
      values: { 'sum(slo:error:ratio1h{slo="webhook-availability"})': 0.01 },
    });
    expect(output).toContain("SUCCESS");
  });

  it("add up several counters, also where their labels are the same", async () => {
    const delivery = availability
      .replace(/total: .*/, "total: [on_time_total, late_total, dead_total]")
      .replace(/bad: .*/, "bad: [late_total, dead_total]");
    const { output } = await promtool(parseSloDefinitions(delivery, "slo.yaml"), {
      // Nothing was ever given up: that counter is not there.
      series: { 'on_time_total{instance="a"}': "0+98x100", 'late_total{instance="a"}': "0+2x100" },
      at: "1h",
      firing: ["ticket 1d", "ticket 3d", "page 1h", "page 6h", "ticket"],
      values: { 'sum(slo:error:ratio1h{slo="webhook-availability"})': 0.02 },
    });
    expect(output).toContain("SUCCESS");
  });

  it("fail their test when they are wrong: a ratio that is not summed is found", async () => {
    const { exitCode } = await promtool(objectives, {
      series: { [good]: "0+90x400", [bad]: "0+10x400" },
      at: "6h",
      firing: [],
    });
    expect(exitCode).not.toBe(0);
  });
});

describe("the burn rates", () => {
  it("of 30 days are 14.4, 6, 3 and 1", () => {
    expect(burnRateAlerts.map((alert) => burnRate(alert, 30))).toEqual([14.4, 6, 3, 1]);
  });

  it("of 7 days are those of 30 days, for a shorter month", () => {
    expect(burnRateAlerts.map((alert) => burnRate(alert, 7))).toEqual([3.36, 1.4, 0.7, 0.233333]);
  });
});

describe("a definition file", () => {
  const problems = (text: string) => {
    try {
      parseSloDefinitions(text, "slo.yaml");
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    [
      "a promise of everything",
      availability.replace("99.9", "100"),
      "slo.yaml:5:16: objectives.0.objective: must be below 100: a promise of everything has no budget to spend",
    ],
    [
      "both good and bad",
      availability.replace("bad: ", "good: up\n      bad: "),
      "slo.yaml:8:7: objectives.0.indicator: needs one of good and bad, and not both",
    ],
    [
      "an expression in place of a selector",
      availability.replace(/total: .*/, "total: sum(rate(requests_total[5m]))"),
      'slo.yaml:8:14: objectives.0.indicator.total: must be a metric with its labels and nothing around it, such as requests_total{code!~"5.."}',
    ],
    [
      "an expression among the selectors",
      availability.replace(/bad: .*/, "bad: [failed_total, 'rate(requests_total[5m])']"),
      'slo.yaml:9:12: objectives.0.indicator.bad: must be a metric with its labels and nothing around it, such as requests_total{code!~"5.."}, or a list of them',
    ],
    [
      "no counter of every event",
      availability.replace(/total: .*/, ""),
      'slo.yaml:9:7: objectives.0.indicator.total: must be a metric with its labels and nothing around it, such as requests_total{code!~"5.."}, or a list of them',
    ],
    [
      "a period that is no days",
      availability.replace("objective: 99.9", "objective: 99.9\n    period: 1h"),
      "slo.yaml:6:13: objectives.0.period: must be whole days, such as 30d",
    ],
    [
      "what is no YAML",
      "objectives: [",
      "slo.yaml:1:14: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ])("with %s says where and what", (_, text, expected) => {
    expect(problems(text)).toContain(expected);
  });

  it("with a name used twice says which", () => {
    const twice = availability + availability.replace(/^objectives:$/m, "").trimEnd();
    expect(problems(twice)).toBe("slo.yaml:12:11: objectives.1.name: is used twice");
  });
});
