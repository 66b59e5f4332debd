/** The part of the API that shows replication, compares nodes, and tests that changes arrive. */
import { randomUUID } from "node:crypto";
import { Oid, ParseError, parseDn } from "@espalier/ldap";
import type { SearchParameters } from "@espalier/ldap/client";
import type { EventLog, Logger, Metrics, Store } from "@espalier/service";
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { apiPart, type PartOf, StreamAnswer } from "../api/route.ts";
import type { Changes } from "../changes/change-set.ts";
import type { Cluster, Clusters, PinnedConnection } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import { countKinds, type KindCounts } from "../reading/count.ts";
import { StreamSlots } from "../reading/stream.ts";
import { type Target, targetOf } from "../reading/target.ts";
import { serviceIdentity } from "../sessions/identities.ts";
import type { Actor, Session } from "../sessions/session.ts";
import { Canary } from "./canary.ts";
import type { ReplicationConfig } from "./config.ts";
import { diffNodes } from "./diff.ts";
import { HistoryStore } from "./history-store.ts";
import { observeReplication } from "./observe.ts";
import { replicationRoutes } from "./routes.ts";
import { ReplicationSampler } from "./sampler.ts";
import { diffLineJson, historyJson, iso, observationJson } from "./shown.ts";

export interface ReplicationNeeds {
  readonly clusters: Clusters;
  readonly changes: Changes;
  readonly store: Store;
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: ReplicationConfig;
  readonly now?: () => number;
}

export interface ReplicationPart {
  readonly part: PartOf<typeof replicationRoutes>;
  readonly sampler: ReplicationSampler;
  readonly canary: Canary;
  /** Begins to take samples, and removes what tests have left that were killed. */
  start(): void;
  /** Before the clusters, the changes and the store are closed. */
  close(): Promise<void>;
}

/** Each reads every entry of a node. */
const diffsASession = 1;
const diffsAtOnce = 3;
const dayMs = 86_400_000;
const scopes: Readonly<Record<"base" | "one" | "sub", NonNullable<SearchParameters["scope"]>>> = {
  base: "baseObject",
  one: "singleLevel",
  sub: "wholeSubtree",
};

