/** What Espalier backs up, as far as its configuration says so: the servers of its databases and directories. */
import type { Project } from "../../engine/project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

export interface BackedUpServer {
  readonly host: string;
  readonly port: number | undefined;
}

const defaultPorts: Readonly<Record<string, number>> = { postgres: 5432, postgresql: 5432, mysql: 3306, mariadb: 3306 };

/** None where `check.backups` is not set. */
export function espalierBackups(project: Project): readonly BackedUpServer[] {
  const roots = project.of("espalier").map(({ root }) => root);
  if (!roots.some((root) => root.get("check", "backups") !== undefined)) return [];
  const services = project.of("compose").flatMap(({ services }) => services);
  const variables = services.flatMap(({ environment }) => environment.filter(({ name }) => urlVariables.has(name)));
  return [
    ...roots.flatMap((root) => [
      ...[root.get("gateway", "sql", "url"), root.get("store", "url")].flatMap(serverOf),
      ...(root.get("check", "backups", "databases")?.entries() ?? []).flatMap(([, node]) => serverOf(node)),
      ...(root.get("clusters")?.items() ?? []).flatMap(serversOfCluster),
    ]),
    ...variables.flatMap(({ value }) => serverOfUrl(value)),
  ];
}

const urlVariables: ReadonlySet<string> = new Set(["SQL_URI", "SQL_URL", "STORE_URL"]);

function serversOfCluster(cluster: ConfigNode): BackedUpServer[] {
  return [cluster, ...(cluster.get("nodes")?.items() ?? [])].flatMap((node) => {
    const host = node.get("host")?.text;
    return host === undefined ? [] : [{ host, port: Number(node.get("port")?.text ?? 389) }];
  });
}

function serverOf(node: ConfigNode | undefined): BackedUpServer[] {
  return serverOfUrl(node?.text);
}

function serverOfUrl(url: string | undefined): BackedUpServer[] {
  const [, scheme = "", host, port] = /^(\w+):\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^:/?]+)(?::(\d+))?/.exec(url ?? "") ?? [];
  if (host === undefined) return [];
  return [{ host: host.replace(/^\[(.*)\]$/, "$1"), port: port === undefined ? defaultPorts[scheme] : Number(port) }];
}
