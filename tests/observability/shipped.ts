/** The files in `deploy/` that a monitoring system reads. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (AlertingRule | RecordingRule)[] }[];
}

/** The absolute path of a file in `deploy/`. */
export function deployed(path: string): string {
  return fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url));
}

/** Of the rule files. */
export const ruleFiles = ["prometheus/alerts.yml", "prometheus/slo-rules.yml"] as const;

/** All rules of a file, in its order. */
export function rulesOf(path: (typeof ruleFiles)[number]): readonly (AlertingRule | RecordingRule)[] {
  const { groups } = parse(readFileSync(deployed(path), "utf8")) as RuleFile;
  return groups.flatMap(({ rules }) => rules);
}

export function isAlert(rule: AlertingRule | RecordingRule): rule is AlertingRule {
  return "alert" in rule;
}
