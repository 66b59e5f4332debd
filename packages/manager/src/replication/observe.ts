/** Looks at the replication of a cluster: what every node says, and how far each is behind. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import { type Lag, lagOf, newestOf } from "./lag.ts";
import { readNodeState, type TimedNodeState } from "./node-state.ts";
import { type Edge, edgesOf } from "./topology.ts";

export interface ObservedNode {
  readonly node: string;
  /** `undefined` where it could not be asked. */
  readonly state: TimedNodeState | undefined;
  /** Why it could not be asked, or why its place in the changes is not known. */
  readonly problem: string | undefined;
  /** It did not accept the name and the password. */
  readonly isRefused: boolean;
}

export interface Observation {
  readonly baseDn: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly nodes: readonly ObservedNode[];
  readonly lag: Lag;
  readonly edges: readonly Edge[];
}

export interface ObserveOptions {
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Changes that were on their way when the nodes were asked, one after the other, are given so long to arrive. */
const settleMs = 250;

/**
 * Nodes are asked at the same time. Those that seem behind are asked once more, and measured by what was the newest the first
 * time: a change that was being replicated at that moment is no lag.
 *
 * @throws ApiError where no node can be asked what the cluster holds
 */
export async function observeReplication(
  cluster: Cluster,
  identity: Identity,
  options: ObserveOptions,
): Promise<Observation> {
  const { signal, now } = options;
  const baseDn = await cluster.baseDn(identity);
  const ask = (node: string) => askNode(cluster, identity, node, baseDn, signal);
  const asked = await Promise.all(cluster.nodes().map(({ name }) => ask(name)));
  const targets = newestOf(asked.map(positionOf));
  const late = new Set(
    lagOf(asked.map(positionOf), targets).cells.flatMap(({ state, node }) =>
      state === "behind" || state === "never_seen" ? [node] : [],
    ),
  );
  if (late.size > 0) await delay(settleMs, undefined, { signal });
  const nodes = await Promise.all(asked.map((one) => (late.has(one.node) ? ask(one.node) : one)));
  const lag = lagOf(nodes.map(positionOf), targets);
  const urls = new Map(cluster.nodes().map(({ name, url }) => [name, url]));
  const edges = edgesOf(
    nodes.map(({ node, state }) => ({ node: { name: node, url: urls.get(node) ?? "" }, links: state?.links })),
  );
  return { baseDn, at: now(), nodes, lag, edges };
}

async function askNode(
  cluster: Cluster,
  identity: Identity,
  node: string,
  baseDn: string,
  signal: AbortSignal,
): Promise<ObservedNode> {
  try {
    const work = { node, signal };
    const { value } = await cluster.read(identity, (connection) => readNodeState(connection, baseDn, signal), work);
    return { node, state: value, problem: value.problem, isRefused: false };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const isRefused = error.code === "wrong_credentials";
    return { node, state: undefined, problem: reasonOf(error, node), isRefused };
  }
}

/** Why this node is not there, rather than that the cluster has no other of its name. */
function reasonOf(error: ApiError, node: string): string {
  const { nodes } = (error.extra.details ?? {}) as { nodes?: readonly { node?: string; reason?: string }[] };
  return nodes?.find((one) => one.node === node)?.reason ?? error.message;
}

function positionOf({ node, state, problem }: ObservedNode) {
  return { node, newest: state?.newest, generation: state?.generation, problem };
}
