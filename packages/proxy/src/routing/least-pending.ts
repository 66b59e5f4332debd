/** The one with the fewest operations under way for its weight; among equals, in turn. */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class LeastPending implements Strategy {
  readonly name = "least-pending";
  readonly spreads = true;
  #turn = 0;

  choose(candidates: readonly Backend[]): Backend | undefined {
    let chosen: Backend | undefined;
    let least = Number.POSITIVE_INFINITY;
    const first = this.#turn++;
    for (let step = 0; step < candidates.length; step += 1) {
      const backend = candidates[(first + step) % candidates.length]!;
      const load = (backend.connections.pending + 1) / Math.max(1, backend.weight);
      if (load >= least) continue;
      chosen = backend;
      least = load;
    }
    return chosen;
  }
}
