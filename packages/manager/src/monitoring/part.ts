/** The part of the API that shows the servers of a cluster. */
import { ApiError } from "../api/problem.ts";
import { type ApiPart, apiPart } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { readFacts } from "../clusters/facts.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { factsJson, nodeStatusJson } from "../reading/overview.ts";
import { type Target, targetOf } from "../reading/target.ts";
import { unknownFigures } from "./figures.ts";
import { nodeFigures } from "./monitor.ts";
import { monitoringRoutes } from "./routes.ts";

export interface MonitoringNeeds {
  readonly clusters: Clusters;
  readonly now: () => number;
}

export function monitoringPart({ clusters, now }: MonitoringNeeds): ApiPart {
  return apiPart(monitoringRoutes, {
    "GET /clusters/{cluster}/nodes": async (request) => {
      const target = targetOf(clusters, request);
      const { signal } = request;
      const asked = await Promise.all(
        target.cluster.nodes().map(({ name }) => onNode(target, name, signal, (connection) => timedFacts(connection))),
      );
      // Asking may have found out that one is down.
      const nodes = target.cluster.nodes().map((status, index) => {
        const answer = asked[index];
        if (answer === undefined || "problem" in answer) return { ...nodeStatusJson(status), ...answer };
        const { facts, responseMs } = answer.value;
        return { ...nodeStatusJson({ ...status, checkedAt: now(), responseMs }), facts: factsJson(facts) };
      });
      return { nodes };
    },

    "GET /clusters/{cluster}/monitor": async (request) => {
      const target = targetOf(clusters, request);
      const { query, signal } = request;
      const names = target.cluster.nodes().map(({ name }) => name);
      if (query.node !== undefined && !names.includes(query.node)) {
        throw new ApiError("not_found", `${target.cluster.name} has no node of that name.`);
      }
      const nodes = await Promise.all(
        (query.node === undefined ? names : [query.node]).map(async (node) => {
          const answer = await onNode(target, node, signal, (connection) => nodeFigures(connection, signal));
          const at = new Date(now()).toISOString();
          return "problem" in answer ? { node, at, figures: unknownFigures, ...answer } : { node, at, ...answer.value };
        }),
      );
      return { nodes };
    },
  });
}

/** One node's answer, or why there is none: the others' are given all the same. */
async function onNode<T>(
  { cluster, identity }: Target,
  node: string,
  signal: AbortSignal,
  work: (connection: NodeConnection) => Promise<T>,
): Promise<{ readonly value: T } | { readonly problem: string }> {
  try {
    const { value } = await cluster.read(identity, work, { node, signal });
    return { value };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: error.message };
  }
}

async function timedFacts(connection: NodeConnection) {
  const startedAt = performance.now();
  const facts = await readFacts(connection);
  return { facts, responseMs: Math.round((performance.now() - startedAt) * 10) / 10 };
}
