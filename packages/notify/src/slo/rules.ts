/** Prometheus rules out of objectives: recorded error ratios, what is left of the budget, and alerts on how fast it goes. */
import { stringify } from "yaml";
import { type BurnRateAlert, burnRate, burnRateAlerts, recordedWindows } from "./burn-rate.ts";
import type { Objective } from "./definition.ts";

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** The period's ratio costs most and moves least. It is not seldomer than this: what is older than five minutes Prometheus does not show. */
const budgetInterval = "2m";

/** Three groups an objective: ratios over the short windows, over the period, and alerts. */
function sloRuleGroups(objectives: readonly Objective[]): readonly RuleGroup[] {
  return objectives.flatMap((objective) => [
    { name: `slo-${objective.name}-ratios`, rules: recordedWindows.flatMap((window) => ratioRules(objective, window)) },
    { name: `slo-${objective.name}-budget`, interval: budgetInterval, rules: budgetRules(objective) },
    { name: `slo-${objective.name}-alerts`, rules: alertRules(objective) },
  ]);
}

/** The rule file, as Prometheus reads it. */
export function formatSloRules(objectives: readonly Objective[], definitionFile: string): string {
  const head = `# Written by \`espalier slo generate ${definitionFile}\`: change that file, not this one.\n`;
  return head + stringify({ groups: sloRuleGroups(objectives) }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function labelsOf({ name, labels }: Objective): Readonly<Record<string, string>> {
  return { slo: name, ...labels };
}

/** `slo="…"` alone: it names the objective, and a rule must find what others of its group recorded. */
function matcher({ name }: Objective): string {
  return `{slo="${name}"}`;
}

function ratioRules(objective: Objective, window: string): RecordingRule[] {
  const labels = labelsOf(objective);
  return [
    { record: `slo:events:increase${window}`, expr: increase(objective.indicator.total, window), labels },
    { record: `slo:bad_events:increase${window}`, expr: badIncrease(objective, window), labels },
    {
      record: `slo:error:ratio${window}`,
      // With no events there is no ratio: 0/0 is NaN, which no comparison holds for.
      expr: `slo:bad_events:increase${window}${matcher(objective)} / slo:events:increase${window}${matcher(objective)}`,
      labels,
    },
  ];
}

/** Of several counters each gets a label of its own: `or` would leave out what has the labels of another. */
function increase(selectors: readonly string[], window: string): string {
  const increases = selectors.map((selector) => `increase(${selector}[${window}])`);
  if (increases.length === 1) return `sum(${increases[0]})`;
  return `sum(${increases.map((each, index) => `label_replace(${each}, "counter", "${index + 1}", "", "")`).join(" or ")})`;
}

/** A series that does not exist yet counts nothing: without the explicit zero, no failure at all would be no answer at all. */
function badIncrease({ indicator: { total, good, bad } }: Objective, window: string): string {
  if (bad !== undefined) return `${increase(bad, window)} or ${increase(total, window)} * 0`;
  return `clamp_min(${increase(total, window)} - (${increase(good!, window)} or ${increase(total, window)} * 0), 0)`;
}

function budgetRules(objective: Objective): RecordingRule[] {
  const { period } = objective;
  const labels = labelsOf(objective);
  const ratio = `slo:error:ratio${period}`;
  const share = errorBudget(objective);
  return [
    { record: "slo:objective:ratio", expr: `vector(${number(objective.objective / 100)})`, labels },
    ...(isRecorded(period) ? [] : ratioRules(objective, period)),
    { record: "slo:budget_remaining:ratio", expr: `1 - ${ratio}${matcher(objective)} / ${number(share)}`, labels },
  ];
}

function isRecorded(window: string): boolean {
  return (recordedWindows as readonly string[]).includes(window);
}

function alertRules(objective: Objective): AlertingRule[] {
  const { name, badEvents, description } = objective;
  const rules = burnRateAlerts.map((alert) => burnRateRule(objective, alert));
  if (badEvents === undefined) return rules;
  const seldom: AlertingRule = {
    alert: `${alertName(name)}BadEvents`,
    expr: `slo:bad_events:increase6h${matcher(objective)} >= ${badEvents}`,
    labels: { ...labelsOf(objective), severity: "ticket" },
    annotations: {
      summary: `${name}: {{ $value | printf "%.0f" }} bad events in 6 hours`,
      description: `${description} So many are a ticket whatever their share.`,
      ...runbook(objective),
    },
  };
  return [...rules, seldom];
}

function burnRateRule(objective: Objective, alert: BurnRateAlert): AlertingRule {
  const { name, description, minimumEvents, period } = objective;
  const { severity, longWindow, shortWindow } = alert;
  const rate = burnRate(alert, Number.parseInt(period, 10));
  const threshold = number(rate * errorBudget(objective));
  const series = (record: string) => `${record}${matcher(objective)}`;
  return {
    alert: `${alertName(name)}BudgetBurn`,
    expr:
      `${series(`slo:error:ratio${longWindow}`)} > ${threshold}\n` +
      `and ${series(`slo:error:ratio${shortWindow}`)} > ${threshold}\n` +
      `and ${series(`slo:events:increase${longWindow}`)} >= ${minimumEvents}`,
    labels: { ...labelsOf(objective), severity, window: longWindow },
    annotations: {
      summary: `${name}: the error budget of ${period} is spent ${number(rate)} times too fast`,
      description: `${description} {{ $value | humanizePercentage }} of the last ${longWindow} failed; ${number(objective.objective)} % are promised.`,
      ...runbook(objective),
    },
  };
}

function runbook({ runbook: url }: Objective): Readonly<Record<string, string>> {
  return url === undefined ? {} : { runbook_url: url };
}

function errorBudget({ objective }: Objective): number {
  return 1 - objective / 100;
}

/** Without the digits that binary fractions add: 0.001 and not 0.0010000000000000009. */
function number(value: number): string {
  return String(Number(value.toPrecision(9)));
}

/** `webhook-availability` as `WebhookAvailability`. */
function alertName(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
