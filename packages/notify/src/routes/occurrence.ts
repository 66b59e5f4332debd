/**
 * What an event means to those who are told of it: something is the matter, or is over, or just happened.
 *
 * The last word of its type says so. `backend.down` and `backend.degraded` are one problem of their subject, `backend.up` is
 * its end. Where a subject can have several at once (alerts, findings), producers tell them apart with `data.incident`.
 */
import { hash } from "node:crypto";
import { canonicalJson, type JsonValue, type StoredEvent } from "@espalier/service";
import type { MessageStatus } from "../channels/message.ts";

const problems = new Set([
  ...["degraded", "disabled", "diverged", "down", "exhausted", "expired", "expiring", "failed", "failing", "firing"],
  ...[
    "full",
    "hung",
    "lagging",
    "lost",
    "missing",
    "overdue",
    "raised",
    "silent",
    "stale",
    "unavailable",
    "unreachable",
  ],
]);
const ends = new Set([
  ...["available", "back", "cleared", "converged", "enabled", "found", "heard", "healthy", "reachable", "recovered"],
  ...["renewed", "resolved", "restored", "succeeded", "up"],
]);

export interface Occurrence {
  readonly status: MessageStatus;
  /** The same for all that is told of one problem. */
  readonly key: string;
}

export function occurrenceOf({ type, subject, data }: Pick<StoredEvent, "type" | "subject" | "data">): Occurrence {
  const dot = type.lastIndexOf(".");
  const word = type.slice(dot + 1);
  const status = problems.has(word) ? "problem" : ends.has(word) ? "resolved" : "information";
  const stem = status === "information" ? type : type.slice(0, dot);
  const incident = typeof data?.incident === "string" ? data.incident : undefined;
  return { status, key: digestOf([stem, subject, incident ?? null]) };
}

/** A key of a bounded length, whatever strangers have put into it. */
export function digestOf(parts: readonly JsonValue[]): string {
  return hash("sha256", canonicalJson(parts), "base64url");
}
