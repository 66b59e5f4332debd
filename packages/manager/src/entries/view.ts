/** What a person sees of a cluster: the reads out of which changes are worked out. */
import {
  type Dn,
  type Filter,
  isWithin,
  normalizeDn,
  parentDn,
  parseDn,
  ResultCode,
  type Schema,
  type SearchScope,
} from "@espalier/ldap";
import { OperationError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { Cluster, ServerFacts } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import type { Actor } from "../sessions/session.ts";

/** Base objects that are asked for at the same time, on one connection. */
const lookupsAtOnce = 50;
const pageSize = 500;

export interface Collected {
  /** More entries than this are refused. */
  readonly limit: number;
  /** Completes "There are more than 1000 …": `entries below it`. */
  readonly what: string;
  /** What the person can do instead: a sentence. */
  readonly advice: string;
}

export interface Subtree {
  readonly base: string;
  readonly scope?: SearchScope;
  readonly filter?: NonNullable<SearchParameters["filter"]>;
  readonly attributes: readonly string[];
}

export class DirectoryView {
  readonly cluster: Cluster;
  readonly actor: Actor;
  #schema: Promise<Schema> | undefined;
  #facts: Promise<ServerFacts> | undefined;
  #baseDn: Promise<string> | undefined;

  /** @throws ApiError `not_connected` */
  constructor(cluster: Cluster, actor: Actor) {
    this.cluster = cluster;
    this.actor = actor;
    actor.session.identity(cluster.name);
  }

  schema(): Promise<Schema> {
    this.#schema ??= this.cluster.schema(this.#identity);
    return this.#schema;
  }
  facts(): Promise<ServerFacts> {
    this.#facts ??= this.cluster.facts(this.#identity);
    return this.#facts;
  }
  baseDn(): Promise<string> {
    this.#baseDn ??= this.cluster.baseDn(this.#identity);
    return this.#baseDn;
  }

  /** The naming context that holds the cluster's base: the whole of what shares its numbers. */
  async namingContext(): Promise<string> {
    const [base, { namingContexts }] = await Promise.all([this.baseDn(), this.facts()]);
    const key = await this.key(base);
    const around: string[] = [];
    for (const context of namingContexts) if (isWithin(key, await this.key(context))) around.push(context);
    return around.sort((a, b) => b.length - a.length)[0] ?? base;
  }

  /** @throws ApiError `invalid_request` for text that is no DN */
  async key(dn: string | Dn): Promise<string> {
    return normalizeDn(dn, await this.schema());
  }

  /** @throws ApiError `no_such_entry` */
  async entry(dn: string, attributes: readonly string[]): Promise<SearchEntry> {
    const found = await this.entryIfThere(dn, attributes);
    if (found === undefined) {
      throw new ApiError("no_such_entry", `There is no entry ${dn}, or you may not see it.`, { details: { dn } });
    }
    return found;
  }

  async entryIfThere(dn: string, attributes: readonly string[]): Promise<SearchEntry | undefined> {
    return (await this.entriesIfThere([dn], attributes))[0];
  }

  /** In the order of `dns`; `undefined` for what is not there, or is no DN. */
  async entriesIfThere(
    dns: readonly string[],
    attributes: readonly string[],
  ): Promise<readonly (SearchEntry | undefined)[]> {
    return this.read(async (connection) => {
      const found: (SearchEntry | undefined)[] = [];
      for (let start = 0; start < dns.length; start += lookupsAtOnce) {
        const some = dns.slice(start, start + lookupsAtOnce);
        found.push(...(await Promise.all(some.map((dn) => this.#baseObject(connection, dn, attributes)))));
      }
      return found;
    });
  }

  async #baseObject(
    connection: NodeConnection,
    dn: string,
    attributes: readonly string[],
  ): Promise<SearchEntry | undefined> {
    try {
      const search = { baseObject: dn, scope: "baseObject" as const, attributes };
      return (await connection.searchAll(search, this.#options)).entries[0];
    } catch (error) {
      if (error instanceof OperationError && absent.has(error.resultCode)) return undefined;
      throw error;
    }
  }

  /**
   * What `take` makes of each entry that the search finds, in pages; `undefined` is left out and does not count.
   *
   * @throws ApiError `too_large` beyond the limit, before more is read; `refused_by_directory` where the server would not give all
   */
  async collect<T>(
    { base, scope = "wholeSubtree", filter = "(objectClass=*)", attributes }: Subtree,
    { limit, what, advice }: Collected,
    take: (entry: SearchEntry) => T | undefined,
  ): Promise<T[]> {
    return this.read(async (connection) => {
      const taken: T[] = [];
      const search = connection.paged(
        { baseObject: base, scope, filter, attributes },
        { pageSize, criticality: false },
        this.#options,
      );
      for await (const { entries } of search) {
        for (const entry of entries) {
          const value = take(entry);
          if (value !== undefined) taken.push(value);
        }
        if (taken.length > limit) {
          throw new ApiError("too_large", `There are more than ${limit} ${what}. ${advice}`, { details: { limit } });
        }
      }
      return taken;
    });
  }

  /** Whether any entry of the naming context has the value. */
  async isThere(attribute: string, value: string, base: string): Promise<boolean> {
    return this.read(async (connection) => {
      try {
        const search = { baseObject: base, filter: equals(attribute, value), attributes: ["1.1"], sizeLimit: 1 };
        return (await connection.searchAll(search, this.#options)).entries.length > 0;
      } catch (error) {
        // One was found, and there are others.
        if (error instanceof OperationError && error.resultCode === ResultCode.sizeLimitExceeded) return true;
        throw error;
      }
    });
  }

  get #identity() {
    return this.actor.session.identity(this.cluster.name);
  }

  get #options() {
    return { signal: this.actor.signal };
  }

  /** Where it is going to be changed, as long as that node is there: others may not have the latest changes yet. */
  async read<T>(work: (connection: NodeConnection) => Promise<T>): Promise<T> {
    const node = this.cluster.nodes().find(({ isWriteNode, state }) => isWriteNode && state !== "down")?.name;
    return (await this.cluster.read(this.#identity, work, { ...this.#options, node })).value;
  }
}

const encoder = new TextEncoder();

export function equals(attribute: string, value: string | Uint8Array): Filter {
  return { type: "equalityMatch", attribute, value: typeof value === "string" ? encoder.encode(value) : value };
}

/** Of a base object that is not there. Text that is no DN names nothing. */
const absent: ReadonlySet<number> = new Set([ResultCode.noSuchObject, ResultCode.invalidDnSyntax]);

/** @throws ApiError `invalid_request` for a name without one */
export function superiorOf(dn: string): Dn {
  const superior = parentDn(parseDn(dn));
  if (superior === undefined) throw new ApiError("invalid_request", "The empty name has no entry above it.");
  return superior;
}

/** The name that `dn` has when `from`, which it is or is below, becomes `to`. */
export function rebase(dn: Dn, from: Dn, to: Dn): Dn {
  return [...dn.slice(0, dn.length - from.length), ...to];
}
