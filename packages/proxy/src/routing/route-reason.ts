/** Why an operation went to the backend that it went to: for the access log and the metrics. */
import type { StrategyName } from "./strategy.ts";

export type RouteReason =
  /** The tier's strategy chose. */
  | StrategyName
  /** The client has written, or its entry was written, a moment ago: it reads where that is known. */
  | "after-write"
  | "write-node"
  /** The backend that this DN's binds go to. */
  | "bind-hash"
  /** Every backend is down: one was tried all the same. */
  | "panic"
  /** The client has a connection of its own there. */
  | "pinned";
