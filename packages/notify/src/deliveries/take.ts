/** How a node gets its work: it takes deliveries that are due for as long as a lease, and what other nodes left behind. */
import { sql, sqlRows, type Transaction } from "@espalier/service";
import type { DeliveryRow } from "./delivery.ts";
import { nextAttemptAt } from "./retry-schedule.ts";
import { skippingLocked } from "./row-lock.ts";

/** In one transaction. */
const lapsedAtOnce = 200;
const buriedAtOnce = 500;

export interface TakeOptions {
  readonly channel: string;
  readonly limit: number;
  /** This node, since its start: a lease from before a crash is not its own. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly now: number;
}

/** The gravest first, then those that have been due for longest. Nobody else gets them until the lease is over. */
export async function takeDue(
  transaction: Transaction,
  { channel, limit, owner, leaseMs, now }: TakeOptions,
): Promise<readonly DeliveryRow[]> {
  const rows = await transaction.all<DeliveryRow>(
    sql`WITH due AS MATERIALIZED (
        SELECT id FROM deliveries WHERE state = 'pending' AND channel = ${channel} AND due_at <= ${now}
        ORDER BY severity, due_at LIMIT ${limit}${skippingLocked(transaction.database)}
      )
      UPDATE deliveries SET state = 'sending', lease_owner = ${owner}, due_at = ${now + leaseMs},
        attempt = attempt + 1, hold_key = NULL
      WHERE id IN (SELECT id FROM due)
      RETURNING id, channel, route, state, severity, event_count, note, created_at, expected_at, due_at, expires_at,
        attempt, attempts_before, reason, finished_at`,
  );
  return [...rows].sort((one, other) => one.severity - other.severity || one.expected_at - other.expected_at);
}

/**
 * Gives back what a node took and did not finish within its lease: it died, or was frozen, or the store was away. Whether the
 * peer got the message nobody knows. Resolves to the channels whose deliveries they were.
 */
export async function releaseLapsed(
  transaction: Transaction,
  { schedule, now }: { readonly schedule: readonly number[]; readonly now: number },
): Promise<readonly string[]> {
  const lapsed = await transaction.all<Pick<DeliveryRow, "id" | "channel" | "attempt" | "attempts_before">>(
    sql`SELECT id, channel, attempt, attempts_before FROM deliveries WHERE state = 'sending' AND due_at <= ${now}
      ORDER BY due_at LIMIT ${lapsedAtOnce}${skippingLocked(transaction.database)}`,
  );
  if (lapsed.length === 0) return [];
  const reason = "the node that sent it did not finish within its lease";
  const isLast = ({ attempt, attempts_before: before }: (typeof lapsed)[number]) =>
    nextAttemptAt({ schedule, failed: attempt - before, now, random: () => 0 }) === undefined;
  const [dead, again] = [lapsed.filter(isLast), lapsed.filter((each) => !isLast(each))];
  if (dead.length > 0) {
    await transaction.run(
      sql`UPDATE deliveries SET state = 'dead', lease_owner = NULL, reason = ${reason}, finished_at = ${now}
        WHERE id IN ${sqlRows([dead.map(({ id }) => id)])}`,
    );
  }
  if (again.length > 0) {
    await transaction.run(
      // Before those that are due since then: it has waited for longer.
      sql`UPDATE deliveries SET state = 'pending', lease_owner = NULL, reason = ${reason}, due_at = created_at
        WHERE id IN ${sqlRows([again.map(({ id }) => id)])}`,
    );
  }
  await transaction.run(
    sql`INSERT INTO delivery_failures (delivery_id, attempt, time, reason)
      VALUES ${sqlRows(lapsed.map(({ id, attempt }) => [id, attempt, now, reason]))} ON CONFLICT DO NOTHING`,
  );
  return lapsed.map(({ channel }) => channel);
}

/** What waits for a channel that is not used any more becomes dead letters, some at a time. Resolves to how many. */
export function buryPending(
  transaction: Transaction,
  { channel, reason, now }: { readonly channel: string; readonly reason: string; readonly now: number },
): Promise<number> {
  return transaction.run(
    sql`WITH waiting AS MATERIALIZED (
        SELECT id FROM deliveries WHERE state = 'pending' AND channel = ${channel}
        LIMIT ${buriedAtOnce}${skippingLocked(transaction.database)}
      )
      UPDATE deliveries SET state = 'dead', hold_key = NULL, reason = ${reason}, finished_at = ${now}
      WHERE id IN (SELECT id FROM waiting)`,
  );
}
