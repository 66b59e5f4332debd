/** Runs rules over a project: the one engine behind the command, the running service and the page. */
import { severities } from "@espalier/service";
import { type Finding, findingOf } from "./finding.ts";
import type { Project, Unreadable } from "./project.ts";
import { type Profile, profiles, type Rule } from "./rule.ts";

export interface Report {
  readonly profile: Profile;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The most severe first, then by rule, file and line. */
  readonly findings: readonly Finding[];
  readonly unreadable: readonly Unreadable[];
  /** The ids of those that had something to look at. */
  readonly rulesRun: readonly string[];
}

export interface CheckOptions {
  readonly profile: Profile;
  readonly now: number;
}

export function check(project: Project, rules: readonly Rule[], { profile, now }: CheckOptions): Report {
  const rank = profiles.indexOf(profile);
  const asked = rules.filter(
    ({ profile: least, reads }) => profiles.indexOf(least) <= rank && reads.some((kind) => project.of(kind).length > 0),
  );
  const findings = asked.flatMap((rule) =>
    [...rule.find(project, { now, profile })].map((found) => findingOf(rule, found)),
  );
  return {
    profile,
    time: now,
    findings: findings.sort(bySeverityThenPlace),
    unreadable: project.unreadable,
    rulesRun: asked.map(({ id }) => id),
  };
}

function bySeverityThenPlace(left: Finding, right: Finding): number {
  return (
    severities.indexOf(left.severity) - severities.indexOf(right.severity) ||
    compare(left.rule, right.rule) ||
    compare(left.location?.file ?? "", right.location?.file ?? "") ||
    (left.location?.start ?? 0) - (right.location?.start ?? 0) ||
    compare(left.subject, right.subject)
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
