/** When a route sends an event to a channel, and with which others it waits until then. */
import type { StoredEvent } from "@espalier/service";
import type { Route } from "./config.ts";
import { digestOf } from "./occurrence.ts";
import { endOfQuiet } from "./quiet-hours.ts";
import { nextTimeOfDay } from "./wall-clock.ts";

export interface Plan {
  readonly dueAt: number;
  /** Events with the same key become one delivery; absent: it waits for no others. */
  readonly holdKey?: string;
}

export type PlannedEvent = Pick<StoredEvent, "type" | "severity" | "subject" | "source" | "data">;

export function planDelivery(route: Route, channel: string, event: PlannedEvent, now: number): Plan {
  // Who asks for an answer by a certain time cannot wait for others.
  if (expiryOf(event) !== undefined) return { dueAt: now };
  const { digest, group, name } = route;
  const isUrgent = route.quietHours?.except.includes(event.severity) ?? true;
  const wanted = digest !== undefined ? digestAt(digest, now) : now + (group?.wait ?? 0);
  const dueAt = afterQuietHours(route, event, wanted);
  const values = group?.by.map((field) => event[field]) ?? [];
  const isHeld = digest !== undefined || group !== undefined || dueAt > wanted;
  return isHeld ? { dueAt, holdKey: digestOf([name, channel, isUrgent, ...values]) } : { dueAt };
}

export function afterQuietHours(
  { quietHours }: Route,
  { severity }: Pick<PlannedEvent, "severity">,
  at: number,
): number {
  return quietHours === undefined || quietHours.except.includes(severity) ? at : endOfQuiet(quietHours, at);
}

function digestAt(digest: NonNullable<Route["digest"]>, now: number): number {
  return "everyMs" in digest ? now + digest.everyMs : nextTimeOfDay(digest.timeZone, digest.at, now);
}

/** `data.expiresAt`, in milliseconds since 1970: after it nobody needs to hear of the event any more. */
export function expiryOf({ data }: Pick<StoredEvent, "data">): number | undefined {
  const expiresAt = data?.expiresAt;
  return typeof expiresAt === "number" && Number.isSafeInteger(expiresAt) && expiresAt >= 0 ? expiresAt : undefined;
}
