/** The URL of a database as the programs that dump and restore it want it: host, port, user and TLS by themselves. */
import { existsSync } from "node:fs";
import { BackupError } from "./backup-error.ts";
import type { Environment } from "./child-program.ts";

export interface ServerDatabase {
  readonly dialect: "postgres" | "mariadb";
  /** A name, an address, or for PostgreSQL the folder of its Unix socket. */
  readonly host: string;
  readonly port: number;
  /** MariaDB. */
  readonly socket?: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: "off" | "preferred" | "verify" | "verify-ca" | "unverified";
  readonly authorityFile: string | undefined;
}

interface SqliteDatabase {
  readonly dialect: "sqlite";
  readonly path: string;
}

export type DatabaseAddress = ServerDatabase | SqliteDatabase;

const dialects: Readonly<Record<string, ServerDatabase["dialect"]>> = {
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "mysql:": "mariadb",
  "mariadb:": "mariadb",
};

const tlsModes: Readonly<Record<string, ServerDatabase["tls"]>> = {
  disable: "off",
  disabled: "off",
  false: "off",
  "0": "off",
  "verify-ca": "verify-ca",
  "no-verify": "unverified",
};

/** Debian's and Red Hat's files of the system's authorities. */
const systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** @throws BackupError that never quotes it */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  if (/^sqlite:/i.test(text)) {
    const path = text.replace(/^sqlite:(\/\/)?/i, "").replace(/\?.*$/s, "");
    if (path === "" || path.startsWith(":")) throw refusal("names no file: write sqlite:/path/to/file");
    return { dialect: "sqlite", path };
  }
  // WHATWG's parser refuses credentials without a host, as in postgres://user@/database?host=/run/postgresql.
  const candidate = text.replace(/^([a-z]+:\/\/(?:[^/?#]*@)?)(?=[/?]|$)/i, "$1absent.invalid");
  if (!URL.canParse(candidate)) throw refusal("is no URL: write postgres://user:password@host:port/database");
  const url = new URL(candidate);
  const dialect = dialects[url.protocol];
  if (dialect === undefined) throw refusal("must begin with sqlite:, postgres:, mysql: or mariadb:");
  const parameters = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const database = decoded(url.pathname.slice(1));
  if (database === "") throw refusal("names no database: write it after the host");
  const named = parameters.get("host") ?? (host === "absent.invalid" ? "localhost" : host);
  const mode = (parameters.get("sslmode") ?? parameters.get("ssl-mode") ?? parameters.get("ssl"))?.toLowerCase();
  return {
    dialect,
    host: named,
    port: Number(url.port || (dialect === "postgres" ? 5432 : 3306)),
    socket:
      dialect === "mariadb" ? (parameters.get("socketpath") ?? (named.startsWith("/") ? named : undefined)) : undefined,
    user: url.username === "" ? undefined : decoded(url.username),
    password: url.password === "" ? undefined : decoded(url.password),
    database,
    tls: mode === undefined ? "preferred" : (tlsModes[mode.replaceAll("_", "-")] ?? "verify"),
    authorityFile: parameters.get("sslrootcert") ?? parameters.get("ssl-ca"),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("has a % that begins no percent-encoding: write %25 where a percent sign is meant");
  }
}

/** `host:port/database`, for people. */
export function describeDatabase(address: DatabaseAddress): string {
  if (address.dialect === "sqlite") return address.path;
  const { host, port, database } = address;
  return `${host.startsWith("/") ? host : `${host.includes(":") ? `[${host}]` : host}:${port}`}/${database}`;
}

/** What libpq reads: no password is on a command line. */
export function postgresVariables({
  host,
  port,
  user,
  password,
  database,
  tls,
  authorityFile,
}: ServerDatabase): Environment {
  const modes = {
    off: "disable",
    preferred: "prefer",
    verify: "verify-full",
    "verify-ca": "verify-ca",
    unverified: "require",
  };
  const authorities = authorityFile ?? (tls === "verify" || tls === "verify-ca" ? systemAuthorityFile() : undefined);
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGSSLMODE: modes[tls],
    PGCONNECT_TIMEOUT: "10",
    ...(user === undefined ? {} : { PGUSER: user }),
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    ...(authorities === undefined ? {} : { PGSSLROOTCERT: authorities }),
  };
}

/** How MariaDB's programs connect; its password is in {@link mariadbVariables}. */
export function mariadbParameters({ host, port, socket, user, tls, authorityFile }: ServerDatabase): string[] {
  return [
    "--no-defaults",
    ...(socket === undefined ? [`--host=${host}`, `--port=${port}`, "--protocol=tcp"] : [`--socket=${socket}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(tls === "verify" || tls === "verify-ca" ? ["--ssl", "--ssl-verify-server-cert"] : []),
    ...(tls === "unverified" ? ["--ssl"] : []),
    ...(tls === "off" ? ["--skip-ssl"] : []),
    ...(authorityFile === undefined ? [] : [`--ssl-ca=${authorityFile}`]),
  ];
}

export function mariadbVariables({ password }: ServerDatabase): Environment {
  return password === undefined ? {} : { MYSQL_PWD: password };
}

function systemAuthorityFile(): string | undefined {
  return systemAuthorities.find((path) => existsSync(path));
}

function refusal(what: string): BackupError {
  return new BackupError("refused", `The URL of the database ${what}.`);
}
