/** Whether messages get out, for `/health`: looked at now and then, told from memory. */
import { type CheckResult, type Store, sql } from "@espalier/service";

/** A delivery that has been due for so long waits for something that somebody should know of. */
const lateMs = 600_000;
const intervalMs = 5_000;

export class QueueWatch {
  readonly #store: Store;
  #lookedMs = 0;
  #found = { overdueMs: 0, unrouted: 0 };

  constructor(store: Store) {
    this.#store = store;
  }

  async look(now: number): Promise<void> {
    if (now - this.#lookedMs < intervalMs) return;
    this.#lookedMs = now;
    const row = await this.#store.first<{ readonly due: number | null; readonly behind: number | null }>(
      sql`SELECT (SELECT min(due_at) FROM deliveries WHERE state = 'pending') AS due,
        (SELECT max(position) FROM events) - (SELECT position FROM routing) AS behind`,
    );
    this.#found = { overdueMs: Math.max(0, now - (row?.due ?? now)), unrouted: Math.max(0, row?.behind ?? 0) };
  }

  check(): CheckResult {
    const { overdueMs, unrouted } = this.#found;
    const details = { oldestDueSeconds: Math.round(overdueMs / 1_000), unroutedEvents: unrouted };
    return { status: overdueMs > lateMs ? "degraded" : "ok", ...details };
  }
}
