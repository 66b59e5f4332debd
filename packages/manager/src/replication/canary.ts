/** Tests replication by writing: an entry that is added on the write node, looked for on the others, and removed again. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ResultCode } from "@espalier/ldap";
import { OperationError } from "@espalier/ldap/client";
import type { Logger } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Changes, EntryResult } from "../changes/change-set.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { Actor, Session } from "../sessions/session.ts";
import { canaryAttributes, canaryDn, canaryFilter, canaryMadeAt } from "./canary-entry.ts";

export interface CanaryOptions {
  readonly changes: Changes;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface Arrival {
  readonly node: string;
  readonly state: "arrived" | "not_arrived" | "unreachable" | "unknown";
  /** From the answer to the write until it was seen. */
  readonly ms?: number;
  readonly problem?: string;
}

export interface CanaryResult {
  readonly dn: string;
  readonly writeNode: string;
  readonly nodes: readonly Arrival[];
  /** False: it is tried again until it is. */
  readonly isRemoved: boolean;
  readonly problem?: string;
  /** Entries of earlier tests that were found and removed. */
  readonly leftoversRemoved: number;
}

/** Younger ones may be of a test that goes on. */
const leftoverAgeMs = 3_600_000;
const firstLookAfterMs = 10;
const longestPauseMs = 500;
const retryRemovalEveryMs = 5_000;

export class Canary {
  readonly #options: CanaryOptions;
  readonly #testing = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #removals = new Set<Promise<void>>();

  constructor(options: CanaryOptions) {
    this.#options = options;
  }

  /** The DN below which this session may test. @throws ApiError with why it may not */
  placeFor(cluster: Cluster, session: Session): string {
    const under = this.#place(cluster);
    session.require("admin", cluster.name, under);
    return under;
  }

