/** The history of replication in the store: samples of the lag, and the troubles that were reported. */
import { type EventLog, type Store, sql, sqlRows } from "@espalier/service";
import type { LagCell } from "./lag.ts";
import { type Finding, nextTroubles, type Trouble } from "./troubles.ts";

export interface Round {
  readonly cluster: string;
  /** On the grid of the interval, milliseconds since 1970. */
  readonly at: number;
  readonly cells: readonly Pick<LagCell, "node" | "serverId" | "lagMs">[];
  readonly findings: readonly Finding[];
  /** Nodes that could not be asked. */
  readonly silent: ReadonlySet<string>;
}

/** A point of a series: of all samples within its slot. */
export interface HistoryPoint {
  readonly node: string;
  /** Empty where no server id is known. */
  readonly serverId: string;
  /** Where the slot begins. */
  readonly at: number;
  /** The largest; `undefined` where none is known. */
  readonly lagMs: number | undefined;
  readonly samples: number;
  readonly unknown: number;
}

export interface HistoryQuery {
  readonly cluster: string;
  readonly from: number;
  readonly until: number;
  readonly slotMs: number;
}

export class HistoryStore {
  readonly #store: Store;
  readonly #log: EventLog;

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
  }

  /** Stores the samples together with the events that they call for. False where another manager has noted this round. */
  note({ cluster, at, cells, findings, silent }: Round): Promise<boolean> {
    return this.#store.write(async (transaction) => {
      const claimed = await transaction.run(
        sql`INSERT INTO replication_rounds (cluster, at) VALUES (${cluster}, ${at}) ON CONFLICT DO NOTHING`,
      );
      if (claimed === 0) return false;
      if (cells.length > 0) {
        const rows = sqlRows(cells.map(({ node, serverId, lagMs }) => [cluster, at, node, serverId, lagMs]));
        transaction.send(sql`INSERT INTO replication_samples (cluster, at, node, server_id, lag_ms) VALUES ${rows}`);
      }
      const before = await transaction.all<TroubleRow>(
        sql`SELECT subject, node, state, since FROM replication_troubles WHERE cluster = ${cluster}`,
      );
      const known = before.map((row) => ({ ...row, since: Number(row.since) }));
      const { troubles, events } = nextTroubles(cluster, findings, known, silent, at);
      transaction.send(sql`DELETE FROM replication_troubles WHERE cluster = ${cluster}`);
      if (troubles.length > 0) {
        const rows = sqlRows(troubles.map(({ subject, node, state, since }) => [cluster, subject, node, state, since]));
        transaction.send(sql`INSERT INTO replication_troubles (cluster, subject, node, state, since) VALUES ${rows}`);
      }
      for (const event of events) await this.#log.appendWith(transaction, event);
      return true;
    });
  }

  async read({ cluster, from, until, slotMs }: HistoryQuery): Promise<HistoryPoint[]> {
    const rows = await this.#store.all<PointRow>(sql`
      SELECT node, server_id, at - at % ${slotMs} AS slot, MAX(lag_ms) AS lag_ms, COUNT(*) AS samples, COUNT(lag_ms) AS known
      FROM replication_samples WHERE cluster = ${cluster} AND at >= ${from} AND at < ${until}
      GROUP BY node, server_id, slot ORDER BY node, server_id, slot`);
    return rows.map((row) => ({
      node: row.node,
      serverId: row.server_id,
      at: Number(row.slot),
      lagMs: row.lag_ms === null ? undefined : Number(row.lag_ms),
      samples: Number(row.samples),
      unknown: Number(row.samples) - Number(row.known),
    }));
  }

  async removeOlder(than: number): Promise<void> {
    await this.#store.write(async (transaction) => {
      await transaction.run(sql`DELETE FROM replication_samples WHERE at < ${than}`);
      await transaction.run(sql`DELETE FROM replication_rounds WHERE at < ${than}`);
    });
  }
}

type TroubleRow = Omit<Trouble, "since"> & { readonly since: number | string };

interface PointRow {
  readonly node: string;
  readonly server_id: string;
  readonly slot: number | string;
  readonly lag_ms: number | string | null;
  readonly samples: number | string;
  readonly known: number | string;
}
