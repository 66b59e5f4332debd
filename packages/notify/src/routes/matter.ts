/** Events that tell of the same matter, by what the events themselves say: a problem until its end, or an approval until its decision. */
import type { EventLog, StoredEvent } from "@espalier/service";
import { occurrenceOf } from "./occurrence.ts";

/** To either side; of a problem that is told more often the rest is left out. */
const maxEvents = 200;
const acknowledged = "incident.acknowledged";

/** In their order, the given one among them; that alone where nothing links it to another. @throws StoreError */
export async function matterOf(log: EventLog, event: StoredEvent): Promise<readonly StoredEvent[]> {
  return withoutAcknowledgements(log, await beginningOf(log, event));
}

/** Of the incident that began with one of the events, which are of one matter. @throws StoreError */
export async function acknowledgementsOf(
  log: EventLog,
  events: readonly StoredEvent[],
): Promise<readonly StoredEvent[]> {
  const [first] = events;
  if (first === undefined) return [];
  const ids = new Set(events.map(({ id }) => id));
  const query = { types: [acknowledged], subject: first.subject, from: first.time, limit: maxEvents } as const;
  const { events: found } = await log.query({ ...query, order: "oldest first" });
  return found.filter(({ data, source }) => source === "notify" && ids.has(String(data?.firstEvent)));
}

/** An acknowledgement names the event that its incident began with. */
async function beginningOf(log: EventLog, event: StoredEvent): Promise<StoredEvent> {
  const first = event.type === acknowledged && event.source === "notify" ? event.data?.firstEvent : undefined;
  return (typeof first === "string" ? await log.get(first) : undefined) ?? event;
}

async function withoutAcknowledgements(log: EventLog, event: StoredEvent): Promise<readonly StoredEvent[]> {
  const { type, subject, time, data } = event;
  const stem = type.slice(0, type.lastIndexOf("."));
  const query = { types: [`${stem}.*`], subject, limit: maxEvents };
  if (stem === "approval" && typeof data?.approval === "string") {
    const { events } = await log.query({ ...query, order: "oldest first" });
    const own = events.filter((each) => each.data?.approval === data.approval);
    return own.some(({ id }) => id === event.id) ? own : [event];
  }
  const { status, key } = occurrenceOf(event);
  if (status === "information") return [event];
  const isEnd = (each: StoredEvent) => occurrenceOf(each).status === "resolved";
  const isSame = (each: StoredEvent) => occurrenceOf(each).key === key;
  const { events: until } = await log.query({ ...query, until: time + 1 });
  const before = until.filter((each) => byTime(each, event) < 0 && isSame(each));
  const lastEnd = before.findIndex(isEnd);
  const earlier = (lastEnd < 0 ? before : before.slice(0, lastEnd)).reverse();
  if (status === "resolved") return [...earlier, event];
  const { events: from } = await log.query({ ...query, from: time, order: "oldest first" });
  const after = from.filter((each) => byTime(each, event) > 0 && isSame(each));
  const end = after.findIndex(isEnd);
  return [...earlier, event, ...(end < 0 ? after : after.slice(0, end + 1))];
}

export function byTime(one: StoredEvent, other: StoredEvent): number {
  return one.time - other.time || one.position - other.position;
}
