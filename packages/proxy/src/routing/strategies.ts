/** The strategies by the names that the configuration has for them. */
import { FirstOnly } from "./first-only.ts";
import { LastFirst } from "./last-first.ts";
import { LeastPending } from "./least-pending.ts";
import { LowestLatency } from "./lowest-latency.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Strategy, StrategyName } from "./strategy.ts";
import { Weighted } from "./weighted.ts";

const strategies: Readonly<Record<StrategyName, (random: () => number) => Strategy>> = {
  "round-robin": () => new RoundRobin(),
  weighted: () => new Weighted(),
  "least-pending": () => new LeastPending(),
  "lowest-latency": (random) => new LowestLatency(random),
  "last-first": () => new LastFirst(),
  "first-only": () => new FirstOnly(),
};

/** A new one, for one tier. `random`: at least 0, less than 1. */
export function createStrategy(name: StrategyName, random: () => number): Strategy {
  return strategies[name](random);
}
