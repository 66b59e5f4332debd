/** How a tier chooses one of its backends. */
import type { Backend } from "../backend/backend.ts";

export type StrategyName =
  | "round-robin"
  | "weighted"
  | "least-pending"
  | "lowest-latency"
  | "last-first"
  | "first-only";

/** One file each. Called for every operation: no promise, no allocation. */
export interface Strategy {
  readonly name: StrategyName;
  /** Whether work is spread over the backends; a backend that has just come up then gets little of it at first. */
  readonly spreads: boolean;
  /**
   * One of `candidates`, or `undefined` where this strategy wants none of them. They are some of `backends`, which are all of the
   * tier, in the same order; the array is the caller's and changes after the call.
   */
  choose(candidates: readonly Backend[], backends: readonly Backend[]): Backend | undefined;
}
