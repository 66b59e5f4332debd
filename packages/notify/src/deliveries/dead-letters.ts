/** Dead letters: what did not arrive and is not tried any more, until somebody sends it again or throws it away. */
import { type EventLog, joinSql, type Statement, type Store, type StoredEvent, sql, sqlRows } from "@espalier/service";
import { readChannelStates } from "./channel-state.ts";
import { readContents } from "./compose.ts";
import { type Delivery, type DeliveryRow, deliveriesWake, deliveryOfRow } from "./delivery.ts";
import { DeliveryError } from "./delivery-error.ts";

/** Each that is given must hold. */
export interface DeadLetterFilter {
  readonly channel?: string;
  readonly route?: string;
  /** When they died, in milliseconds since 1970: not before, and before. */
  readonly from?: number;
  readonly until?: number;
  /** They tell of an event of this type, or below a name such as `backend.*`. */
  readonly type?: string;
}

export interface DeadLetterPage {
  /** Those that died last first. */
  readonly deliveries: readonly Delivery[];
  readonly cursor?: string;
}

/** Without links and their tokens; the events are as the log has them, which keeps no secrets. */
export interface DeadLetter extends Delivery {
  /** Those that the log still has. */
  readonly told: readonly StoredEvent[];
  readonly failures: readonly { readonly attempt: number; readonly time: number; readonly reason: string }[];
}

export interface Replayed {
  readonly replayed: number;
  /** Left as they are, because their channels are disabled. */
  readonly skipped: number;
}

export interface DeadLettersOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly now?: () => number;
}

const changedAtOnce = 200;
const maxLimit = 1_000;

export class DeadLetters {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #now: () => number;

