/** Change sets as they are kept: rows of their own tables, beside the events of the audit trail. */
import { createHash } from "node:crypto";
import {
  type EventLog,
  joinSql,
  type NewEvent,
  type Statement,
  type Store,
  sql,
  sqlRows,
  type Transaction,
} from "@espalier/service";
import type { ChangeStatus, EntryChange } from "./change-set.ts";

/** A row of `change_sets`. */
export interface ChangeSetRow {
  readonly id: string;
  readonly cluster: string;
  readonly title: string;
  readonly actor: string;
  readonly address: string;
  readonly request_id: string;
  readonly created_at: number;
  readonly active_at: number;
  readonly ended_at: number | null;
  readonly applied: number;
  readonly conflict: number;
  readonly failed: number;
  readonly in_doubt: number;
  readonly not_tried: number;
  readonly undo_of: string | null;
  readonly undone_by: string | null;
}

/** A row of `change_steps` without what is sealed. */
export interface ChangeStepRow {
  readonly set_id: string;
  readonly number: number;
  readonly cluster: string;
  readonly type: EntryChange["type"];
  readonly dn: string;
  readonly new_dn: string | null;
  readonly status: ChangeStatus | "open";
  readonly settled_at: number | null;
  readonly node: string | null;
  readonly version: string | null;
  readonly event_id: string | null;
}

export type NewChangeSet = Pick<
  ChangeSetRow,
  "id" | "cluster" | "title" | "actor" | "address" | "request_id" | "undo_of"
>;

/** A change that is about to be sent. */
export interface Intent {
  readonly number: number;
  readonly type: EntryChange["type"];
  readonly dn: string;
  readonly newDn: string | undefined;
  /** The names as they are compared. */
  readonly dnKey: string;
  readonly newDnKey: string | undefined;
}

/** What became of a change. */
export interface Outcome {
  readonly setId: string;
  readonly number: number;
  readonly status: ChangeStatus;
  readonly node: string | undefined;
  readonly version: string | undefined;
  readonly undo: Uint8Array | undefined;
  /** Of the audit trail; none for what was not tried. */
  readonly event: NewEvent | undefined;
}

export interface HistoryQuery {
  readonly cluster: string;
  /** As names are compared. */
  readonly dnKey?: string | undefined;
  readonly actor?: string | undefined;
  /** The id of the last set of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

const stepColumns = sql`set_id, number, cluster, type, dn, new_dn, status, settled_at, node, version, event_id`;
const rowsAtOnce = 50;
/** Each with up to tens of thousands of steps. */
const setsRemovedAtOnce = 10;

export class ChangeStore {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #now: () => number;

  constructor(store: Store, log: EventLog, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
  }

