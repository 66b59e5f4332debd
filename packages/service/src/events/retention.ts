/** How long events are kept: ordinary ones by their severity, the audit trail by an age of its own, from its beginning on. */
import { type Statement, sql } from "../store/statement.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";
import { type EventHead, selectHead } from "./chain.ts";
import { releaseKeys } from "./dedupe-keys.ts";
import { type NewEvent, type Severity, severities } from "./event.ts";

/** Ages in milliseconds. */
export interface Retention extends Readonly<Record<Severity, number>> {
  readonly audit: number | "forever";
}

export interface RemovalOptions {
  readonly store: Store;
  readonly retention: Retention;
  readonly now: number;
  readonly announce: (transaction: Transaction, event: NewEvent) => Promise<unknown>;
  readonly onRemoved: (kind: Severity | "audit", count: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** In a transaction: few enough that whoever writes meanwhile waits for milliseconds only. */
const removedAtOnce = 500;

export async function removeOldEvents(options: RemovalOptions): Promise<void> {
  const { store, retention, now, onRemoved, signal } = options;
  for (const [rank, severity] of severities.entries()) {
    const before = now - retention[severity];
    for (let removed = removedAtOnce; removed === removedAtOnce && signal?.aborted !== true; ) {
      removed = await store.write((transaction) =>
        remove(
          transaction,
          sql`position IN (
            SELECT position FROM events
            WHERE severity = ${rank} AND time < ${before} AND link IS NULL ORDER BY time LIMIT ${removedAtOnce}
          )`,
        ),
      );
      if (removed > 0) onRemoved(severity, removed);
    }
  }
  await store.write((transaction) => transaction.run(sql`DELETE FROM event_dedupe WHERE until <= ${now}`));
  if (retention.audit === "forever") return;
  const before = now - retention.audit;
  for (let removed = removedAtOnce; removed === removedAtOnce && signal?.aborted !== true; ) {
    removed = await store.write((transaction) => trimChain(transaction, before, options));
    if (removed > 0) onRemoved("audit", removed);
  }
}

/** Events, and the dedupe keys that they hold. Resolves to how many events. */
async function remove(transaction: Transaction, condition: Statement): Promise<number> {
  const removed = await transaction.all<{ readonly id: string; readonly key: string | null }>(
    sql`DELETE FROM events WHERE ${condition} RETURNING id, dedupe_key AS key`,
  );
  await releaseKeys(transaction, removed);
  return removed.length;
}

/** The oldest links up to the first that is young enough: the chain then begins after them, and says so itself. */
async function trimChain(transaction: Transaction, before: number, { announce }: RemovalOptions): Promise<number> {
  const lock = transaction.database === "postgres" ? sql` FOR UPDATE` : sql``;
  const head = await transaction.first<EventHead>(sql`${selectHead}${lock}`);
  if (head === undefined) return 0;
  const oldest = await transaction.all<{ readonly link: number; readonly hash: string; readonly time: number }>(
    sql`SELECT link, hash, time FROM events WHERE link > ${head.trimmed_link} ORDER BY link LIMIT ${removedAtOnce}`,
  );
  const young = oldest.findIndex(({ time }) => time >= before);
  const old = young < 0 ? oldest : oldest.slice(0, young);
  const last = old.at(-1);
  if (last === undefined) return 0;
  await remove(transaction, sql`link <= ${last.link}`);
  await transaction.run(sql`UPDATE event_head SET trimmed_link = ${last.link}, trimmed_hash = ${last.hash}`);
  await announce(transaction, {
    type: "audit.trimmed",
    severity: "info",
    subject: "audit trail",
    source: "store",
    data: { links: old.length, upTo: last.link, hash: last.hash },
    audit: true,
  });
  return old.length;
}