  /** @throws ApiError where nothing was written, or nobody knows whether it was */
  async test(cluster: Cluster, actor: Actor, timeoutMs: number): Promise<CanaryResult> {
    const under = this.placeFor(cluster, actor.session);
    if (this.#testing.has(cluster.name)) {
      throw new ApiError("too_many_requests", `Replication of ${cluster.name} is being tested.`, { retryAfter: 5 });
    }
    this.#testing.add(cluster.name);
    try {
      const leftoversRemoved = await this.removeLeftovers(cluster, actor);
      return { ...(await this.#write(cluster, actor, under, timeoutMs)), leftoversRemoved };
    } finally {
      this.#testing.delete(cluster.name);
    }
  }

  /**
   * Removes entries of tests that were made more than an hour ago, such as those of a manager that was killed. How many.
   *
   * @throws ApiError
   */
  async removeLeftovers(cluster: Cluster, actor: Actor): Promise<number> {
    const baseObject = this.#place(cluster);
    const { changes, now } = this.#options;
    const identity = actor.session.identity(cluster.name);
    const { value: entries } = await cluster.write(identity, async (connection) => {
      const attributes = ["objectClass", "cn", "description"];
      const parameters = { baseObject, scope: "singleLevel", filter: canaryFilter, attributes } as const;
      return (await connection.searchAll(parameters, { signal: actor.signal })).entries;
    });
    const old = entries.filter((entry) => now() - (canaryMadeAt(entry) ?? Number.POSITIVE_INFINITY) > leftoverAgeMs);
    if (old.length === 0) return 0;
    const set = {
      title: "Remove what tests of replication left",
      changes: old.map(({ objectName }) => ({ type: "delete", dn: objectName }) as const),
    };
    const { counts } = await changes.apply(cluster, actor, set, { continues: true, requires: "admin" });
    return counts.applied;
  }

  /** Waits for what is being tried; what cannot be removed now is found by the next start. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#removals);
  }

  /** @throws ApiError */
  #place({ name, config }: Cluster): string {
    if (config.readonly) throw new ApiError("read_only", `${name} is configured as read-only.`);
    if (config.canary !== undefined) return config.canary.under;
    const advice =
      "set `canary` with `under` in its configuration, the DN below which an entry may be added and removed";
    throw new ApiError("not_allowed", `Replication of ${name} may not be tested by writing: ${advice}.`);
  }

  async #write(
    cluster: Cluster,
    actor: Actor,
    under: string,
    timeoutMs: number,
  ): Promise<Omit<CanaryResult, "leftoversRemoved">> {
    const { changes, now } = this.#options;
    const id = randomUUID();
    const dn = canaryDn(id, under);
    const add = { type: "add", dn, attributes: canaryAttributes(id, now()) } as const;
    const set = { title: "Test of replication", changes: [add] };
    const { node, results } = await changes.apply(cluster, actor, set, { requires: "admin" });
    const [added] = results;
    const writeNode = node ?? added?.problem?.ldap?.node;
    if (added === undefined || (added.status !== "applied" && added.status !== "in_doubt")) throw notWritten(added);
    const writtenAt = performance.now();
    const nodes: Arrival[] = [];
    let problem: string | undefined;
    try {
      if (added.status === "in_doubt") throw notWritten(added);
      const deadline = AbortSignal.timeout(timeoutMs);
      const identity = actor.session.identity(cluster.name);
      const others = cluster.nodes().filter(({ name }) => name !== writeNode);
      const look = { identity, dn, writtenAt, deadline, signal: actor.signal };
      nodes.push(...(await Promise.all(others.map(({ name }) => this.#arrival(cluster, name, look)))));
    } finally {
      problem = await this.#remove(cluster, actor, dn, writeNode);
      if (problem !== undefined) this.#keepRemoving(cluster, actor, dn, writeNode, problem);
    }
    actor.signal.throwIfAborted();
    const isRemoved = problem === undefined;
    return { dn, writeNode: writeNode ?? "", nodes, isRemoved, ...(problem === undefined ? {} : { problem }) };
  }

  /** Looks again and again until it is there, or the deadline has passed. */
  async #arrival(
    cluster: Cluster,
    node: string,
    { identity, dn, writtenAt, deadline, signal: given }: Look,
  ): Promise<Arrival> {
    const signal = AbortSignal.any([deadline, given]);
    const parameters = { baseObject: dn, scope: "baseObject", attributes: ["1.1"] } as const;
    for (let pauseMs = firstLookAfterMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      try {
        const { value: isThere } = await cluster.read(
          identity,
          async (connection) => {
            try {
              return (await connection.searchAll(parameters, { signal })).entries.length > 0;
            } catch (error) {
              if (error instanceof OperationError && error.resultCode === ResultCode.noSuchObject) return false;
              throw error;
            }
          },
          { node, signal },
        );
        if (isThere) return { node, state: "arrived", ms: Math.round(performance.now() - writtenAt) };
        await delay(pauseMs, undefined, { signal });
      } catch (error) {
        if (given.aborted) return { node, state: "unknown", problem: "The test was given up." };
        if (deadline.aborted) return { node, state: "not_arrived", problem: "It was not there when the time was up." };
        if (!(error instanceof ApiError)) throw error;
        return { node, state: error.code === "unavailable" ? "unreachable" : "unknown", problem: error.message };
      }
    }
  }

  /** Why it may be there still, a sentence. */
  async #remove(
    cluster: Cluster,
    actor: Actor,
    dn: string,
    writeNode: string | undefined,
  ): Promise<string | undefined> {
    try {
      const set = { title: "Test of replication: remove its entry", changes: [{ type: "delete", dn } as const] };
      // Also where the person who began it has gone away.
      const lasting = { ...actor, signal: new AbortController().signal };
      const { node, results } = await this.#options.changes.apply(cluster, lasting, set, { requires: "admin" });
      const [removed] = results;
      if (removed?.status === "applied") return undefined;
      // Another node than the one that it was added on may be about to get it.
      const tried = node ?? removed?.problem?.ldap?.node;
      if (removed?.problem?.code === "no_such_entry" && tried === writeNode) return undefined;
      return removed?.problem?.title ?? "It was not tried to remove it.";
    } catch (error) {
      return (error as Error).message;
    }
  }

  #keepRemoving(cluster: Cluster, actor: Actor, dn: string, writeNode: string | undefined, problem: string): void {
    const { logger, now } = this.#options;
    const { signal } = this.#stopping;
    logger.warn("the entry of a replication test is still there", { cluster: cluster.name, dn, problem });
    const since = now();
    const removing = (async () => {
      for (let left: string | undefined = problem; left !== undefined && now() - since < leftoverAgeMs; ) {
        await delay(retryRemovalEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
        if (signal.aborted) return;
        left = await this.#remove(cluster, actor, dn, writeNode);
        if (left === undefined)
          logger.info("the entry of a replication test is removed", { cluster: cluster.name, dn });
      }
    })();
    this.#removals.add(removing);
    void removing.finally(() => this.#removals.delete(removing));
  }
}

interface Look {
  readonly identity: Identity;
  readonly dn: string;
  readonly writtenAt: number;
  readonly deadline: AbortSignal;
  readonly signal: AbortSignal;
}

function notWritten(result: EntryResult | undefined): ApiError {
  const { code, title, ldap } = result?.problem ?? { code: "internal", title: "The entry was not written." };
  return new ApiError(
    code as ApiError["code"],
    `The entry could not be written: ${title}`,
    ldap === undefined ? {} : { ldap },
  );
}
