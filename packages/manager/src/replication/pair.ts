/** Two nodes, entry by entry: what was found to differ is read again on both before it is said. */
import { type Filter, manageDsaITControl, ResultCode, type Schema } from "@espalier/ldap";
import { OperationError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { type AttributeDifference, attributeDifferences, changedAt, identityOf } from "./difference.ts";

export type EntryFinding =
  | {
      readonly type: "only_on";
      readonly dn: string;
      readonly node: string;
      readonly missingOn: string;
      readonly changedAt?: number;
    }
  | {
      readonly type: "differs";
      readonly dn: string;
      readonly nodes: readonly [string, string];
      /** Its name on the second node, where that is another. */
      readonly otherDn?: string;
      readonly attributes: readonly AttributeDifference[];
      readonly changedAt?: number;
    };

export interface Examined {
  readonly finding: EntryFinding;
  /** It may be on its way: a change of so long ago, or an entry that one node has and the other may be about to have, or lose. */
  readonly isFresh: boolean;
  /** Names that this speaks of, in lower case. */
  readonly names: readonly string[];
}

export interface PairOptions {
  readonly first: NodeConnection;
  readonly second: NodeConnection;
  /** What is compared. */
  readonly area: Pick<SearchParameters, "baseObject" | "scope">;
  readonly schema: Schema;
  /** A change that is younger may not have been replicated yet. */
  readonly delayMs: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export class NodePair {
  readonly #options: PairOptions;

  constructor(options: PairOptions) {
    this.#options = options;
  }

  /** `undefined` where both have it alike, or neither has it. @throws what a search throws */
  async examine(dn: string): Promise<Examined | undefined> {
    const { first, second } = this.#options;
    const [here, there] = await Promise.all([this.#read(first, dn), this.#read(second, dn)]);
    if (here !== undefined && there !== undefined) return this.#compared(here, there);
    if (here !== undefined) {
      const moved = await this.#find(second, here);
      return moved === undefined ? this.#onlyOn(first, second, here) : this.#compared(here, moved);
    }
    if (there !== undefined) {
      const moved = await this.#find(first, there);
      return moved === undefined ? this.#onlyOn(second, first, there) : this.#compared(moved, there);
    }
    return undefined;
  }

  #compared(here: SearchEntry, there: SearchEntry): Examined | undefined {
    const { first, second, schema } = this.#options;
    const attributes = attributeDifferences(here, there, schema);
    const [dn, other] = [here.objectName, there.objectName];
    const isRenamed = dn.toLowerCase() !== other.toLowerCase();
    if (attributes.length === 0 && !isRenamed) return undefined;
    const changed = latest(changedAt(here), changedAt(there));
    return {
      finding: {
        ...{ type: "differs", dn, nodes: [first.node, second.node] },
        ...(isRenamed ? { otherDn: other } : {}),
        attributes,
        ...(changed === undefined ? {} : { changedAt: changed }),
      },
      isFresh: this.#isFresh(changed),
      names: [dn.toLowerCase(), other.toLowerCase()],
    };
  }

  #onlyOn({ node }: NodeConnection, { node: missingOn }: NodeConnection, entry: SearchEntry): Examined {
    const changed = changedAt(entry);
    const dn = entry.objectName;
    return {
      finding: { type: "only_on", dn, node, missingOn, ...(changed === undefined ? {} : { changedAt: changed }) },
      // When the other lost it, if it had it, nobody can tell.
      isFresh: true,
      names: [dn.toLowerCase()],
    };
  }

  #isFresh(changed: number | undefined): boolean {
    const { now, delayMs } = this.#options;
    return changed === undefined || now() - changed < delayMs;
  }

  async #read(connection: NodeConnection, dn: string): Promise<SearchEntry | undefined> {
    return this.#first(connection, { baseObject: dn, scope: "baseObject" });
  }

  /** Under another name. */
  async #find(connection: NodeConnection, entry: SearchEntry): Promise<SearchEntry | undefined> {
    const identity = identityOf(entry);
    if (identity === undefined) return undefined;
    const assertion: Filter = {
      ...{ type: "equalityMatch", attribute: identity.attribute },
      value: new TextEncoder().encode(identity.value),
    };
    return this.#first(connection, { ...this.#options.area, filter: assertion });
  }

  async #first(connection: NodeConnection, parameters: SearchParameters): Promise<SearchEntry | undefined> {
    const { signal } = this.#options;
    try {
      const options = { controls: [manageDsaITControl(false)], signal };
      const found = await connection.searchAll({ ...parameters, attributes: ["*", "+"] }, options);
      return found.entries[0];
    } catch (error) {
      if (error instanceof OperationError && error.resultCode === ResultCode.noSuchObject) return undefined;
      throw error;
    }
  }
}

function latest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
