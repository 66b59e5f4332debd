/** What came of an event: the others of the same matter, whom they were told to, who took it on, and who is told next. */
import {
  type EventLog,
  type EventRow,
  eventOfRow,
  type Store,
  type StoredEvent,
  sql,
  sqlRows,
} from "@espalier/service";
import { type Delivery, type DeliveryRow, deliveryOfRow } from "../deliveries/delivery.ts";
import { type Incident, type IncidentRow, incidentOfRow } from "./incident.ts";
import { acknowledgementsOf, byTime, matterOf } from "./matter.ts";

interface StoryDelivery extends Delivery {
  /** Events of the story that it tells of. */
  readonly tells: readonly string[];
}

/** A step of a route that is told while nobody acknowledges. */
export interface StoryEscalation {
  readonly route: string;
  /** From 0 on. */
  readonly step: number;
  readonly dueAt: number;
  readonly firedAt?: number;
}

export interface Story {
  /** In their order. */
  readonly events: readonly StoredEvent[];
  /** In the order in which they were made; as long as they are kept. */
  readonly deliveries: readonly StoryDelivery[];
  /** As long as they are kept. */
  readonly incidents: readonly (Incident & { readonly escalations: readonly StoryEscalation[] })[];
}

const maxDeliveries = 200;

/** @throws StoreError */
export async function readStory(store: Store, log: EventLog, event: StoredEvent): Promise<Story> {
  const told = await matterOf(log, event);
  const ids = sqlRows([told.map(({ id }) => id)]);
  // An incident that nobody was told of has no delivery. There are as many as the last days had: all are looked through.
  const incidents = await store.all<IncidentRow>(
    sql`SELECT * FROM incidents WHERE first_event IN ${ids} OR last_event IN ${ids}
      OR id IN (SELECT incident_id FROM delivery_events WHERE event_id IN ${ids}) ORDER BY opened_at`,
  );
  const links = await store.all<{ readonly delivery_id: string; readonly event_id: string }>(
    incidents.length === 0
      ? sql`SELECT delivery_id, event_id FROM delivery_events WHERE event_id IN ${ids} ORDER BY delivery_id, ordinal`
      : sql`SELECT delivery_id, event_id FROM delivery_events WHERE event_id IN ${ids}
          OR incident_id IN ${sqlRows([incidents.map(({ id }) => id)])} ORDER BY delivery_id, ordinal`,
  );
  const tells = Map.groupBy(links, ({ delivery_id: id }) => id);
  const deliveries = await deliveriesOf(store, [...tells.keys()].slice(0, maxDeliveries));
  const events = await withOthers(store, told, incidents, links);
  return {
    events: [...events, ...(await acknowledgementsOf(log, events))].sort(byTime),
    deliveries: deliveries.map((delivery) => ({
      ...delivery,
      tells: (tells.get(delivery.id) ?? []).map(({ event_id: id }) => id),
    })),
    incidents: await Promise.all(
      incidents.map(async (row) => ({ ...incidentOfRow(row), escalations: await escalationsOf(store, row) })),
    ),
  };
}

/** And those that the incidents have, by which what no event ends is linked. */
async function withOthers(
  store: Store,
  told: readonly StoredEvent[],
  incidents: readonly IncidentRow[],
  links: readonly { readonly event_id: string }[],
): Promise<readonly StoredEvent[]> {
  const known = new Set(told.map(({ id }) => id));
  const linked = [
    ...incidents.flatMap(({ first_event: first, last_event: last }) => [first, last]),
    ...links.map(({ event_id: id }) => id),
  ];
  const others = [...new Set(linked)].filter((id) => !known.has(id));
  if (others.length === 0) return told;
  const rows = await store.all<EventRow>(sql`SELECT * FROM events WHERE id IN ${sqlRows([others])}`);
  return [...told, ...rows.map(eventOfRow)].sort(byTime);
}

async function deliveriesOf(store: Store, ids: readonly string[]): Promise<readonly Delivery[]> {
  if (ids.length === 0) return [];
  const rows = await store.all<DeliveryRow>(
    sql`SELECT * FROM deliveries WHERE id IN ${sqlRows([ids])} ORDER BY created_at, id`,
  );
  return rows.map(deliveryOfRow);
}

async function escalationsOf(store: Store, { id }: IncidentRow): Promise<readonly StoryEscalation[]> {
  const rows = await store.all<{
    readonly route: string;
    readonly step: number;
    readonly due_at: number;
    readonly fired_at: number | null;
  }>(sql`SELECT route, step, due_at, fired_at FROM escalations WHERE incident_id = ${id} ORDER BY due_at, route, step`);
  return rows.map(({ route, step, due_at: dueAt, fired_at: firedAt }) => ({
    ...{ route, step, dueAt },
    ...(firedAt === null ? {} : { firedAt }),
  }));
}
