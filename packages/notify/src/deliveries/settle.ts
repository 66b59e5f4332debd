/** What becomes of a delivery after an attempt. */
import { type EventLog, sql, type Transaction } from "@espalier/service";
import type { Channel, SendOutcome } from "../channels/channel.ts";
import { disableChannel, pause, recordFailure, recordSuccess } from "./channel-state.ts";
import type { DeliveriesConfig } from "./config.ts";
import type { DeliveryRow, DeliveryState } from "./delivery.ts";
import { nextAttemptAt } from "./retry-schedule.ts";

/** A sentence of a peer may be a page. */
const maxReasonLength = 500;

export type AttemptOutcome =
  | SendOutcome
  /** Nobody needs to hear of it any more; nothing was sent. */
  | { readonly status: "expired" };

export interface SettleOptions {
  readonly log: EventLog;
  readonly channel: Pick<Channel, "name" | "kind">;
  readonly delivery: DeliveryRow;
  readonly owner: string;
  readonly outcome: AttemptOutcome;
  readonly config: Pick<DeliveriesConfig, "retries" | "disableAfter">;
  /** Whether the channel is known to have had trouble, of which a success has to be noted. */
  readonly hadTrouble: boolean;
  readonly now: number;
  readonly random: () => number;
}

/** What came of the attempt; `lost` when the lease was over and somebody else may have it by now. */
export type Settled = "success" | "retry" | "failure" | "expired" | "lost";

export async function settle(transaction: Transaction, options: SettleOptions): Promise<Settled> {
  const { outcome, channel, hadTrouble, now } = options;
  switch (outcome.status) {
    case "delivered":
      if (!(await finish(transaction, options, "delivered", null))) return "lost";
      if (hadTrouble) await recordSuccess(transaction, channel.name);
      return "success";
    case "expired":
      return (await finish(transaction, options, "expired", null)) ? "expired" : "lost";
    case "failed":
    case "disabled": {
      const reason = shortened(outcome.reason);
      if (!(await finish(transaction, options, "dead", reason))) return "lost";
      await noteFailure(transaction, options, reason);
      if (outcome.status === "disabled") {
        await disableChannel(transaction, options.log, { channel: channel.name, kind: channel.kind, reason, now });
      }
      return "failure";
    }
    case "retry":
      return tryAgain(transaction, options, outcome);
  }
}

async function tryAgain(
  transaction: Transaction,
  options: SettleOptions,
  outcome: Extract<AttemptOutcome, { status: "retry" }>,
): Promise<Settled> {
  const { delivery, owner, channel, config, now, random } = options;
  const { retryAfterMs, slowDown = false } = outcome;
  const reason = shortened(outcome.reason);
  const failed = delivery.attempt - delivery.attempts_before;
  const nextAt = nextAttemptAt({ schedule: config.retries, failed, now, retryAfterMs, random });
  if (nextAt === undefined) {
    if (!(await finish(transaction, options, "dead", reason))) return "lost";
  } else {
    const changed = await transaction.run(
      sql`UPDATE deliveries SET state = 'pending', lease_owner = NULL, due_at = ${nextAt}, reason = ${reason}
        WHERE id = ${delivery.id} AND lease_owner = ${owner} AND attempt = ${delivery.attempt}`,
    );
    if (changed === 0) return "lost";
  }
  await noteFailure(transaction, options, reason);
  if (slowDown) await pause(transaction, channel.name, { now, retryAfterMs });
  return nextAt === undefined ? "failure" : "retry";
}

/** Resolves to whether the delivery was still this node's. */
async function finish(
  transaction: Transaction,
  { delivery, owner, now }: SettleOptions,
  state: DeliveryState,
  reason: string | null,
): Promise<boolean> {
  const changed = await transaction.run(
    sql`UPDATE deliveries SET state = ${state}, lease_owner = NULL, reason = ${reason}, finished_at = ${now}
      WHERE id = ${delivery.id} AND lease_owner = ${owner} AND attempt = ${delivery.attempt}`,
  );
  return changed > 0;
}

async function noteFailure(transaction: Transaction, options: SettleOptions, reason: string): Promise<void> {
  const { delivery, channel, log, config, now } = options;
  await transaction.run(
    sql`INSERT INTO delivery_failures (delivery_id, attempt, time, reason)
      VALUES (${delivery.id}, ${delivery.attempt}, ${now}, ${reason}) ON CONFLICT DO NOTHING`,
  );
  const since = await recordFailure(transaction, channel.name, now);
  if (now - since < config.disableAfter) return;
  await disableChannel(transaction, log, { channel: channel.name, kind: channel.kind, reason, now });
}

function shortened(reason: string): string {
  const text = reason.replaceAll("\0", "\ufffd").toWellFormed();
  return text.length > maxReasonLength ? `${text.slice(0, maxReasonLength - 1)}…` : text;
}
