/** In turn, whatever the weights. */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class RoundRobin implements Strategy {
  readonly name = "round-robin";
  readonly spreads = true;
  #last: Backend | undefined;

  choose(candidates: readonly Backend[], backends: readonly Backend[]): Backend | undefined {
    const last = this.#last === undefined ? -1 : backends.indexOf(this.#last);
    for (let step = 1; step <= backends.length; step += 1) {
      const backend = backends[(last + step) % backends.length]!;
      if (!candidates.includes(backend)) continue;
      this.#last = backend;
      return backend;
    }
    return undefined;
  }
}
