/** Which backend an operation goes to, and why. */
import type { Backend } from "../backend/backend.ts";
import { highestRank } from "./bind-hash.ts";
import type { RouteReason } from "./route-reason.ts";
import type { Selector, Tiers } from "./tiers.ts";
import type { WriteAffinity } from "./write-affinity.ts";
import type { WriteNode } from "./write-node.ts";

export interface Choice {
  readonly backend: Backend;
  readonly reason: RouteReason;
}

/** Who asks: what it wrote a moment ago decides where it reads. */
export interface AffinityKey {
  /** Normalized; `undefined` or "" for anonymous. */
  readonly bindDn?: string | undefined;
  /** Its connection: any object that lives as long. */
  readonly client: object;
}

export interface RouterOptions {
  readonly tiers: Tiers;
  readonly writeNode: WriteNode;
  readonly affinity: WriteAffinity;
}

const byRank: Selector = (_tier, candidates, name) => highestRank(candidates, name);

/** Nothing here waits. A backend in `exclude` is never chosen: it has been tried already. */
export class Router {
  readonly tiers: Tiers;
  readonly writeNode: WriteNode;
  readonly affinity: WriteAffinity;

  constructor({ tiers, writeNode, affinity }: RouterOptions) {
    this.tiers = tiers;
    this.writeNode = writeNode;
    this.affinity = affinity;
  }

  /**
   * Where a read goes: where its client wrote a moment ago, else as the tiers say. `undefined` where nobody is left; a backend
   * that does not answer is not tried as long as one takes work, be it in `exclude`: trying that one again is the better chance,
   * unless it cannot be connected to either (`isLastChance`).
   */
  chooseRead(key: AffinityKey, exclude: ReadonlySet<Backend>, isLastChance = false): Choice | undefined {
    return this.chooseAfterWrite(key, exclude) ?? this.tiers.choose(exclude, isLastChance);
  }

  /** Where a client wrote a moment ago. `undefined` where its reads may go anywhere. */
  chooseAfterWrite(key: AffinityKey, exclude: ReadonlySet<Backend>): Choice | undefined {
    return this.#afterWrite(this.affinity.ofClient(key), exclude);
  }

  /** The write node, or `undefined` while there is none that may be used. */
  chooseWrite(exclude: ReadonlySet<Backend>): Choice | undefined {
    const backend = this.writeNode.current;
    if (backend === undefined || exclude.has(backend) || backend.state.admin === "maint") return undefined;
    if (backend.state.health !== "down") return { backend, reason: "write-node" };
    return this.tiers.isPanicking ? { backend, reason: "panic" } : undefined;
  }

  /**
   * Where a name's binds go: always the same backend while it is up, so that its count of wrong passwords sees every attempt.
   * Only for a while after `wrote` named it, they go where its password was changed. `isLastChance`: as {@link chooseRead}.
   */
  chooseBind(normalizedDn: string, exclude: ReadonlySet<Backend>, isLastChance = false): Choice | undefined {
    return (
      this.#afterWrite(this.affinity.ofName(normalizedDn), exclude) ??
      this.tiers.select(exclude, byRank, normalizedDn, "bind-hash", isLastChance)
    );
  }

  /**
   * A write of this client was answered by `backend`. `target`: the normalized DN of the entry, as whom somebody may bind and
   * read a moment later: a password that was just reset works at once.
   */
  wrote(key: AffinityKey, backend: Backend, target?: string): void {
    this.affinity.wrote(key, backend, target);
  }

  /** Also a backend that is drained or has no weight: for as long as only it is known to have what was written. */
  #afterWrite(backend: Backend | undefined, exclude: ReadonlySet<Backend>): Choice | undefined {
    if (backend === undefined || exclude.has(backend)) return undefined;
    const { health, admin } = backend.state;
    return health === "down" || admin === "maint" ? undefined : { backend, reason: "after-write" };
  }
}
