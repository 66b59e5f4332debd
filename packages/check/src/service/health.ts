/**
 * What `/health` says of the checks. At most degraded: what is found may be another machine's trouble, and taking this process
 * out of service would make it worse.
 */
import type { CheckResult } from "@espalier/service";
import type { CheckState } from "./check-service.ts";

/** A look that is missed once is no news. */
const missedLooks = 3;
const maxShown = 50;

export function healthOf({ lastRunAt, intervalMs, findings, unreadable }: CheckState, now: number): CheckResult {
  if (lastRunAt === undefined) return { status: "ok", message: "the first look has not ended yet" };
  const counted = findings.filter(({ suppressed }) => suppressed === undefined);
  const isGrave = counted.some(({ severity }) => severity === "critical" || severity === "high");
  const isLate = now - lastRunAt > missedLooks * intervalMs;
  return {
    status: isGrave || isLate || unreadable.length > 0 ? "degraded" : "ok",
    lastRun: new Date(lastRunAt).toISOString(),
    findings: counted.slice(0, maxShown).map(({ rule, severity, subject, message }) => {
      return { rule, severity, subject, message };
    }),
    ...(counted.length > maxShown ? { moreFindings: counted.length - maxShown } : {}),
    ...(unreadable.length > 0 ? { unreadable: unreadable.map(({ subject, message }) => ({ subject, message })) } : {}),
    ...(isLate ? { message: "nothing has been looked at for three intervals" } : {}),
  };
}
