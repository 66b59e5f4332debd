/** A baseline: the findings that were there when somebody began, which are shown but count for nothing until they change. */
import { InputError } from "../inputs/source-file.ts";
import type { Finding } from "./finding.ts";

export interface BaselineEntry {
  readonly fingerprint: string;
  /** How many findings have it. */
  readonly count: number;
  /** For the person who reads the file. */
  readonly rule: string;
  readonly subject: string;
  readonly path: string;
}

export interface Baseline {
  readonly entries: readonly BaselineEntry[];
}

export interface Compared {
  readonly findings: readonly Finding[];
  /** Findings of the baseline that are no longer there. */
  readonly gone: number;
}

const version = 1;

/** Of all findings but those that are suppressed. */
export function baselineOf(findings: readonly Finding[]): Baseline {
  const entries = new Map<string, BaselineEntry>();
  for (const { suppressed, fingerprint, rule, subject, path } of findings) {
    if (suppressed !== undefined) continue;
    const count = (entries.get(fingerprint)?.count ?? 0) + 1;
    entries.set(fingerprint, { fingerprint, rule, subject, path, count });
  }
  return { entries: [...entries.values()] };
}

/** Of several findings with one fingerprint as many are excused as the baseline has. */
export function compareWithBaseline(findings: readonly Finding[], { entries }: Baseline): Compared {
  const left = new Map(entries.map(({ fingerprint, count }) => [fingerprint, count]));
  const compared = findings.map((finding): Finding => {
    if (finding.suppressed !== undefined) return finding;
    const count = left.get(finding.fingerprint) ?? 0;
    left.set(finding.fingerprint, count - 1);
    return { ...finding, baseline: count > 0 ? "unchanged" : "new" };
  });
  const gone = entries.map(({ fingerprint }) => Math.max(0, left.get(fingerprint)!));
  return { findings: compared, gone: gone.reduce((sum, count) => sum + count, 0) };
}

/**
 * The baseline without what is no longer found. What a rule found that was not asked this time, as one of a more demanding profile,
 * stays.
 */
export function pruned(baseline: Baseline, findings: readonly Finding[], isAsked: (rule: string) => boolean): Baseline {
  const now = new Map(baselineOf(findings).entries.map(({ fingerprint, count }) => [fingerprint, count]));
  const entries = baseline.entries.flatMap((entry) => {
    const count = isAsked(entry.rule) ? Math.min(entry.count, now.get(entry.fingerprint) ?? 0) : entry.count;
    return count === 0 ? [] : [{ ...entry, count }];
  });
  return { entries };
}

/** JSON with an entry a line, sorted, so that a review shows what has come and gone. */
export function formatBaseline({ entries }: Baseline): string {
  const lines = entries
    .toSorted(
      (a, b) =>
        compare(a.rule, b.rule) ||
        compare(a.subject, b.subject) ||
        compare(a.path, b.path) ||
        compare(a.fingerprint, b.fingerprint),
    )
    .map(({ rule, subject, path, fingerprint, count }) => JSON.stringify({ rule, subject, path, fingerprint, count }));
  return `{\n  "version": ${version},\n  "findings": [${lines.map((line) => `\n    ${line}`).join(",")}\n  ]\n}\n`;
}

/** @throws {InputError} */
export function parseBaseline(text: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError("it is not JSON", undefined, { cause: error });
  }
  const { version: written, findings } = (value ?? {}) as { version?: unknown; findings?: unknown };
  if (written !== version || !Array.isArray(findings)) {
    throw new InputError("it is no baseline of this version: write a new one with --write-baseline");
  }
  if (!findings.every(isEntry))
    throw new InputError("one of its findings lacks its fingerprint, count, rule, subject or path");
  return { entries: findings };
}

function isEntry(value: unknown): value is BaselineEntry {
  const { fingerprint, count, rule, subject, path } = (value ?? {}) as Record<string, unknown>;
  return (
    [fingerprint, rule, subject, path].every((each) => typeof each === "string") &&
    Number.isSafeInteger(count) &&
    (count as number) > 0
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
