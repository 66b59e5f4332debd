/** Objectives out of what Prometheus says: the rules tell which there are, their series how it goes. */
import type { z } from "zod";
import type { PrometheusRule, Sample } from "./prometheus.ts";
import type { sloRoutes } from "./routes.ts";

type SlosJson = z.input<(typeof sloRoutes)["GET /slos"]["response"]>;
export type ObjectiveJson = SlosJson["objectives"][number];
type AlertJson = ObjectiveJson["alerts"][number];

/** All that is recorded of objectives, as they are now. */
export const figuresQuery =
  '{__name__=~"slo:(objective:ratio|budget_remaining:ratio|error:ratio.+|events:increase.+)"}';
export const budgetQuery = "slo:budget_remaining:ratio";

const objectiveRecord = "slo:objective:ratio";
const unitHours: Readonly<Record<string, number>> = { m: 1 / 60, h: 1, d: 24 };

/** By name. An objective whose figures are not there is among them: of it nothing is known. */
export function objectivesOf(rules: readonly PrometheusRule[], samples: readonly Sample[]): ObjectiveJson[] {
  const names = rules.flatMap((rule) => (rule.name === objectiveRecord ? (rule.labels.slo ?? []) : []));
  return [...new Set(names)].sort().map((name) =>
    objectiveOf(
      name,
      rules.filter((rule) => rule.labels.slo === name),
      samples.filter((sample) => sample.labels.slo === name),
    ),
  );
}

function objectiveOf(name: string, rules: readonly PrometheusRule[], samples: readonly Sample[]): ObjectiveJson {
  // 0/0 is NaN: nothing was counted, so nothing is known.
  const figures = new Map(
    samples.flatMap(({ labels, value }) => (Number.isFinite(value) ? [[labels.__name__ ?? "", value] as const] : [])),
  );
  const period = periodOf(rules);
  const target = figures.get(objectiveRecord);
  const budgetLeft = figures.get(budgetQuery);
  const allowed = target === undefined ? undefined : 1 - target;
  const windows = windowsOf(rules)
    .filter((window) => window !== period)
    .map((window) => {
      const ratio = figures.get(`slo:error:ratio${window}`);
      const burnRate = ratio === undefined || allowed === undefined ? undefined : ratio / allowed;
      return defined({ window, burnRate, events: figures.get(`slo:events:increase${window}`) });
    });
  return defined({
    name,
    description: descriptionOf(rules),
    ...{ period, target, budgetLeft },
    attained: budgetLeft === undefined || allowed === undefined ? undefined : 1 - (1 - budgetLeft) * allowed,
    events: period === undefined ? undefined : figures.get(`slo:events:increase${period}`),
    windows,
    alerts: rules
      .flatMap(alertsOf)
      .sort((one, other) => one.state.localeCompare(other.state) || one.since - other.since),
    problem: problemOf(rules),
  });
}

/** The window of the ratio that the budget is reckoned from. */
function periodOf(rules: readonly PrometheusRule[]): string | undefined {
  const budget = rules.find((rule) => rule.name === budgetQuery);
  return /slo:error:ratio(\d+d)\b/.exec(budget?.query ?? "")?.[1];
}

/** The shortest first. */
function windowsOf(rules: readonly PrometheusRule[]): readonly string[] {
  const windows = rules.flatMap(({ name }) => /^slo:error:ratio(\d+[mhd])$/.exec(name)?.[1] ?? []);
  return windows.sort((one, other) => hoursOf(one) - hoursOf(other));
}

function hoursOf(window: string): number {
  return Number.parseInt(window, 10) * (unitHours[window.at(-1) ?? ""] ?? 1);
}

/** The alerts on its burning begin with it, and go on with figures in braces. */
function descriptionOf(rules: readonly PrometheusRule[]): string | undefined {
  const burning = rules.find(({ labels, annotations }) => labels.window !== undefined && annotations.description);
  return burning?.annotations.description?.split(" {{")[0];
}

function alertsOf({ name, alerts }: PrometheusRule): AlertJson[] {
  return alerts.flatMap(({ labels, annotations, state, activeAt }): AlertJson[] => {
    const since = Date.parse(activeAt);
    if ((state !== "firing" && state !== "pending") || Number.isNaN(since)) return [];
    const { severity = "", window } = labels;
    const summary = annotations.summary ?? name;
    return [{ name, severity, state, since, summary, ...(window === undefined ? {} : { window }) }];
  });
}

function problemOf(rules: readonly PrometheusRule[]): string | undefined {
  const failed = rules.find(({ health }) => health === "err");
  return failed && `Prometheus cannot evaluate ${failed.name}: ${failed.lastError}`;
}

/** Without the members that are `undefined`. */
function defined<T extends object>(value: T) {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T as undefined extends T[K] ? never : K]: T[K];
  } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
}
