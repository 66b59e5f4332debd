/**
 * The faster of two taken at random (lloadd's bestof; Mitzenmacher, "The Power of Two Choices"): never the slowest, and yet
 * nobody is overrun, as the very fastest of all would be between two measurements.
 */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

/** One choice in so many is not compared: a backend that was slow once is measured again. */
const exploreOneIn = 16;

export class LowestLatency implements Strategy {
  readonly name = "lowest-latency";
  readonly spreads = true;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  choose(candidates: readonly Backend[]): Backend | undefined {
    const count = candidates.length;
    const one = Math.floor(this.#random() * count);
    if (count < 2 || this.#random() < 1 / exploreOneIn) return candidates[one];
    // Any but the first: `other` starts after it and does not come round to it.
    const other = (one + 1 + Math.floor(this.#random() * (count - 1))) % count;
    const [first, second] = [candidates[one]!, candidates[other]!];
    return expectedWait(second) < expectedWait(first) ? second : first;
  }
}

/** Latency as measured, times what is already under way. A backend of which nothing is known yet is tried first. */
function expectedWait({ connections, weight }: Backend): number {
  return ((connections.latencyMs ?? 0) * (connections.pending + 1)) / Math.max(1, weight);
}