  /** Resolves when it is on stable storage that these are about to be sent; with the first of a set, the set. @throws StoreError */
  async intend(set: NewChangeSet, intents: readonly Intent[]): Promise<void> {
    const now = this.#now();
    await this.#store.write(async (transaction) => {
      const { id, cluster, title, actor, address, request_id, undo_of } = set;
      await transaction.run(sql`INSERT INTO change_sets
        (id, cluster, title, actor, address, request_id, created_at, active_at, undo_of)
        VALUES ${sqlRows([[id, cluster, title, actor, address, request_id, now, now, undo_of]])}
        ON CONFLICT (id) DO UPDATE SET active_at = excluded.active_at`);
      for (let start = 0; start < intents.length; start += rowsAtOnce) {
        const rows = intents.slice(start, start + rowsAtOnce).map(({ number, type, dn, newDn, dnKey, newDnKey }) => {
          const hashes = [hash(dnKey), newDnKey === undefined ? undefined : hash(newDnKey)];
          return [id, number, cluster, type, storable(dn), newDn && storable(newDn), ...hashes, "open"];
        });
        await transaction.run(sql`INSERT INTO change_steps
          (set_id, number, cluster, type, dn, new_dn, dn_hash, new_dn_hash, status) VALUES ${sqlRows(rows)}`);
      }
    });
  }

  /**
   * Resolves when it is on stable storage, with its event, what became of a change. It may be called again after an error that
   * leaves open whether it was: an outcome is noted once.
   *
   * @throws StoreError
   */
  async settle(outcome: Outcome): Promise<void> {
    await this.#store.write((transaction) => this.#settle(transaction, outcome));
  }

  async #settle(transaction: Transaction, outcome: Outcome): Promise<void> {
    const { setId, number, status, node, version, undo, event } = outcome;
    const open = await transaction.first(
      sql`SELECT 1 FROM change_steps WHERE set_id = ${setId} AND number = ${number} AND status = 'open'`,
    );
    if (open === undefined) return;
    const eventId = event === undefined ? undefined : (await this.#log.appendWith(transaction, event)).id;
    const now = this.#now();
    await transaction.run(sql`UPDATE change_steps SET status = ${status}, settled_at = ${now}, node = ${node},
      version = ${version}, event_id = ${eventId}, undo = ${undo} WHERE set_id = ${setId} AND number = ${number}`);
    await transaction.run(sql`UPDATE change_sets SET ${counted(status)}, active_at = ${now} WHERE id = ${setId}`);
  }

  /**
   * Nothing more is to come of the set.
   *
   * @param undone the set of which every change is undone by this one
   * @param notTried changes that were not even noted
   * @throws StoreError
   */
  async end(setId: string, undone: string | undefined, notTried: number): Promise<void> {
    const now = this.#now();
    await this.#store.write(async (transaction) => {
      await transaction.run(
        sql`UPDATE change_sets SET ended_at = ${now}, not_tried = not_tried + ${notTried} WHERE id = ${setId}`,
      );
      if (undone !== undefined) {
        await transaction.run(sql`UPDATE change_sets SET undone_by = ${setId} WHERE id = ${undone}`);
      }
    });
  }

  get(id: string): Promise<ChangeSetRow | undefined> {
    return this.#store.first<ChangeSetRow>(sql`SELECT * FROM change_sets WHERE id = ${id}`);
  }

  /** The newest first. */
  history({ cluster, dnKey, actor, before, limit }: HistoryQuery): Promise<readonly ChangeSetRow[]> {
    const conditions = [sql`cluster = ${cluster}`];
    if (actor !== undefined) conditions.push(sql`actor = ${actor}`);
    if (before !== undefined) conditions.push(sql`id < ${before}`);
    if (dnKey !== undefined) conditions.push(sql`id IN (${setsOf(cluster, hash(dnKey))})`);
    return this.#store.all<ChangeSetRow>(
      sql`SELECT * FROM change_sets WHERE ${joinSql(conditions, " AND ")} ORDER BY id DESC LIMIT ${limit}`,
    );
  }

  steps(setId: string, after: number, limit: number): Promise<readonly ChangeStepRow[]> {
    return this.#store.all<ChangeStepRow>(sql`SELECT ${stepColumns} FROM change_steps
      WHERE set_id = ${setId} AND number > ${after} ORDER BY number LIMIT ${limit}`);
  }

  /** The steps that were applied, or may have been, with what is sealed; the last first. */
  stepsBackwards(
    setId: string,
    before: number,
    limit: number,
  ): Promise<readonly (ChangeStepRow & { readonly undo: Uint8Array | null })[]> {
    return this.#store.all(sql`SELECT ${stepColumns}, undo FROM change_steps
      WHERE set_id = ${setId} AND number < ${before} AND status IN ('applied', 'in_doubt', 'open')
      ORDER BY number DESC LIMIT ${limit}`);
  }

  /** Steps without an outcome, of sets of which nothing was heard since `time`: whoever sent them has ended without a word. */
  abandoned(time: number, limit: number): Promise<readonly (ChangeStepRow & Pick<ChangeSetRow, "title" | "actor">)[]> {
    return this.#store.all(sql`SELECT set_id, number, change_steps.cluster, type, dn, new_dn, status, settled_at, node,
      version, event_id, title, actor FROM change_steps JOIN change_sets ON id = set_id
      WHERE status = 'open' AND active_at < ${time} ORDER BY set_id, number LIMIT ${limit}`);
  }

  /** Ends sets of which nothing was heard since `time` and that have nothing open. */
  async endSilent(time: number): Promise<void> {
    await this.#store.write((transaction) =>
      transaction.run(sql`UPDATE change_sets SET ended_at = active_at WHERE ended_at IS NULL AND active_at < ${time}
        AND NOT EXISTS (SELECT 1 FROM change_steps WHERE set_id = change_sets.id AND status = 'open')`),
    );
  }

  /** @returns whether there are more */
  async removeOlder(time: number): Promise<boolean> {
    const removed = await this.#store.write((transaction) =>
      transaction.run(sql`DELETE FROM change_sets WHERE id IN
        (SELECT id FROM change_sets WHERE ended_at IS NOT NULL AND created_at < ${time} LIMIT ${setsRemovedAtOnce})`),
    );
    return removed === setsRemovedAtOnce;
  }
}

function setsOf(cluster: string, dnHash: string): Statement {
  return sql`SELECT set_id FROM change_steps WHERE cluster = ${cluster} AND dn_hash = ${dnHash}
    UNION SELECT set_id FROM change_steps WHERE cluster = ${cluster} AND new_dn_hash = ${dnHash}`;
}

function counted(status: ChangeStatus): Statement {
  switch (status) {
    case "applied":
      return sql`applied = applied + 1`;
    case "conflict":
      return sql`conflict = conflict + 1`;
    case "failed":
      return sql`failed = failed + 1`;
    case "in_doubt":
      return sql`in_doubt = in_doubt + 1`;
    case "not_tried":
      return sql`not_tried = not_tried + 1`;
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** PostgreSQL's text has no NUL, and no database has half a surrogate pair. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}
