/** What the primary process and those that serve say to each other, over Node's IPC channel: lists of these. Plain data, no secret. */
import type { CheckResult, MetricsSnapshot, NewEvent } from "@espalier/service";
import type { BindAttempt } from "../backoff/attempt.ts";
import type { BackoffDecision } from "../backoff/ledger.ts";

export type ToPrimary =
  /** It serves. */
  | { readonly type: "serving" }
  | { readonly type: "check"; readonly id: number; readonly attempt: BindAttempt }
  | { readonly type: "bindEnded"; readonly how: "failed" | "succeeded" | "unverified"; readonly attempt: BindAttempt }
  /** A connection was opened (+1) or closed (−1). */
  | { readonly type: "connection"; readonly address: string; readonly change: 1 | -1 }
  /** Something happened that the log is to know of. */
  | { readonly type: "event"; readonly event: NewEvent }
  | {
      readonly type: "state";
      readonly id: number;
      readonly metrics: MetricsSnapshot;
      readonly checks: Readonly<Record<string, CheckResult>>;
    };

export type ToWorker =
  /** The first: the back-off's secret, in base64, the same in all processes. */
  | { readonly type: "start"; readonly secret: string }
  | { readonly type: "decision"; readonly id: number; readonly decision: BackoffDecision }
  /** Connections of the other processes: in all, and from the one address that has changed. */
  | {
      readonly type: "connections";
      readonly others: number;
      readonly address: string;
      readonly othersFromAddress: number;
    }
  | { readonly type: "askState"; readonly id: number }
  | { readonly type: "reload" };
