/** An ordered group of backends with a strategy (lloadd's tier). */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class Tier {
  readonly strategy: Strategy;
  readonly backends: readonly Backend[];
  readonly #random: () => number;
  #candidates: Backend[] = [];

  /** `random`: at least 0, less than 1. */
  constructor(strategy: Strategy, backends: readonly Backend[], random: () => number) {
    this.strategy = strategy;
    this.backends = backends;
    this.#random = random;
  }

  /** Those that are as `fits` says and not in `exclude`, in the tier's order. `choose` may reorder the array. */
  candidates(fits: (backend: Backend) => boolean, exclude: ReadonlySet<Backend>): readonly Backend[] {
    // This runs for every operation, and a new array costs less than one that is emptied by its length.
    const candidates: Backend[] = [];
    for (const backend of this.backends) {
      if (fits(backend) && !exclude.has(backend)) candidates.push(backend);
    }
    this.#candidates = candidates;
    return candidates;
  }

  /** One of what `candidates` has just returned, by the strategy. */
  choose(): Backend | undefined {
    const candidates = this.#candidates;
    if (candidates.length > 1 && this.strategy.spreads) this.#passOverSlowStarters();
    return candidates.length === 0 ? undefined : this.strategy.choose(candidates, this.backends);
  }

  /** A backend that has come up a moment ago takes part in as many choices as its share is. */
  #passOverSlowStarters(): void {
    const candidates = this.#candidates;
    let kept = 0;
    for (let index = 0; index < candidates.length; index += 1) {
      const backend = candidates[index]!;
      const share = backend.state.slowStart;
      if (share < 1 && this.#random() >= share) continue;
      // Swapped, not overwritten: where nobody is kept, all must still be there.
      candidates[index] = candidates[kept]!;
      candidates[kept] = backend;
      kept += 1;
    }
    if (kept > 0) candidates.length = kept;
  }
}
