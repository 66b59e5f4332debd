/** A finding about what runs, from the look that found it until one that no longer does. */
import type { JsonValue, Severity, StoredEvent } from "@espalier/service";
import { severities } from "@espalier/service";
import type { Finding } from "../engine/finding.ts";

export interface CurrentFinding {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly message: string;
  readonly path: string;
  readonly fix: string;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  /** What it is about could not be looked at the last time: it may be over by now. */
  readonly isStale: boolean;
  /** Set: somebody has taken it on. Nobody is told of it. */
  readonly suppressed?: Finding["suppressed"];
}

export function currentFinding(found: Finding, firstSeen: number): CurrentFinding {
  const { fingerprint, rule, severity, subject, message, path, fix, suppressed } = found;
  const taken = suppressed === undefined ? {} : { suppressed };
  return { fingerprint, rule, severity, subject, message, path, fix, firstSeen, isStale: false, ...taken };
}

/** Of what each observer sees for itself it names the observer as well. */
export function incidentOf(fingerprint: string, observer?: string): string {
  return observer === undefined ? fingerprint : `${fingerprint}@${observer}`;
}

function fingerprintOf(incident: string): string {
  return incident.split("@", 1)[0] ?? incident;
}

/** What an event tells of it. `incident` makes notifications of its beginning and its end one matter. */
export function eventData(
  finding: CurrentFinding,
  incident: string,
  seenBy: string,
): Readonly<Record<string, JsonValue>> {
  const { rule, message, path, fix, firstSeen } = finding;
  const seen = { seenBy, firstSeen: new Date(firstSeen).toISOString() };
  return { summary: `${rule} ${message}`, rule, message, fix, path, incident, ...seen };
}

/** Out of the event that raised it; undefined for one that was not written by {@link eventData}. */
export function findingOfEvent({ severity, subject, time, data = {} }: StoredEvent): CurrentFinding | undefined {
  const text = (key: string) => (typeof data[key] === "string" ? data[key] : undefined);
  const [incident, rule, message] = [text("incident"), text("rule"), text("message")];
  if (incident === undefined || rule === undefined || message === undefined) return undefined;
  const fingerprint = fingerprintOf(incident);
  const firstSeen = Date.parse(text("firstSeen") ?? "");
  return {
    ...{ fingerprint, rule, severity, subject, message, path: text("path") ?? "", fix: text("fix") ?? "" },
    ...{ firstSeen: Number.isNaN(firstSeen) ? time : firstSeen, isStale: true },
  };
}

export function bySeverity(left: CurrentFinding, right: CurrentFinding): number {
  const rank = severities.indexOf(left.severity) - severities.indexOf(right.severity);
  return (
    rank || compare(left.rule, right.rule) || compare(left.subject, right.subject) || compare(left.path, right.path)
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
