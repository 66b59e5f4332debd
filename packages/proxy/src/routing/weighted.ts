/**
 * In turn by weight, spread evenly: 5, 1, 1 is A A B A C A A and not A A A A A B C (smooth weighted round robin, as nginx has
 * it). Whoever is chosen pays what all together have earned.
 */
import type { Backend } from "../backend/backend.ts";
import type { Strategy } from "./strategy.ts";

export class Weighted implements Strategy {
  readonly name = "weighted";
  readonly spreads = true;
  readonly #credit = new WeakMap<Backend, number>();

  choose(candidates: readonly Backend[]): Backend | undefined {
    let chosen: Backend | undefined;
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const backend of candidates) {
      const weight = Math.max(1, backend.weight);
      const credit = (this.#credit.get(backend) ?? 0) + weight;
      this.#credit.set(backend, credit);
      total += weight;
      if (credit <= most) continue;
      chosen = backend;
      most = credit;
    }
    if (chosen !== undefined) this.#credit.set(chosen, most - total);
    return chosen;
  }
}
