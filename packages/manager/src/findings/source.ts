/** Where findings come from: the checks of what runs, which another part of the process makes. */
import type { Severity } from "@espalier/service";

export interface ShownFinding {
  /** The same as long as the rule, what it is about and the value are. */
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly message: string;
  readonly path: string;
  /** What to paste or to do. */
  readonly fix: string;
  /** Why it matters, in paragraphs of Markdown. */
  readonly explanation: string;
  readonly references: readonly string[];
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  /** What it is about could not be looked at the last time. */
  readonly isStale: boolean;
  readonly suppressed?: { readonly reason: string; readonly until?: string };
}

export interface FindingsNow {
  /** Undefined before the first look has ended. Milliseconds since 1970. */
  readonly lastRunAt: number | undefined;
  readonly isRunning: boolean;
  readonly intervalMs: number;
  /** The most severe first. */
  readonly findings: readonly ShownFinding[];
  /** What could not be looked at, and why. */
  readonly unreadable: readonly { readonly subject: string; readonly message: string }[];
}

export interface FindingSource {
  now(): FindingsNow;
  /** Looks at everything once more; resolves at the end. */
  checkNow(): Promise<void>;
}
