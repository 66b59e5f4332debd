/** What the figures of promises come to: kept, in danger, broken, or that nobody knows. What is not known is never called kept. */
import type { ApiOutput } from "../../api/client.ts";
import type { StatusKind } from "../../parts/status.tsx";

export type Slos = ApiOutput<"GET /slos">;
export type Slo = Slos["objectives"][number];

export interface Verdict {
  readonly kind: StatusKind;
  readonly text: string;
}

/** Where nothing was counted in it, what happens now is not known. */
const nowWindow = "1h";

export function verdictOf({ budgetLeft, alerts, windows, problem }: Slo): Verdict {
  const firing = alerts.filter(({ state }) => state === "firing");
  if (firing.some(({ severity }) => severity === "page")) return { kind: "bad", text: "Failing fast" };
  if (budgetLeft !== undefined && budgetLeft <= 0) return { kind: "bad", text: "Broken" };
  if (firing.length > 0) return { kind: "warning", text: "In danger" };
  if (problem !== undefined) return { kind: "unknown", text: "Cannot be reckoned" };
  if (budgetLeft === undefined) return { kind: "unknown", text: "Nothing was counted" };
  const lately = windows.find(({ window }) => window === nowWindow);
  if (lately?.burnRate === undefined) return { kind: "unknown", text: "Nothing was counted lately" };
  return { kind: "good", text: "Kept" };
}

const order: readonly StatusKind[] = ["bad", "warning", "good", "unknown"];

/** What wants attention first. */
export function inOrder(objectives: readonly Slo[]): readonly Slo[] {
  const rank = (slo: Slo) => order.indexOf(verdictOf(slo).kind);
  return [...objectives].sort((one, other) => rank(one) - rank(other));
}

export function inDanger(objectives: readonly Slo[]): readonly Slo[] {
  return inOrder(objectives).filter((slo) => ["bad", "warning"].includes(verdictOf(slo).kind));
}

export function summaryOf({ state, objectives }: Slos): Verdict {
  if (state === "off") return { kind: "unknown", text: "No Prometheus is configured" };
  if (state === "away") return { kind: "unknown", text: "Prometheus does not answer" };
  if (objectives.length === 0) return { kind: "unknown", text: "Prometheus has no promises" };
  const kinds = objectives.map((slo) => verdictOf(slo).kind);
  const count = (kind: StatusKind) => kinds.filter((each) => each === kind).length;
  const [bad, warning, unknown] = [count("bad"), count("warning"), count("unknown")];
  const known = objectives.length - unknown;
  const rest = unknown === 0 ? "" : `. Of ${unknown === 1 ? "another one" : `${unknown} others`} nothing is known`;
  if (bad + warning > 0) {
    const text = bad + warning === 1 ? "1 promise is not safe" : `${bad + warning} promises are not safe`;
    return { kind: bad > 0 ? "bad" : "warning", text: `${text}${rest}` };
  }
  if (known === 0) return { kind: "unknown", text: "Nothing is known of any promise" };
  if (unknown > 0)
    return { kind: "unknown", text: `${known === 1 ? "1 promise is" : `${known} promises are`} kept${rest}` };
  return { kind: "good", text: "Every promise is kept" };
}

/** 0.99953 as 99.953 %: as many digits as tell it from a whole hundred. */
export function percent(share: number, digits = 3): string {
  return `${(share * 100).toLocaleString(undefined, { maximumFractionDigits: digits })} %`;
}

/** What is left of a budget; of one that is overdrawn, by how much. */
export function budgetText(budgetLeft: number): string {
  return budgetLeft < 0 ? `overspent by ${percent(-budgetLeft, 0)}` : `${percent(budgetLeft, 0)} left`;
}
