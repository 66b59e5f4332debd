/** Deliveries of every state, the newest first: what went where, and what is on its way. */
import { joinSql, type Store, sql, sqlRows } from "@espalier/service";
import { type Delivery, type DeliveryRow, type DeliveryState, deliveryOfRow } from "./delivery.ts";

export interface DeliveryFilter {
  readonly states?: readonly DeliveryState[];
  /** One of these. */
  readonly channels: readonly string[];
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  /** The id of the last, where there are more: `before` of the next page. */
  readonly cursor?: string;
}

export async function listDeliveries(
  store: Store,
  { states, channels }: DeliveryFilter,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<DeliveryPage> {
  if (channels.length === 0) return { deliveries: [] };
  const conditions = [sql`channel IN ${sqlRows([channels])}`];
  if (states !== undefined && states.length > 0) conditions.push(sql`state IN ${sqlRows([states])}`);
  // Ids begin with the time at which they were made (RFC 9562 §5.7).
  if (before !== undefined) conditions.push(sql`id < ${before}`);
  const rows = await store.all<DeliveryRow>(
    sql`SELECT * FROM deliveries WHERE ${joinSql(conditions, " AND ")} ORDER BY id DESC LIMIT ${limit + 1}`,
  );
  const deliveries = rows.slice(0, limit).map(deliveryOfRow);
  const last = deliveries.at(-1);
  return rows.length > limit && last !== undefined ? { deliveries, cursor: last.id } : { deliveries };
}

export interface ChannelCounts {
  readonly pending: number;
  readonly dead: number;
  /** Milliseconds since 1970; of those that are still listed. */
  readonly lastDeliveredAt?: number;
}

/** Of the channels that have deliveries. */
export async function countDeliveries(store: Store): Promise<ReadonlyMap<string, ChannelCounts>> {
  const rows = await store.all<{
    readonly channel: string;
    readonly pending: number;
    readonly dead: number;
    readonly delivered: number | null;
  }>(
    sql`SELECT channel, count(CASE WHEN state IN ('pending', 'sending') THEN 1 END) AS pending,
      count(CASE WHEN state = 'dead' THEN 1 END) AS dead,
      max(CASE WHEN state = 'delivered' THEN finished_at END) AS delivered
      FROM deliveries GROUP BY channel`,
  );
  return new Map(
    rows.map(({ channel, pending, dead, delivered }) => [
      channel,
      {
        pending: Number(pending),
        dead: Number(dead),
        ...(delivered === null ? {} : { lastDeliveredAt: Number(delivered) }),
      },
    ]),
  );
}
