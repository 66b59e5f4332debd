/** The message of a delivery: what a person reads, out of the events. */
import {
  type EventRow,
  eventOfRow,
  type JsonValue,
  type Store,
  type StoredEvent,
  severities,
  sql,
  sqlRows,
} from "@espalier/service";
import type { Message, MessageAction, MessageStatus } from "../channels/message.ts";
import { acknowledgementUrl } from "../routes/acknowledgement.ts";
import type { IncidentRow } from "../routes/incident.ts";
import { occurrenceOf } from "../routes/occurrence.ts";
import type { DeliveryRow } from "./delivery.ts";

/** Links that an event brings with it, such as those that decide an approval. Asked anew for every attempt. */
export type ActionsFor = (
  event: StoredEvent,
  delivery: { readonly id: string; readonly channel: string },
) => readonly MessageAction[] | Promise<readonly MessageAction[]>;

export interface ComposeOptions {
  readonly actionsFor?: ActionsFor | undefined;
  /** Where people reach this service; without it there are no links of ours. */
  readonly publicUrl?: string | undefined;
}

/** What a delivery is about. */
export interface DeliveryContent {
  /** Never none. */
  readonly events: readonly StoredEvent[];
  readonly incidents: readonly IncidentRow[];
}

const maxTitleLength = 200;
const maxTextLength = 20_000;
const maxValueLength = 1_000;

interface LinkedRow extends EventRow {
  readonly delivery_id: string;
  readonly incident_id: string | null;
}

/** By the deliveries' ids; of one whose events the log has removed there is none. @throws StoreError */
export async function readContents(
  store: Store,
  deliveries: readonly DeliveryRow[],
): Promise<ReadonlyMap<string, DeliveryContent>> {
  if (deliveries.length === 0) return new Map();
  const rows = await store.all<LinkedRow>(
    sql`SELECT delivery_events.delivery_id, delivery_events.incident_id, events.* FROM delivery_events
      JOIN events ON events.id = delivery_events.event_id
      WHERE delivery_id IN ${sqlRows([deliveries.map(({ id }) => id)])} ORDER BY delivery_id, ordinal`,
  );
  const ids = [...new Set(rows.flatMap((row) => row.incident_id ?? []))];
  const incidents =
    ids.length === 0
      ? []
      : await store.all<IncidentRow>(sql`SELECT * FROM incidents WHERE id IN ${sqlRows([ids])} ORDER BY opened_at`);
  const contents = [...Map.groupBy(rows, (row) => row.delivery_id)].map(([id, own]) => {
    const named = new Set(own.map((row) => row.incident_id));
    return [id, { events: own.map(eventOfRow), incidents: incidents.filter((each) => named.has(each.id)) }] as const;
  });
  return new Map(contents);
}

/** @throws what `actionsFor` throws */
export async function composeMessage(
  delivery: DeliveryRow,
  { events, incidents }: DeliveryContent,
  { actionsFor, publicUrl }: ComposeOptions,
): Promise<Message> {
  const status = statusOf(events);
  const severity = severities[Math.min(...events.map((event) => severities.indexOf(event.severity)))]!;
  const actions: MessageAction[] = [];
  if (actionsFor !== undefined) {
    const { id, channel } = delivery;
    for (const event of events) actions.push(...(await actionsFor(event, { id, channel })));
  }
  const open = incidents.filter((each) => each.closed_at === null && each.acknowledged_at === null);
  if (publicUrl !== undefined && status !== "resolved") {
    for (const incident of open) {
      const label = open.length === 1 ? "Acknowledge" : `Acknowledge ${oneLine(incident.subject, 60)}`;
      actions.push({ label, url: acknowledgementUrl(publicUrl, incident) });
    }
  }
  const isOver = status === "problem" && incidents.length > 0 && incidents.every((each) => each.closed_at !== null);
  const notes = [...(delivery.note === null ? [] : [delivery.note]), ...(isOver ? ["By now it is over."] : [])];
  return {
    deliveryId: delivery.id,
    attempt: delivery.attempt,
    events,
    status,
    severity,
    title: titleOf(events, status === "resolved" ? "resolved" : severity),
    text: textOf(events, notes),
    actions,
  };
}

/** Of several events of one problem the last one counts. */
function statusOf(events: readonly StoredEvent[]): MessageStatus {
  const last = new Map(events.map((event) => occurrenceOf(event)).map(({ key, status }) => [key, status]));
  const statuses = new Set(last.values());
  return statuses.has("problem") ? "problem" : statuses.has("resolved") ? "resolved" : "information";
}

function titleOf(events: readonly StoredEvent[], word: string): string {
  const [first] = events;
  if (events.length === 1 && first !== undefined) {
    const summary = typeof first.data?.summary === "string" ? first.data.summary : `${first.type}: ${first.subject}`;
    return oneLine(`[${word}] ${summary}`, maxTitleLength);
  }
  const types = Map.groupBy(events, ({ type }) => type);
  const counts = [...types].map(([type, { length }]) => (length === 1 ? type : `${type} ×${length}`));
  const subjects = new Set(events.map(({ subject }) => subject));
  const about = subjects.size === 1 ? `: ${first?.subject}` : "";
  return oneLine(`[${word}] ${events.length} events: ${counts.join(", ")}${about}`, maxTitleLength);
}

function textOf(events: readonly StoredEvent[], notes: readonly string[]): string {
  const parts = [...notes, ...events.map(describeEvent)];
  const text = parts.join("\n\n");
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}\n… (shortened)` : text;
}

function describeEvent({ type, severity, subject, source, actor, time, data = {} }: StoredEvent): string {
  const { summary, incident: _, expiresAt, ...details } = data;
  const head = `${new Date(time).toISOString()}  ${severity}  ${type}`;
  const lines: [string, JsonValue | undefined][] = [
    ["subject", subject],
    ["source", source],
    ["actor", actor],
    ["expires", typeof expiresAt === "number" ? new Date(expiresAt).toISOString() : undefined],
    ...Object.entries(details),
  ];
  const described = lines.flatMap(([name, value]) => (value === undefined ? [] : `  ${name}: ${valueText(value)}`));
  return [head, ...(typeof summary === "string" ? [`  ${valueText(summary)}`] : []), ...described].join("\n");
}

/** Its further lines stand apart from ours, so that a stranger's text cannot pass for a line of the message. */
function valueText(value: JsonValue): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cut = text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
  return cut
    .split(/\r\n|[\r\n]/)
    .map(withoutControls)
    .join("\n      ");
}

function oneLine(text: string, maxLength: number): string {
  const line = withoutControls(text).replaceAll(/ {2,}/g, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

/** Nor what turns the direction of writing, or is no character at all. */
function withoutControls(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ");
}
