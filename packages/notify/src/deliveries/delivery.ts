/**
 * A delivery: one message on its way to one channel. Its states:
 *
 *     pending ──taken──► sending ──► delivered
 *        ▲                 │  └────► dead        the last attempt failed, or the peer refused it for good
 *        ├── it failed ────┤  └────► expired     nobody needs to hear of it any more
 *        └── lease over ───┘
 *     dead ──replayed──► pending
 *
 * Also a pending one becomes dead, when its channel is disabled or no node has it any more.
 */
import { type Severity, severities } from "@espalier/service";

export type DeliveryState = "pending" | "sending" | "delivered" | "dead" | "expired";

export interface Delivery {
  readonly id: string;
  readonly channel: string;
  readonly route: string;
  readonly state: DeliveryState;
  readonly severity: Severity;
  /** Milliseconds since 1970, as all times. */
  readonly createdAt: number;
  /** Of a pending one: not before. Of one that is being sent: the end of its lease. */
  readonly dueAt: number;
  /** That were begun, those before a replay included. */
  readonly attempts: number;
  readonly events: number;
  /** Why the last attempt failed. */
  readonly reason?: string;
  readonly finishedAt?: number;
}

/** A row of the table `deliveries`. */
export interface DeliveryRow {
  readonly id: string;
  readonly channel: string;
  readonly route: string;
  readonly state: DeliveryState;
  readonly severity: number;
  readonly event_count: number;
  readonly note: string | null;
  readonly created_at: number;
  readonly expected_at: number;
  readonly due_at: number;
  readonly expires_at: number | null;
  readonly attempt: number;
  readonly attempts_before: number;
  readonly reason: string | null;
  readonly finished_at: number | null;
}

/** The channel of the store that is woken when something may be due. */
export const deliveriesWake = "deliveries";

export function deliveryOfRow(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    channel: row.channel,
    route: row.route,
    state: row.state,
    severity: severities[row.severity]!,
    createdAt: row.created_at,
    dueAt: row.due_at,
    attempts: row.attempt,
    events: row.event_count,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}