  constructor({ store, log, now = Date.now }: DeadLettersOptions) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
  }

  /** @param options.cursor of the page before @throws DeliveryError */
  async list(
    filter: DeadLetterFilter = {},
    { limit = 50, cursor }: { readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<DeadLetterPage> {
    const size = Math.min(Math.max(1, limit), maxLimit);
    const conditions = [...conditionsOf(filter), ...(cursor === undefined ? [] : [afterCursor(cursor)])];
    const rows = await this.#store.all<DeliveryRow>(
      sql`SELECT * FROM deliveries WHERE ${joinSql(conditions, " AND ")}
        ORDER BY finished_at DESC, id DESC LIMIT ${size + 1}`,
    );
    const deliveries = rows.slice(0, size).map(deliveryOfRow);
    const last = deliveries.at(-1);
    return rows.length > size && last !== undefined
      ? { deliveries, cursor: `${last.finishedAt}.${last.id}` }
      : { deliveries };
  }

  /** Also of a delivery that is not dead. @throws DeliveryError */
  async show(id: string): Promise<DeadLetter> {
    const row = await this.#store.first<DeliveryRow>(sql`SELECT * FROM deliveries WHERE id = ${id}`);
    if (row === undefined) throw new DeliveryError("ERR_DELIVERY_UNKNOWN", `there is no delivery ${id}`);
    const contents = await readContents(this.#store, [row]);
    const failures = await this.#store.all<DeadLetter["failures"][number]>(
      sql`SELECT attempt, time, reason FROM delivery_failures WHERE delivery_id = ${id} ORDER BY attempt`,
    );
    return { ...deliveryOfRow(row), told: contents.get(id)?.events ?? [], failures };
  }

  /** Sends it again from the beginning of the schedule, under the same id. @throws DeliveryError */
  async replay(id: string, actor: string): Promise<void> {
    const { channel, state } = await this.show(id);
    if (state !== "dead") throw new DeliveryError("ERR_DELIVERY_UNKNOWN", `the delivery ${id} is ${state}, not dead`);
    const { disabled } = (await readChannelStates(this.#store)).get(channel) ?? {};
    if (disabled !== undefined) {
      const advice = `enable it first: espalier notify enable ${channel}`;
      throw new DeliveryError(
        "ERR_DELIVERY_CHANNEL",
        `the channel ${channel} is disabled (${disabled.reason}); ${advice}`,
      );
    }
    const { replayed } = await this.#replay([sql`id = ${id}`], actor);
    if (replayed === 0) throw new DeliveryError("ERR_DELIVERY_UNKNOWN", `the delivery ${id} is not dead any more`);
  }

  /** Those that match and whose channels are not disabled. */
  replayAll(filter: DeadLetterFilter, actor: string): Promise<Replayed> {
    return this.#replay(conditionsOf(filter), actor);
  }

  /** Throws away those that match. Resolves to how many. */
  async purge(filter: DeadLetterFilter, actor: string): Promise<number> {
    const where = joinSql(conditionsOf(filter), " AND ");
    const deadBefore = this.#now();
    const purged = await this.#inBatches(
      sql`DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE ${where} AND finished_at <= ${deadBefore} LIMIT ${changedAtOnce}
      )`,
    );
    this.#report("dead-letters.purged", purged, filter, actor);
    return purged;
  }

  async #replay(conditions: readonly Statement[], actor: string): Promise<Replayed> {
    const states = await readChannelStates(this.#store);
    const disabled = [...states].filter(([, state]) => state.disabled !== undefined).map(([channel]) => channel);
    // What dies again meanwhile is left dead.
    const all = sql`${joinSql(conditions, " AND ")} AND state = 'dead' AND finished_at <= ${this.#now()}`;
    const where = disabled.length === 0 ? all : sql`${all} AND channel NOT IN ${sqlRows([disabled])}`;
    const replayed = await this.#inBatches(
      sql`UPDATE deliveries SET state = 'pending', due_at = ${this.#now()}, expected_at = ${this.#now()},
          finished_at = NULL, attempts_before = attempt
        WHERE id IN (SELECT id FROM deliveries WHERE ${where} LIMIT ${changedAtOnce})`,
    );
    const left = await this.#store.first<{ readonly count: number }>(
      sql`SELECT count(*) AS count FROM deliveries WHERE ${all}`,
    );
    this.#report("dead-letters.replayed", replayed, {}, actor);
    return { replayed, skipped: left?.count ?? 0 };
  }

  async #inBatches(statement: Statement): Promise<number> {
    let total = 0;
    for (;;) {
      const changed = await this.#store.write((transaction) => {
        transaction.wake(deliveriesWake);
        return transaction.run(statement);
      });
      total += changed;
      if (changed < changedAtOnce) return total;
    }
  }

  #report(type: string, count: number, filter: DeadLetterFilter, actor: string): void {
    if (count === 0) return;
    const data = { count, ...filter };
    this.#log.emit({ type, severity: "info", subject: "dead letters", source: "notify", actor, data, audit: true });
  }
}

function conditionsOf({ channel, route, from, until, type }: DeadLetterFilter): readonly Statement[] {
  const conditions = [sql`state = 'dead'`];
  if (channel !== undefined) conditions.push(sql`channel = ${channel}`);
  if (route !== undefined) conditions.push(sql`route = ${route}`);
  if (from !== undefined) conditions.push(sql`finished_at >= ${from}`);
  if (until !== undefined) conditions.push(sql`finished_at < ${until}`);
  if (type !== undefined) {
    const name = type.endsWith(".*") ? type.slice(0, -2) : undefined;
    const matched = name === undefined ? sql`type = ${type}` : sql`(type >= ${`${name}.`} AND type < ${`${name}/`})`;
    conditions.push(
      sql`id IN (SELECT delivery_id FROM delivery_events JOIN events ON events.id = event_id WHERE ${matched})`,
    );
  }
  return conditions;
}

function afterCursor(cursor: string): Statement {
  const [, time, id] = /^(\d{1,16})\.([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (id === undefined) throw new DeliveryError("ERR_DELIVERY_CURSOR", "that is no cursor of this list");
  return sql`(finished_at, id) < (${Number(time)}, ${id})`;
}
