/** Runs rules over a project: the one engine behind the command, the running service and the page. */
import { type Severity, severities } from "@espalier/service/plain";
import { type Baseline, compareWithBaseline } from "./baseline.ts";
import { type Finding, findingOf } from "./finding.ts";
import type { Project, Unreadable } from "./project.ts";
import { type Profile, profiles, type Rule } from "./rule.ts";
import { type ConfiguredSuppression, type SuppressionUse, suppress } from "./suppression.ts";

export interface Report {
  readonly profile: Profile;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The most severe first, then by rule, file and line. */
  readonly findings: readonly Finding[];
  readonly unreadable: readonly Unreadable[];
  /** How many files were read. */
  readonly files: number;
  /** The ids of those that had something to look at. */
  readonly rulesRun: readonly string[];
  /** What became of each suppression. */
  readonly suppressions: readonly SuppressionUse[];
  /** Set where a baseline was given. */
  readonly baseline?: { readonly gone: number };
}

export interface CheckOptions {
  readonly profile: Profile;
  readonly now: number;
  /** Those of the configuration, beside those in the files. */
  readonly suppressions?: readonly ConfiguredSuppression[] | undefined;
  readonly baseline?: Baseline | undefined;
}

export function check(project: Project, rules: readonly Rule[], options: CheckOptions): Report {
  const { profile, now, baseline } = options;
  const asked = rules.filter(
    (rule) => isAskedIn(rule, profile) && rule.reads.some((kind) => project.of(kind).length > 0),
  );
  const found = distinct(
    asked.flatMap((rule) => [...rule.find(project, { now, profile })].map((each) => findingOf(rule, each))),
  );
  const ids = new Set(asked.map(({ id }) => id));
  const known = new Set(rules.map(({ id }) => id));
  const { findings, suppressions } = suppress(found.sort(bySeverityThenPlace), project, options.suppressions ?? [], {
    now,
    isAsked: (rule) => ids.has(rule) || !known.has(rule),
  });
  const compared = baseline === undefined ? undefined : compareWithBaseline(findings, baseline);
  return {
    profile,
    time: now,
    findings: compared?.findings ?? findings,
    unreadable: project.unreadable,
    files: project.files.size,
    rulesRun: [...ids],
    suppressions,
    ...(compared === undefined ? {} : { baseline: { gone: compared.gone } }),
  };
}

/** A file that is part of two compose projects is wrong in one place. */
function distinct(findings: readonly Finding[]): Finding[] {
  const byPlace = new Map<string, Finding>();
  for (const finding of findings) {
    const { fingerprint, location } = finding;
    const place = `${fingerprint} ${location?.file ?? ""} ${location?.start ?? ""}`;
    if (!byPlace.has(place)) byPlace.set(place, finding);
  }
  return [...byPlace.values()];
}

/** Whether a rule is asked in a profile. */
export function isAskedIn({ profile: least }: Rule, profile: Profile): boolean {
  return profiles.indexOf(least) <= profiles.indexOf(profile);
}

/** Whether a finding counts: nobody has taken it on, and no baseline excuses it. */
export function isOpen({ suppressed, baseline }: Finding): boolean {
  return suppressed === undefined && baseline !== "unchanged";
}

/** Whether a report is to fail a run: by a finding that counts and is at least so severe. */
export function isFailing({ findings }: Report, failOn: Severity | "never"): boolean {
  if (failOn === "never") return false;
  const rank = severities.indexOf(failOn);
  return findings.some((finding) => isOpen(finding) && severities.indexOf(finding.severity) <= rank);
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
