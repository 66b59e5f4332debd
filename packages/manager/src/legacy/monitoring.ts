/** The old paths about nodes and replication. What is not known is `null`, and never good. */
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { nodeFigures } from "../monitoring/monitor.ts";
import { countKinds, type KindCounts } from "../reading/count.ts";
import { type Target, targetOf } from "../reading/target.ts";
import { type Observation, type ObservedNode, observeReplication } from "../replication/observe.ts";
import type { replicationRoutes } from "../replication/routes.ts";
import type { Session } from "../sessions/session.ts";
import type { legacyRoutes } from "./routes.ts";

type MonitoringKeys =
  | "GET /api/monitoring/nodes"
  | "GET /api/monitoring/topology"
  | "POST /api/monitoring/test-replication"
  | "GET /api/logs/activity";

type ShownNode = z.input<(typeof legacyRoutes)["GET /api/monitoring/nodes"]["response"]>["nodes"][number];
type Activity = z.input<(typeof legacyRoutes)["GET /api/logs/activity"]["response"]>["logs"];

export interface LegacyMonitoringNeeds {
  readonly clusters: Clusters;
  /** What answers the routes of replication. */
  readonly replication: Handlers<typeof replicationRoutes>;
  readonly now: () => number;
}

/** As long as the page before said that it waits. */
const canaryTimeoutMs = 5_000;

export function legacyMonitoring({
  clusters,
  replication,
  now,
}: LegacyMonitoringNeeds): Pick<Handlers<typeof legacyRoutes>, MonitoringKeys> {
  const watched = (session: Session, cluster: string): Target => {
    const target = targetOf(clusters, { params: { cluster }, session });
    session.require("read", cluster);
    return target;
  };

  return {
    "GET /api/monitoring/nodes": async ({ query, session, signal }) => {
      const target = watched(session, query.cluster);
      const observation = await observeReplication(target.cluster, target.identity, { signal, now });
      const nodes = await Promise.all(
        observation.nodes.map(async (node) => {
          const counts = await countsOf(target, node.node, observation.baseDn, signal);
          return shownNode(node, counts, observation);
        }),
      );
      const { inSync } = observation.lag;
      return { nodes, in_sync: inSync === "unknown" ? null : inSync };
    },

    "GET /api/monitoring/topology": async ({ query, session, signal }) => {
      const target = watched(session, query.cluster);
      const { nodes, edges } = await observeReplication(target.cluster, target.identity, { signal, now });
      return {
        topology: nodes.map(({ node }) => ({
          node,
          // A server says which id is its own only in its configuration, which is not read.
          server_id: null,
          reads_from: edges
            .filter(({ to }) => to.node === node)
            .map(({ from }, index) => ({ host: from.node ?? from.address, rid: String(index + 1).padStart(3, "0") })),
        })),
      };
    },

    "POST /api/monitoring/test-replication": async ({ query, ...request }) => {
      const asked = { ...request, params: { cluster: query.cluster }, query: {} };
      const done = await replication["POST /clusters/{cluster}/replication/canary"]({
        ...asked,
        body: { timeoutMs: canaryTimeoutMs },
      });
      if (!("nodes" in done)) throw new TypeError("the test of replication gives what became of it");
      const results = done.nodes.map(({ node, state, problem }) => ({
        node,
        replicated: state === "arrived",
        ...(problem === undefined ? {} : { error: problem }),
      }));
      const success = results.every(({ replicated }) => replicated) && done.isRemoved;
      const message = success
        ? `An entry written on ${done.writeNode} has arrived everywhere, and is removed again.`
        : (done.problem ?? `An entry written on ${done.writeNode} has not arrived everywhere.`);
      return { success, message, results };
    },

    "GET /api/logs/activity": async ({ query, session, signal }) => {
      const target = watched(session, query.cluster);
      const asked = await Promise.all(
        target.cluster.nodes().map(({ name }) => activityOf(target, name, signal, now())),
      );
      return { logs: asked.flat() };
    },
  };
}

/** An {@link ApiError} in place of what the node would have given. */
async function onNode<T>(
  { cluster, identity }: Target,
  node: string,
  signal: AbortSignal,
  work: (connection: NodeConnection) => Promise<T>,
): Promise<T | ApiError> {
  try {
    return (await cluster.read(identity, work, { node, signal })).value;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function countsOf(target: Target, node: string, baseDn: string, signal: AbortSignal): Promise<KindCounts | ApiError> {
  return onNode(target, node, signal, (connection) => countKinds(connection, baseDn, signal));
}

function shownNode(
  { node, state, problem }: ObservedNode,
  counts: KindCounts | ApiError,
  { lag }: Observation,
): ShownNode {
  const known = counts instanceof ApiError ? undefined : counts;
  const csns = [...(state?.newest?.values() ?? [])].map(({ csn }) => csn).sort();
  const lags = lag.cells.filter((cell) => cell.node === node).map(({ lagMs }) => lagMs);
  const isLagKnown = lags.length > 0 && lags.every((each) => each !== undefined);
  const error = counts instanceof ApiError ? counts.message : problem;
  return {
    node,
    total: known?.total.count ?? null,
    users: known?.users.count ?? null,
    groups: known?.groups.count ?? null,
    ous: known?.ous.count ?? null,
    status: state === undefined || known === undefined ? "error" : "healthy",
    contextCSN: csns.at(-1) ?? null,
    responseTime: state?.responseMs ?? null,
    syncAge: isLagKnown ? Math.round(Math.max(...(lags as number[])) / 1_000) : null,
    ...(error === undefined ? {} : { error }),
  };
}

/** A line for each kind of operation: what the server has counted since it was started. */
async function activityOf(target: Target, node: string, signal: AbortSignal, nowMs: number): Promise<Activity> {
  const read = await onNode(target, node, signal, (connection) => nodeFigures(connection, signal));
  const line = { timestamp: new Date(nowMs).toISOString(), client: node, dn: "cn=Operations,cn=Monitor" };
  if (read instanceof ApiError) return [{ ...line, operation: "unknown", filter: read.message }];
  const { byKind } = read.figures.operations;
  return Object.entries(byKind).map(([kind, { initiated, completed }]) => ({
    ...line,
    operation: kind.toUpperCase(),
    filter: `${completed} of ${initiated} completed`,
  }));
}
