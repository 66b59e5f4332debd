/**
 * Which backend takes new work. Tiers are asked in their order; in a tier those that are up come before those that are
 * degraded, and the next tier is used only when this one has neither. When there is nobody in any tier, those that answer
 * checks are tried (drained, without weight, or held down after flapping); and when every backend is down, or those that are
 * not have no connection to give, all but those in maintenance: the checks may be what is wrong, or not have seen yet who is back.
 */
import type { Backend } from "../backend/backend.ts";
import type { Choice } from "./router.ts";
import type { Tier } from "./tier.ts";

/** Chooses one of a tier's candidates; `key` is the caller's. */
export type Selector = (tier: Tier, candidates: readonly Backend[], key: string) => Backend | undefined;

const takesWork = (backend: Backend) => backend.state.acceptsNew && backend.weight > 0;
const isUp = (backend: Backend) => backend.state.health === "up" && takesWork(backend);
const isDegraded = (backend: Backend) => backend.state.health === "degraded" && takesWork(backend);
const isInService = (backend: Backend) => backend.state.admin !== "maint";
const answers = (backend: Backend) =>
  isInService(backend) && (backend.state.health !== "down" || backend.state.answersChecks);

const byStrategy: Selector = (tier) => tier.choose();

export class Tiers {
  #tiers: readonly Tier[];

  constructor(tiers: readonly Tier[]) {
    this.#tiers = tiers;
  }

  /** Others from now on: a reload, or SRV records that changed. */
  setTiers(tiers: readonly Tier[]): void {
    this.#tiers = tiers;
  }

  get tiers(): readonly Tier[] {
    return this.#tiers;
  }

  /** All of them, the first tier's first. */
  get backends(): readonly Backend[] {
    return this.#tiers.flatMap(({ backends }) => backends);
  }

  /** How many take new work. */
  get acceptingCount(): number {
    return this.backends.filter(takesWork).length;
  }

  /** No backend takes new work. */
  get isPanicking(): boolean {
    return !this.#tiers.some(({ backends }) => backends.some(takesWork));
  }

  /** By each tier's own strategy. `isLastChance`: nobody in `exclude` can be connected to, and else it fails. */
  choose(exclude: ReadonlySet<Backend>, isLastChance = false): Choice | undefined {
    return this.select(exclude, byStrategy, "", undefined, isLastChance);
  }

  /** By `selector`; `reason` is why, where it is not the strategy's name. */
  select(
    exclude: ReadonlySet<Backend>,
    selector: Selector,
    key: string,
    reason: Choice["reason"] | undefined,
    isLastChance = false,
  ): Choice | undefined {
    for (const tier of this.#tiers) {
      const backend = pick(tier, isUp, exclude, selector, key) ?? pick(tier, isDegraded, exclude, selector, key);
      if (backend !== undefined) return { backend, reason: reason ?? tier.strategy.name };
    }
    const resort = this.#lastResort(exclude, selector, key, answers);
    // While somebody is up, be it one that was tried already, nothing else is sent to those that do not answer.
    if (resort !== undefined || !(isLastChance || this.isPanicking)) return resort;
    return this.#lastResort(exclude, selector, key, isInService);
  }

  #lastResort(
    exclude: ReadonlySet<Backend>,
    selector: Selector,
    key: string,
    fits: (backend: Backend) => boolean,
  ): Choice | undefined {
    for (const tier of this.#tiers) {
      const backend = pick(tier, fits, exclude, selector, key);
      if (backend !== undefined) return { backend, reason: "panic" };
    }
    return undefined;
  }
}

function pick(
  tier: Tier,
  fits: (backend: Backend) => boolean,
  exclude: ReadonlySet<Backend>,
  selector: Selector,
  key: string,
): Backend | undefined {
  const candidates = tier.candidates(fits, exclude);
  return candidates.length === 0 ? undefined : selector(tier, candidates, key);
}
