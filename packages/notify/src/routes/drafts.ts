/** The deliveries that one transaction of the router makes or adds to, written together at its end. */
import { randomUUIDv7 } from "node:crypto";
import { type StoredEvent, severities, sql, sqlRows, type Transaction } from "@espalier/service";
import { deliveriesWake } from "../deliveries/delivery.ts";
import { forUpdate } from "../deliveries/row-lock.ts";
import { expiryOf, type Plan } from "./plan.ts";

/** Of a group or a digest: more than anybody reads. What comes after makes another one. */
const maxEventsOfDelivery = 200;

/** Rows of an INSERT: SQLite takes 32,766 values in a statement, and a text of its own is parsed for each number of rows. */
const insertedAtOnce = 50;

export interface DraftAim {
  readonly route: string;
  readonly channel: string;
  readonly plan: Plan;
  /** What the message says beside its events. */
  readonly note?: string;
}

/** What is added to a delivery. */
export interface DraftEvent {
  readonly event: StoredEvent;
  readonly incidentId: string | undefined;
}

interface Draft {
  readonly id: string;
  /** Absent for one that has been stored already. */
  readonly aim?: DraftAim;
  readonly expiresAt: number | undefined;
  readonly expectedAt: number;
  holdKey: string | undefined;
  severity: number;
  count: number;
  readonly added: { readonly ordinal: number; readonly eventId: string; readonly incidentId: string | undefined }[];
}

interface HeldRow {
  readonly id: string;
  readonly severity: number;
  readonly event_count: number;
}

export class Drafts {
  readonly #transaction: Transaction;
  readonly #now: number;
  readonly #drafts = new Map<string, Draft>();
  readonly #held = new Map<string, Draft>();

  constructor(transaction: Transaction, now: number) {
    this.#transaction = transaction;
    this.#now = now;
  }

  /** Adds the events to the delivery that waits for them, or makes one. */
  async add(aim: DraftAim, events: readonly DraftEvent[]): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    const { holdKey } = aim.plan;
    let draft = holdKey === undefined ? undefined : (this.#held.get(holdKey) ?? (await this.#findHeld(holdKey)));
    if (draft !== undefined && draft.count + events.length > maxEventsOfDelivery) {
      await this.#release(draft);
      draft = undefined;
    }
    if (draft === undefined) {
      const expiresAt = expiryOf(first.event);
      const expectedAt = Math.max(aim.plan.dueAt > this.#now ? aim.plan.dueAt : 0, acceptedAt(first.event));
      draft = { id: randomUUIDv7(), aim, expiresAt, expectedAt, holdKey, severity: 4, count: 0, added: [] };
      this.#keep(draft);
    }
    for (const each of events) addTo(draft, each);
  }

  /** Adds an event to a delivery of which nothing has been sent, and that the caller has locked. */
  addToStored(row: HeldRow, event: DraftEvent): boolean {
    const draft = this.#drafts.get(row.id) ?? storedDraft(row, undefined);
    if (draft.count >= maxEventsOfDelivery) return false;
    this.#drafts.set(draft.id, draft);
    addTo(draft, event);
    return true;
  }

  /** So that what was added is found by queries. */
  async flush(): Promise<void> {
    const drafts = [...this.#drafts.values()];
    this.#drafts.clear();
    this.#held.clear();
    if (drafts.length === 0) return;
    await this.#insert(drafts);
    for (const { id, aim, severity, count } of drafts) {
      if (aim !== undefined) continue;
      await this.#transaction.run(
        sql`UPDATE deliveries SET severity = ${severity}, event_count = ${count} WHERE id = ${id}`,
      );
    }
    const links = drafts.flatMap(({ id, added }) =>
      added.map(({ ordinal, eventId, incidentId }) => [id, ordinal, eventId, incidentId]),
    );
    for (let start = 0; start < links.length; start += insertedAtOnce) {
      const rows = sqlRows(links.slice(start, start + insertedAtOnce));
      await this.#transaction.run(
        sql`INSERT INTO delivery_events (delivery_id, ordinal, event_id, incident_id) VALUES ${rows}`,
      );
    }
    this.#transaction.wake(deliveriesWake);
  }

  async #insert(drafts: readonly Draft[]): Promise<void> {
    const created = drafts.flatMap(({ id, aim, holdKey, severity, count, expectedAt, expiresAt }) => {
      if (aim === undefined) return [];
      const { channel, route, note, plan } = aim;
      return [[id, channel, route, severity, count, holdKey, note, this.#now, expectedAt, plan.dueAt, expiresAt]];
    });
    for (let start = 0; start < created.length; start += insertedAtOnce) {
      const rows = created.slice(start, start + insertedAtOnce).map((row) => ["pending", ...row]);
      await this.#transaction.run(
        sql`INSERT INTO deliveries (state, id, channel, route, severity, event_count, hold_key, note, created_at,
          expected_at, due_at, expires_at) VALUES ${sqlRows(rows)}`,
      );
    }
  }

  async #findHeld(holdKey: string): Promise<Draft | undefined> {
    const row = await this.#transaction.first<HeldRow>(
      sql`SELECT id, severity, event_count FROM deliveries
        WHERE hold_key = ${holdKey}${forUpdate(this.#transaction.database)}`,
    );
    if (row === undefined) return undefined;
    const draft = this.#drafts.get(row.id) ?? storedDraft(row, holdKey);
    this.#keep(draft);
    return draft;
  }

  /** It is sent when it is due, and takes nothing more. */
  async #release(draft: Draft): Promise<void> {
    if (draft.holdKey !== undefined) this.#held.delete(draft.holdKey);
    draft.holdKey = undefined;
    if (draft.aim !== undefined) return;
    await this.#transaction.run(sql`UPDATE deliveries SET hold_key = NULL WHERE id = ${draft.id}`);
  }

  #keep(draft: Draft): void {
    this.#drafts.set(draft.id, draft);
    if (draft.holdKey !== undefined) this.#held.set(draft.holdKey, draft);
  }
}

function storedDraft(row: HeldRow, holdKey: string | undefined): Draft {
  const { id, severity, event_count: count } = row;
  return { id, severity, count, holdKey, expiresAt: undefined, expectedAt: 0, added: [] };
}

function addTo(draft: Draft, { event, incidentId }: DraftEvent): void {
  draft.added.push({ ordinal: draft.count, eventId: event.id, incidentId });
  draft.count += 1;
  draft.severity = Math.min(draft.severity, severities.indexOf(event.severity));
}

/** An event's id is a UUID version 7: its first 48 bits are when it was reported, whatever time it says it happened. */
function acceptedAt({ id, time }: StoredEvent): number {
  const reported = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
  return Number.isNaN(reported) ? time : reported;
}