export function replicationPart(needs: ReplicationNeeds): ReplicationPart {
  const { clusters, changes, store, log, logger, metrics, config, now = Date.now } = needs;
  const history = new HistoryStore(store, log);
  const sampler = new ReplicationSampler({ ...config, clusters, history, logger, metrics, now });
  const canary = new Canary({ changes, logger, now });
  const slots = new StreamSlots(diffsASession);
  const closing = new AbortController();

  const part = apiPart(replicationRoutes, {
    "GET /clusters/{cluster}/replication": async (request) => {
      const target = targetOf(clusters, request);
      const { signal, query } = request;
      const observation = await observeReplication(target.cluster, target.identity, { signal, now });
      const reachable = observation.nodes.flatMap(({ node, state }) => (state === undefined ? [] : [node]));
      const counted = query.counts === "true" ? reachable : [];
      return observationJson(observation, await countsOf(target, counted, observation.baseDn, signal));
    },

    "GET /clusters/{cluster}/replication/history": async (request) => {
      const { cluster } = targetOf(clusters, request);
      const { query } = request;
      const until = query.until === undefined ? now() : Date.parse(query.until);
      const from = query.from === undefined ? until - dayMs : Date.parse(query.from);
      if (from >= until) throw new ApiError("invalid_request", "`from` must be before `until`.");
      const interval = config.interval;
      const slotMs = Math.max(1, Math.ceil((until - from) / query.points / interval)) * interval;
      const points = await history.read({ cluster: cluster.name, from, until, slotMs });
      const problem = sampler.problemOf(cluster.name);
      const series = historyJson(points);
      return { from: iso(from), until: iso(until), slotMs, series, ...(problem === undefined ? {} : { problem }) };
    },

    "POST /clusters/{cluster}/replication/diff": async (request) => {
      const target = targetOf(clusters, request);
      const { body, session, signal } = request;
      if (slots.count >= diffsAtOnce) {
        throw new ApiError("too_many_requests", "Nodes are being compared already: wait until that has ended.", {
          retryAfter: 30,
        });
      }
      const free = slots.take(session.id);
      try {
        return await diffAnswer(target, body, { signal, now, free });
      } catch (error) {
        free();
        throw error;
      }
    },

    "GET /clusters/{cluster}/replication/canary": (request) => {
      const { cluster } = targetOf(clusters, request);
      try {
        return { mayTest: true, under: canary.placeFor(cluster, request.session) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { mayTest: false, problem: error.message };
      }
    },

    "POST /clusters/{cluster}/replication/canary": async ({ params, body, session, address, requestId, signal }) => {
      const cluster = clusters.get(params.cluster);
      const result = await canary.test(cluster, { session, address, requestId, signal }, body.timeoutMs);
      return { ...result, nodes: [...result.nodes] };
    },
  });

  async function removeLeftovers(cluster: Cluster): Promise<void> {
    const identity = serviceIdentity(cluster.config);
    if (identity === undefined || cluster.config.canary === undefined || cluster.config.readonly) return;
    try {
      const removed = await canary.removeLeftovers(cluster, ownActor(identity, closing.signal));
      if (removed > 0) logger.info("what tests of replication left is removed", { cluster: cluster.name, removed });
    } catch (error) {
      if (closing.signal.aborted) return;
      logger.warn("what tests of replication left could not be looked for", { cluster: cluster.name, error });
    }
  }

  let removing: Promise<unknown> = Promise.resolve();
  return {
    ...{ part, sampler, canary },
    start() {
      sampler.start();
      removing = Promise.all(clusters.all.map(removeLeftovers));
    },
    async close() {
      closing.abort();
      await Promise.all([sampler.stop(), canary.close(), removing]);
    },
  };
}

async function countsOf(
  { cluster, identity }: Target,
  nodes: readonly string[],
  baseDn: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KindCounts>> {
  const counts = await Promise.all(
    nodes.map(async (node) => {
      try {
        const work = { node, signal };
        const { value } = await cluster.read(identity, (connection) => countKinds(connection, baseDn, signal), work);
        return [[node, value] as const];
      } catch (error) {
        // It has gone away since it was asked: it has no counts, then.
        if (error instanceof ApiError) return [];
        throw error;
      }
    }),
  );
  return new Map(counts.flat());
}

type DiffBody = z.output<(typeof replicationRoutes)["POST /clusters/{cluster}/replication/diff"]["body"]>;

interface DiffContext {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** To be called once, however it ends. */
  readonly free: () => void;
}

/** The connections are awaited before there is an answer: a node that is down is a problem with a status. */
async function diffAnswer(
  { cluster, identity }: Target,
  { base, scope, sample, nodes, delayMs, maxFindings }: DiffBody,
  { signal, now, free }: DiffContext,
): Promise<StreamAnswer> {
  const names = [...new Set(nodes ?? cluster.nodes().map(({ name }) => name))];
  if (names.length < 2) throw new ApiError("invalid_request", "Two nodes at least are compared.");
  const baseDn = base ?? (await cluster.baseDn(identity));
  checkDn(baseDn);
  const [facts, schema] = await Promise.all([cluster.facts(identity), cluster.schema(identity)]);
  const pinned = await pinAll(cluster, identity, names, signal);
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", end);
    for (const each of pinned) each.release();
    free();
  };
  // The client may go before the first piece is asked for, and then nobody runs the generator to its end.
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const lines = diffNodes({
    connections: pinned.map(({ connection }) => connection),
    ...{ baseDn, scope: scopes[scope], sample, maxFindings, delayMs, schema, now, signal },
    pages: facts.supportedControls.has(Oid.pagedResults),
  });
  async function* pieces(): AsyncGenerator<string, void, undefined> {
    try {
      for await (const line of lines) yield `${JSON.stringify(diffLineJson(line, names))}\n`;
    } finally {
      end();
    }
  }
  return new StreamAnswer("application/x-ndjson", pieces());
}

async function pinAll(
  cluster: Cluster,
  identity: Identity,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<PinnedConnection[]> {
  const asked = await Promise.allSettled(nodes.map((node) => cluster.pin(identity, { node, signal })));
  const pinned = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = asked.find((one) => one.status === "rejected");
  if (failed === undefined) return pinned;
  for (const each of pinned) each.release();
  throw asApiError(failed.reason);
}

function checkDn(dn: string): void {
  try {
    parseDn(dn);
  } catch (error) {
    if (error instanceof ParseError) throw new ApiError("invalid_request", `\`base\` is no DN: ${error.message}`);
    throw error;
  }
}

/** The manager itself, as `bind_dn`: for what it does without anybody asking. */
function ownActor(identity: Identity, signal: AbortSignal): Actor {
  const session: Session = {
    ...{ id: "replication", name: identity.dn, clusters: [] },
    identity: () => identity,
    may: () => true,
    require: () => {},
  };
  return { session, address: "the manager itself", requestId: randomUUID(), signal };
}
