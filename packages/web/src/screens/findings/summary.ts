/** What findings come to: whether all is well, whether nobody knows, and how many there are of each severity. */
import type { ApiOutput } from "../../api/client.ts";

export type Findings = ApiOutput<"GET /findings">;
export type Finding = Findings["findings"][number];
type Severity = Finding["severity"];

const severities: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** Looks that are late by so many intervals say that they are not made any more. */
const lateIntervals = 3;

export interface Summary {
  /** `unknown`: nobody has looked, or not lately, or not everywhere. What is not known is never well. */
  readonly kind: "good" | "warning" | "bad" | "unknown";
  readonly text: string;
  /** Those that count, the most severe first; a severity that has none is left out. */
  readonly counts: readonly (readonly [Severity, number])[];
}

export function summaryOf(findings: Findings, now: number): Summary {
  const counting = open(findings);
  const counts = severities.flatMap((severity) => {
    const count = counting.filter((each) => each.severity === severity).length;
    return count === 0 ? [] : [[severity, count] as const];
  });
  const unknown = unknownReason(findings, now);
  if (counts.length > 0) {
    const isBad = counts.some(([severity]) => severity === "critical" || severity === "high");
    const text = counting.length === 1 ? "1 finding" : `${counting.length} findings`;
    return { kind: isBad ? "bad" : "warning", text: unknown === undefined ? text : `${text}. ${unknown}`, counts };
  }
  return unknown === undefined
    ? { kind: "good", text: "Nothing is wrong", counts }
    : { kind: "unknown", text: unknown, counts };
}

/** Those that nobody has taken on. */
export function open({ findings }: Pick<Findings, "findings">): readonly Finding[] {
  return findings.filter(({ suppressed }) => suppressed === undefined);
}

/** Why it is not known whether all is well; undefined where it is. */
function unknownReason({ state, lastRunAt, intervalMs, unreadable }: Findings, now: number): string | undefined {
  if (state === "off") return "This process makes no checks";
  if (state === "waiting" || lastRunAt === undefined) return "The first look has not ended yet";
  if (intervalMs !== undefined && now - lastRunAt > lateIntervals * intervalMs) {
    return "Nothing has been looked at lately";
  }
  if (unreadable.length > 0) return "Not everything could be looked at";
  return undefined;
}
