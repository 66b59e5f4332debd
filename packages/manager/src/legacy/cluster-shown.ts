/** A cluster as the old paths show it. */
import type { z } from "zod";
import type { Cluster, NodeStatus } from "../clusters/cluster.ts";
import type { Session } from "../sessions/session.ts";
import type { legacyRoutes } from "./routes.ts";

export type ShownCluster = z.input<(typeof legacyRoutes)["GET /api/clusters/get/{name}"]["response"]>;

/** The base DN is what the server says, where it was not configured and the person is connected. */
export async function shownCluster(cluster: Cluster, session: Session): Promise<ShownCluster> {
  const { name, description, host, port, nodes, bind_dn, readonly } = cluster.config;
  return {
    name,
    host: host ?? null,
    port: host === undefined ? null : (port ?? portOf(cluster.nodes()[0])),
    nodes:
      nodes?.map((node, index) => ({
        host: node.host,
        port: node.port ?? portOf(cluster.nodes()[index]),
        name: node.name ?? cluster.nodes()[index]?.name ?? node.host,
      })) ?? null,
    base_dn: await baseDn(cluster, session),
    bind_dn: bind_dn ?? null,
    readonly,
    description,
  };
}

async function baseDn(cluster: Cluster, session: Session): Promise<string> {
  const { name, config } = cluster;
  if (config.base_dn !== "" || !session.clusters.includes(name)) return config.base_dn;
  return cluster.baseDn(session.identity(name)).catch(() => "");
}

function portOf(node: NodeStatus | undefined): number {
  const { protocol = "ldap:", port = "" } = node === undefined ? {} : new URL(node.url);
  return port === "" ? (protocol === "ldaps:" ? 636 : 389) : Number(port);
}

type ClusterHealth = z.input<(typeof legacyRoutes)["GET /api/clusters/health/{name}"]["response"]>;

export function clusterHealth(nodes: readonly NodeStatus[]): ClusterHealth {
  const up = nodes.filter(({ state }) => state === "up");
  const down = nodes.filter(({ state }) => state === "down");
  if (up.length === nodes.length) {
    return { status: "healthy", message: nodes.length === 1 ? "The server answers." : "All nodes answer." };
  }
  if (down.length === nodes.length) return { status: "error", message: `No node answers: ${reasons(down)}` };
  if (down.length === 0) return { status: "warning", message: "Not every node has been asked yet." };
  return { status: "warning", message: `${up.length} of ${nodes.length} nodes answer: ${reasons(down)}` };
}

function reasons(nodes: readonly NodeStatus[]): string {
  return nodes.map(({ name, reason = "down" }) => `${name}: ${reason}`).join("; ");
}
