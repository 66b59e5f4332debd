/** What a believed request is about: its events, who sent it, and what makes it the same delivery when it comes again. */
import type { NewEvent, Severity } from "@espalier/service";
import { severities } from "@espalier/service";
import type { InboundRequest } from "./verifier.ts";

/** A request as an event, before its source's name is on it. */
export interface Reading {
  readonly event: Pick<NewEvent, "type" | "severity" | "subject" | "data" | "time">;
  /** Who sent it, among those behind the source; empty where they are not told apart. */
  readonly device: string;
  /** Of the same length whatever is in it. The same in each retry of the sender, and signed where anything is. */
  readonly dedupeKey: string;
}

export type ReadingOutcome =
  | { readonly status: "read"; readonly reading: Reading }
  /** 422. */
  | { readonly status: "unusable"; readonly problems: readonly { readonly where: string; readonly problem: string }[] }
  /** 401: what comes so late may have been recorded. */
  | { readonly status: "stale" };

export interface BelievedRequest extends InboundRequest {
  readonly payload: unknown;
  /** Signed by the sender as the name of the delivery. */
  readonly deliveryId: string | undefined;
}

const maxDeviceLength = 200;

/** The nearest name that is an event type: `Breach Alarm!` is `breach_alarm`. `undefined` when nothing of it is left. */
export function typeOf(text: string): string | undefined {
  const words = text
    .toLowerCase()
    .split(/[./]/)
    .map((word) =>
      word
        .replaceAll(/[^a-z0-9_-]+/g, "_")
        .replace(/^[^a-z]+/, "")
        .replace(/_+$/, ""),
    )
    .filter((word) => word !== "");
  const type = words.join(".").slice(0, 100).replace(/\.$/, "");
  return words.length >= 2 && type.includes(".") ? type : undefined;
}

const severityNames: Readonly<Record<string, Severity>> = {
  __proto__: null as never,
  emergency: "critical",
  fatal: "critical",
  page: "critical",
  error: "high",
  major: "high",
  warning: "medium",
  warn: "medium",
  minor: "low",
  notice: "low",
  information: "info",
  none: "info",
  debug: "info",
};

/** Ours, or what others call it. */
export function severityOf(text: string): Severity | undefined {
  const word = text.trim().toLowerCase();
  return severities.find((severity) => severity === word) ?? severityNames[word];
}

export function deviceOf(text: string): string {
  return text.length > maxDeviceLength ? `${text.slice(0, maxDeviceLength - 1)}…` : text;
}
