/**
 * Particle's webhooks: `event`, `data`, `coreid` and `published_at`, as a form unless the integration says JSON. They are not
 * signed. Deliveries come at least once, in any order, and are dropped for good when they are refused.
 */
import { createHash } from "node:crypto";

export interface ParticleFields {
  readonly event: string | undefined;
  readonly device: string | undefined;
  /** Milliseconds since 1970. */
  readonly publishedMs: number | undefined;
  readonly isPublishedAtReadable: boolean;
  /** What makes it this event: `PARTICLE_EVENT_ID` where the integration's template has it. */
  readonly identity: string;
  /** The fields, with `data` read where it is JSON: Particle sends it as text always. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a webhook template calls `{{PARTICLE_EVENT_ID}}` is the administrator's choice; these are taken. */
const eventIdNames = ["PARTICLE_EVENT_ID", "particle_event_id", "event_id"] as const;

/** Older than this a recorded request may be, and newer than this no clock may be ahead: as long as duplicates are known. */
const maxAgeMs = 86_400_000;
const maxAheadMs = 3_600_000;

/** `undefined` for a payload that is no object. */
export function readParticle(payload: unknown): ParticleFields | undefined {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  const fields = payload as Readonly<Record<string, unknown>>;
  const { published_at: publishedAt } = fields;
  const publishedMs = typeof publishedAt === "string" ? Date.parse(publishedAt) : Number.NaN;
  const identities = eventIdNames
    .map((name) => textOf(fields[name]))
    .filter((id) => id !== undefined && !isTemplate(id));
  return {
    event: textOf(fields.event),
    device: textOf(fields.coreid),
    publishedMs: Number.isNaN(publishedMs) ? undefined : publishedMs,
    isPublishedAtReadable: publishedAt === undefined || !Number.isNaN(publishedMs),
    identity: digest(
      identities[0] === undefined
        ? ["fields", fields.coreid, fields.event, fields.published_at, fields.data]
        : ["id", identities[0]],
    ),
    payload: { ...fields, ...(typeof fields.data === "string" ? { data: readData(fields.data) } : {}) },
  };
}

/** Whether it may be a recorded request, which nobody would know for a duplicate any more. */
export function isImplausible(publishedMs: number, receivedMs: number): boolean {
  return publishedMs < receivedMs - maxAgeMs || publishedMs > receivedMs + maxAheadMs;
}

/** An integration whose template was not filled in sends the same text each time. */
function isTemplate(text: string): boolean {
  return text.includes("{{");
}

function readData(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function digest(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
