/** The image of a service: its name, tag and digest, and what kind of program is known to be in it. */
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

export interface Image {
  readonly node: ConfigNode;
  readonly text: string;
  /** Without registry, tag and digest: `library/postgres` is `postgres`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Undefined where the service is only built, or the image is a variable that nothing fills. */
export function imageOf({ node }: ComposeService): Image | undefined {
  const image = node.get("image");
  const text = image?.text;
  if (image === undefined || text === undefined || text === "") return undefined;
  const [reference = "", digest] = text.split("@");
  const [, path = reference, tag] = /^(.*?)(?::([^:/]+))?$/.exec(reference) ?? [];
  return { node: image, text, name: path.split("/").at(-1) ?? path, tag, digest };
}

const socketProxies = /socket-?proxy|docker-?proxy/;

/** A proxy in front of Docker's socket, which is what may mount it. */
export function isSocketProxy(service: ComposeService): boolean {
  return socketProxies.test(imageOf(service)?.name ?? "");
}

const databases =
  /^(?:postgres|postgis|timescaledb|pgvector|postgresql|mysql|mariadb|percona|mongo|mongodb|redis|valkey|keydb|memcached|clickhouse|clickhouse-server|qdrant|elasticsearch|opensearch|couchdb|cassandra|scylla|neo4j|influxdb|etcd|openldap|osixia-openldap|lldap|389-?ds|glauth|kanidm|server-mssql)/;

/** SQL and other databases, and directory servers. */
export function isDatabase(service: ComposeService): boolean {
  return databases.test(imageOf(service)?.name ?? "");
}
