/** How the queue of deliveries is, for the checks of what runs. */
import { type Store, sql } from "@espalier/service";

export interface QueueState {
  /** Deliveries that wait, for their time or for a worker. */
  readonly waiting: number;
  /** For how long the delivery has been due that has been due for longest. */
  readonly oldestSeconds: number;
  /** Deliveries that were given up, and were neither sent again nor purged. */
  readonly dead: number;
}

/** @throws StoreError */
export async function readQueueState(store: Store, now: number): Promise<QueueState> {
  const row = await store.first<{ readonly waiting: number; readonly due: number | null; readonly dead: number }>(
    sql`SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending') AS waiting,
      (SELECT min(due_at) FROM deliveries WHERE state = 'pending') AS due,
      (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead`,
  );
  return {
    waiting: row?.waiting ?? 0,
    oldestSeconds: Math.max(0, Math.round((now - (row?.due ?? now)) / 1_000)),
    dead: row?.dead ?? 0,
  };
}
