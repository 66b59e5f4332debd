/** What all nodes know of a channel that gives trouble: since when it fails, whether it is to be left alone for now, or for good. */
import { type EventLog, formatDuration, type Store, sql, type Transaction } from "@espalier/service";
import { channelDisabled } from "../routes/routing-pass.ts";
import { deliveriesWake } from "./delivery.ts";

export interface ChannelState {
  readonly failingSince?: number;
  readonly pausedUntil?: number;
  /** How often it has asked for less since its last success. */
  readonly pauses: number;
  readonly disabled?: { readonly at: number; readonly reason: string };
}

interface ChannelStateRow {
  readonly channel: string;
  readonly failing_since: number | null;
  readonly paused_until: number | null;
  readonly pauses: number;
  readonly disabled_at: number | null;
  readonly disabled_reason: string | null;
}

const minPauseMs = 1_000;
const maxPauseMs = 60_000;
/** A peer that asks for more of a pause is asked again after this: other messages may be welcome. */
const maxAskedPauseMs = 3_600_000;

/** Only of those that have had trouble. */
export async function readChannelStates(store: Store): Promise<ReadonlyMap<string, ChannelState>> {
  const rows = await store.all<ChannelStateRow>(sql`SELECT * FROM channel_states`);
  return new Map(
    rows.map((row) => {
      const { failing_since: failingSince, paused_until: pausedUntil, pauses, disabled_at: at } = row;
      const state = {
        pauses,
        ...(failingSince === null ? {} : { failingSince }),
        ...(pausedUntil === null ? {} : { pausedUntil }),
        ...(at === null ? {} : { disabled: { at, reason: row.disabled_reason ?? "" } }),
      };
      return [row.channel, state];
    }),
  );
}

/** It works again. One that is disabled stays so. */
export function recordSuccess(transaction: Transaction, channel: string): Promise<number> {
  return transaction.run(
    sql`UPDATE channel_states SET failing_since = NULL, paused_until = NULL, pauses = 0 WHERE channel = ${channel}`,
  );
}

/** Resolves to the first of its failures since its last success. */
export async function recordFailure(transaction: Transaction, channel: string, now: number): Promise<number> {
  const row = await transaction.first<{ readonly failing_since: number }>(
    sql`INSERT INTO channel_states (channel, failing_since) VALUES (${channel}, ${now})
      ON CONFLICT (channel) DO UPDATE SET failing_since = coalesce(channel_states.failing_since, excluded.failing_since)
      RETURNING failing_since`,
  );
  return row?.failing_since ?? now;
}

/** Its peer wants less: nobody sends for as long as it asked for, or else 1 s, 2 s and so on up to a minute. */
export async function pause(
  transaction: Transaction,
  channel: string,
  { now, retryAfterMs }: { readonly now: number; readonly retryAfterMs: number | undefined },
): Promise<void> {
  const row = await transaction.first<{ readonly pauses: number }>(
    sql`UPDATE channel_states SET pauses = pauses + 1 WHERE channel = ${channel} RETURNING pauses`,
  );
  const asked = Math.min(retryAfterMs ?? 0, maxAskedPauseMs);
  const growing = Math.min(minPauseMs * 2 ** ((row?.pauses ?? 1) - 1), maxPauseMs);
  const until = now + (asked > 0 ? asked : growing);
  await transaction.run(
    sql`UPDATE channel_states SET paused_until = ${until}
      WHERE channel = ${channel} AND (paused_until IS NULL OR paused_until < ${until})`,
  );
}

/** Once: announces it, in the same transaction, by an event that is routed to another channel. */
export async function disableChannel(
  transaction: Transaction,
  log: EventLog,
  { channel, kind, reason, now }: { channel: string; kind: string; reason: string; now: number },
): Promise<void> {
  const disabled = await transaction.first<{ readonly failing_since: number | null }>(
    sql`INSERT INTO channel_states (channel, disabled_at, disabled_reason) VALUES (${channel}, ${now}, ${reason})
      ON CONFLICT (channel) DO UPDATE SET disabled_at = excluded.disabled_at, disabled_reason = excluded.disabled_reason
      WHERE channel_states.disabled_at IS NULL RETURNING failing_since`,
  );
  if (disabled === undefined) return;
  const { failing_since: since } = disabled;
  const failingFor = since === null ? {} : { failingFor: formatDuration(Math.floor((now - since) / 60_000) * 60_000) };
  await log.appendWith(transaction, {
    type: channelDisabled,
    severity: "high",
    subject: channel,
    source: "notify",
    data: { kind, reason, ...failingFor, advice: `mend it, then: espalier notify enable ${channel}` },
  });
}

/** Resolves to whether it was disabled. What was for it in the meantime is among the dead letters. */
export async function enableChannel(store: Store, log: EventLog, channel: string, actor: string): Promise<boolean> {
  return store.write(async (transaction) => {
    const enabled = await transaction.run(
      sql`DELETE FROM channel_states WHERE channel = ${channel} AND disabled_at IS NOT NULL`,
    );
    if (enabled === 0) return false;
    await log.appendWith(transaction, {
      type: "channel.enabled",
      severity: "info",
      subject: channel,
      source: "notify",
      actor,
      audit: true,
    });
    transaction.wake(deliveriesWake);
    return true;
  });
}
