/** The volumes in which databases and directories of a compose project keep their data. */
import { posix } from "node:path";
import type { Project } from "../../engine/project.ts";
import type { ComposeProject, ComposeService, Mount } from "../../inputs/compose/compose-project.ts";
import { imageOf } from "../compose/image.ts";
import { servicesOf } from "../compose/service.ts";

export interface Store {
  /** `PostgreSQL` */
  readonly name: string;
  readonly image: RegExp;
  /** Where it keeps its data in its container. */
  readonly folders: readonly string[];
  /** Where it keeps them on a machine without containers. */
  readonly hostFolders: readonly string[];
  /** Programs that read it as it is at one moment. */
  readonly dumps: readonly string[];
  /** A line that does so, for the service of this name. */
  readonly dumpLine: (service: string) => string;
}

export const stores: readonly Store[] = [
  {
    name: "PostgreSQL",
    image: /^(?:postgres|postgresql|postgis|timescaledb|timescaledb-ha|pgvector|supabase-postgres|spilo-\d+)$/,
    folders: ["/var/lib/postgresql", "/bitnami/postgresql", "/home/postgres/pgdata"],
    hostFolders: ["/var/lib/postgresql", "/var/lib/pgsql"],
    dumps: ["pg_dump", "pg_dumpall", "pg_basebackup", "pgbackrest", "wal-g", "barman"],
    dumpLine: (service) =>
      `docker compose exec -T ${service} sh -c 'pg_dumpall -U "$POSTGRES_USER"' | gzip > "${service}-$(date +%F).sql.gz"`,
  },
  {
    name: "MariaDB",
    image: /^(?:mariadb|mysql|mysql-server|percona|percona-server)$/,
    folders: ["/var/lib/mysql", "/bitnami/mariadb", "/bitnami/mysql"],
    hostFolders: ["/var/lib/mysql"],
    dumps: ["mariadb-dump", "mysqldump", "mariabackup", "mariadb-backup", "xtrabackup", "mydumper"],
    dumpLine: (service) =>
      `docker compose exec -T ${service} sh -c 'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb-dump -u root --single-transaction --all-databases' | gzip > "${service}-$(date +%F).sql.gz"`,
  },
  {
    name: "MongoDB",
    image: /^(?:mongo|mongodb|mongodb-community-server|percona-server-mongodb)$/,
    folders: ["/data/db", "/bitnami/mongodb"],
    hostFolders: ["/var/lib/mongodb", "/var/lib/mongo"],
    dumps: ["mongodump"],
    dumpLine: (service) =>
      `docker compose exec -T ${service} mongodump --archive --gzip > "${service}-$(date +%F).archive.gz"`,
  },
  {
    name: "OpenLDAP",
    image: /^(?:openldap|slapd|docker-openldap)$/,
    folders: ["/var/lib/ldap", "/var/lib/openldap", "/etc/ldap/slapd.d", "/etc/openldap/slapd.d", "/bitnami/openldap"],
    hostFolders: ["/var/lib/ldap", "/var/lib/openldap"],
    dumps: ["slapcat", "ldapsearch"],
    dumpLine: (service) => `docker compose exec -T ${service} slapcat -n 1 | gzip > "${service}-$(date +%F).ldif.gz"`,
  },
  {
    name: "389 Directory Server",
    image: /^(?:dirsrv|389ds|389-ds)$/,
    folders: ["/data", "/var/lib/dirsrv"],
    hostFolders: ["/var/lib/dirsrv"],
    dumps: ["dsconf", "dsctl", "db2ldif", "ldapsearch"],
    dumpLine: (service) => `docker compose exec -T ${service} dsconf localhost backup create`,
  },
  {
    name: "LLDAP",
    image: /^lldap$/,
    folders: ["/data"],
    hostFolders: [],
    dumps: ["sqlite3", "ldapsearch"],
    dumpLine: () => `sqlite3 users.db ".backup 'users-$(date +%F).db'"`,
  },
];

export interface StatefulVolume {
  readonly compose: ComposeProject;
  readonly service: ComposeService;
  readonly mount: Mount;
  readonly store: Store;
  readonly source: MountSource;
}

/** What is mounted: a volume by its name, or a folder by its path, absolute or relative to the root of the check. */
export type MountSource = { readonly volume: string } | { readonly path: string };

export function* statefulVolumes(project: Project): Generator<StatefulVolume> {
  for (const { compose, service } of servicesOf(project)) {
    const image = imageOf(service)?.name;
    const store = image === undefined ? undefined : stores.find((each) => each.image.test(image));
    if (store === undefined) continue;
    for (const mount of service.mounts) {
      const source = sourceOf(compose, mount);
      const isData = store.folders.some((folder) => isWithin(mount.target, folder) || isWithin(folder, mount.target));
      if (source !== undefined && isData && !mount.isReadOnly) yield { compose, service, mount, store, source };
    }
  }
}

/** Undefined for what is neither, and for a volume without a name. */
export function sourceOf({ files: [file = ""] }: ComposeProject, { type, source }: Mount): MountSource | undefined {
  if (source === undefined) return undefined;
  if (type === "volume") return { volume: source };
  if (type !== "bind") return undefined;
  return {
    path:
      source.startsWith("/") || source.startsWith("~")
        ? posix.normalize(source)
        : posix.join(posix.dirname(file), source),
  };
}

export function describeSource(source: MountSource): string {
  return "volume" in source ? `the volume ${source.volume}` : `the folder ${source.path}`;
}

/** Whether `path` is `folder` or below it. */
export function isWithin(path: string, folder: string): boolean {
  const above = folder.replace(/\/+$/, "");
  return path.replace(/\/+$/, "") === above || path.startsWith(`${above}/`);
}

/** What other containers, and the files that people write, call a service. */
export function namesOf({ name, node }: ComposeService): readonly string[] {
  return [name, node.get("container_name")?.text, node.get("hostname")?.text].filter((each) => each !== undefined);
}
