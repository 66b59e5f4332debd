/** What the primary process and those that serve say to each other, over Node's IPC channel: lists of these. Plain data, no secret. */
import type { CheckResult, MetricsSnapshot, NewEvent } from "@espalier/service";
import type { BindAttempt } from "../backoff/attempt.ts";
import type { Failures } from "../backoff/known-failures.ts";
import type { BackoffDecision } from "../backoff/ledger.ts";
import type { BindEnding } from "./remote-ledger.ts";

export type ToPrimary =
  /** It serves. */
  | { readonly type: "serving" }
  | { readonly type: "check"; readonly id: number; readonly attempt: BindAttempt }
  | { readonly type: "bindEnded"; readonly how: BindEnding; readonly attempt: BindAttempt }
  /** How many connections it has, from an address or, without one, in all. */
  | { readonly type: "connections"; readonly address?: string | undefined; readonly count: number }
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
  /** What has newly gone wrong or, to one that has just begun, all that has. */
  | { readonly type: "failures"; readonly failures: Failures }
  /** How many the other processes have. */
  | { readonly type: "connections"; readonly address?: string | undefined; readonly others: number }
  | { readonly type: "askState"; readonly id: number }
  | { readonly type: "reload" };
