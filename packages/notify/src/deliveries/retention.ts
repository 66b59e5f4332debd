/** What is dropped of deliveries and incidents, and what gave up waiting. Several nodes may do so at the same time. */
import { type Statement, type Store, sql } from "@espalier/service";
import type { DeliveriesConfig } from "./config.ts";
import { buryPending } from "./take.ts";

export interface RetentionOptions {
  readonly store: Store;
  readonly config: Pick<DeliveriesConfig, "keep" | "keepDead">;
  /** That this node has. */
  readonly channels: ReadonlySet<string>;
  readonly now: number;
  readonly signal?: AbortSignal;
}

/** In a transaction: few enough that whoever writes meanwhile waits for milliseconds only. */
const removedAtOnce = 500;
/** A channel that no node has had for so long was taken out of the configuration. */
const orphanedMs = 86_400_000;

export async function removeOldDeliveries({ store, config, channels, now, signal }: RetentionOptions): Promise<void> {
  const ages = [
    ["delivered", config.keep],
    ["expired", config.keep],
    ["dead", config.keepDead],
  ] as const;
  const removals = ages.map(([state, keptMs]) => {
    const old = sql`state = ${state} AND finished_at < ${now - keptMs}`;
    return sql`DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE ${old} LIMIT ${removedAtOnce})`;
  });
  // An incident of which nothing was heard for so long will not be ended by an event any more.
  const silent = sql`closed_at IS NULL AND last_at < ${now - config.keepDead}`;
  const closings = sql`UPDATE incidents SET closed_at = ${now}
    WHERE id IN (SELECT id FROM incidents WHERE ${silent} LIMIT ${removedAtOnce})`;
  const over = sql`closed_at < ${now - config.keep}`;
  const incidents = sql`DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE ${over} LIMIT ${removedAtOnce})`;
  for (const statement of [...removals, closings, incidents]) await inBatches(store, statement, signal);
  await store.write((transaction) => transaction.run(sql`DELETE FROM route_dedupe WHERE until <= ${now}`));
  await buryOrphans(store, channels, now, signal);
}

async function inBatches(store: Store, statement: Statement, signal: AbortSignal | undefined): Promise<void> {
  for (let changed = removedAtOnce; changed === removedAtOnce && signal?.aborted !== true; ) {
    changed = await store.write((transaction) => transaction.run(statement));
  }
}

async function buryOrphans(
  store: Store,
  channels: ReadonlySet<string>,
  now: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const waiting = await store.all<{ readonly channel: string }>(
    sql`SELECT DISTINCT channel FROM deliveries WHERE state = 'pending' AND due_at < ${now - orphanedMs}`,
  );
  const reason = "no node has had a channel of that name for a day";
  for (const { channel } of waiting) {
    if (channels.has(channel)) continue;
    while (signal?.aborted !== true) {
      if ((await store.write((transaction) => buryPending(transaction, { channel, reason, now }))) === 0) break;
    }
  }
}
