/** What happened: the one shape of everything that services report, and through which they meet. */

export type Severity = "critical" | "high" | "medium" | "low" | "info";

/** From the gravest to the least; the index is what the table has. */
export const severities: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** An event as a service reports it; the log adds an id. */
export interface NewEvent {
  /** Dotted, lower case, what happened last: `backend.down`, `entry.modified`, `bind.refused`. */
  readonly type: string;
  readonly severity: Severity;
  /** What it happened to: a node, a DN, a certificate, a source. */
  readonly subject: string;
  /** The service that reports it: `gateway`, `proxy`, `notify`, `manager`, `check`, or `hooks/NAME`. */
  readonly source: string;
  /** Who did it: a DN, an account, an address. */
  readonly actor?: string;
  /** JSON, without secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Events with the same key are one occurrence: a later one within the window is not stored again. */
  readonly dedupeKey?: string;
  /** Milliseconds since 1970; now, unless told. */
  readonly time?: number;
  /** Part of the audit trail: linked into the hash chain, and never dropped for retention of ordinary events. */
  readonly audit?: boolean;
}

/** Where services report what happened. Never throws and never waits: what cannot be stored is logged. */
export interface EventSink {
  emit(event: NewEvent): void;
}
