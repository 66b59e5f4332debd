/**
 * `GET /health`, in the shape that monitoring of the system before knows. Whoever asks gets states, counts and names of
 * clusters, all of which the page for signing in shows too; why a node does not answer is for people who have signed in.
 */
import type { CheckResult } from "@espalier/service";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clusters, NodeStatus } from "../clusters/cluster.ts";
import { clusterHealth } from "./cluster-shown.ts";

interface Check {
  readonly status: "ok" | "degraded" | "failed";
}

interface HealthAnswer {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly timestamp: string;
  readonly version: string;
  readonly context_path: string;
  readonly checks: {
    readonly config: Check & { readonly clusters_count: number };
    readonly connection_pool: Check & { readonly pool_size: number };
    readonly ldap: Check & { readonly cluster?: string; readonly error?: string };
    readonly store: Check;
  };
}

export interface HealthNeeds {
  readonly clusters: Clusters;
  /** Open connections to nodes, in all pools. */
  readonly poolSize: () => number;
  readonly storeCheck: () => CheckResult;
  readonly version: string;
  readonly contextPath: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** 200, or 503 where it is unhealthy. @param isSignedIn whether somebody asks who may know more */
export function addHealthRoute(
  app: FastifyInstance,
  needs: HealthNeeds,
  isSignedIn: (request: FastifyRequest) => Promise<boolean>,
): void {
  const path = `${needs.contextPath}/health`;
  app.get(path, { config: { endpoint: path } }, async (request, reply) => {
    const answer = healthAnswer(needs, await isSignedIn(request));
    return reply.code(answer.status === "unhealthy" ? 503 : 200).send(answer);
  });
}

/** Unhealthy: no cluster has a node that answers, or the store is away. Degraded: some node does not answer. */
function healthAnswer(needs: HealthNeeds, showsReasons: boolean): HealthAnswer {
  const { clusters, poolSize, storeCheck, version, contextPath, now } = needs;
  const ldap = ldapCheck(clusters, showsReasons);
  const store = storeCheck().status === "ok" ? "ok" : "failed";
  const isUnhealthy = ldap.status === "failed" || store === "failed";
  return {
    status: isUnhealthy ? "unhealthy" : ldap.status === "degraded" ? "degraded" : "healthy",
    timestamp: new Date(now()).toISOString(),
    version,
    context_path: contextPath,
    checks: {
      config: { status: "ok", clusters_count: clusters.all.length },
      connection_pool: { status: "ok", pool_size: poolSize() },
      ldap,
      store: { status: store },
    },
  };
}

/** Of the cluster that is worst off; the first of those that are equal. */
function ldapCheck({ all }: Clusters, showsReasons: boolean): HealthAnswer["checks"]["ldap"] {
  const states = all.map((cluster) => ({ cluster, state: stateOf(cluster.nodes()) }));
  const worst = states.find(({ state }) => state === "down") ?? states.find(({ state }) => state !== "up") ?? states[0];
  if (worst === undefined) return { status: "failed", error: "no cluster is configured" };
  const { cluster, state } = worst;
  const allAreDown = states.every((each) => each.state === "down");
  return {
    status: state === "up" ? "ok" : allAreDown ? "failed" : "degraded",
    cluster: cluster.name,
    ...(state !== "up" && showsReasons ? { error: clusterHealth(cluster.nodes()).message } : {}),
  };
}

function stateOf(nodes: readonly NodeStatus[]): "up" | "partly" | "down" {
  if (nodes.every(({ state }) => state === "up")) return "up";
  return nodes.every(({ state }) => state === "down") ? "down" : "partly";
}
