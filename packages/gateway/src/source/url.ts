/**
 * `SQL_URI`: where the database is, who we are there, and how far its certificate is checked.
 *
 *     postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca.pem
 *     postgres://user@/database?host=/run/postgresql&options=-c%20search_path%3Ddirectory
 *     mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY      (mariadb:// likewise)
 *     sqlite:/var/lib/directory.db
 *
 * `sslmode` (or `ssl-mode`) means what the replaced system's driver made of it, not what libpq does: every mode that
 * asks for TLS also checks the certificate and the host name, unless it says otherwise. Without one there is no TLS.
 *
 * | mode | TLS |
 * | --- | --- |
 * | `disable`, `disabled` | none |
 * | `prefer`, `preferred`, `require`, `required`, `verify-full`, `verify_identity`, `ssl=true` | certificate and host name are checked |
 * | `verify-ca`, `verify_ca` | the certificate's chain is checked, not its name |
 * | `no-verify` | encrypted, but with whoever answers |
 */
import { isIP } from "node:net";
import { SourceError } from "./error.ts";

export type TlsMode = "off" | "verify-full" | "verify-ca" | "no-verify";

/** A database server. */
export interface ServerTarget {
  readonly dialect: "postgres" | "mysql" | "mariadb";
  /** Host name or address; with `socketPath` what to call it in messages. */
  readonly host: string;
  readonly port: number;
  /** PostgreSQL: the folder of the Unix socket. MySQL: the socket. */
  readonly socketPath: string | undefined;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** PostgreSQL: settings of the session, as in `options=-c search_path=directory`. */
  readonly options: string | undefined;
  readonly tls: {
    readonly mode: TlsMode;
    /** PEM files. */
    readonly authorityFile: string | undefined;
    readonly certificateFile: string | undefined;
    readonly keyFile: string | undefined;
  };
}

/** A database file. */
export interface FileTarget {
  readonly dialect: "sqlite";
  readonly path: string;
}

export type SqlTarget = ServerTarget | FileTarget;

const modes: Readonly<Record<string, TlsMode>> = {
  disable: "off",
  disabled: "off",
  prefer: "verify-full",
  preferred: "verify-full",
  require: "verify-full",
  required: "verify-full",
  "verify-full": "verify-full",
  "verify-identity": "verify-full",
  "verify-ca": "verify-ca",
  "no-verify": "no-verify",
};

/** What `ssl=` may say, beside a mode. */
const switches: Readonly<Record<string, TlsMode>> = {
  true: "verify-full",
  "1": "verify-full",
  false: "off",
  "0": "off",
};

const dialects: Readonly<Record<string, ServerTarget["dialect"]>> = {
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "mysql:": "mysql",
  "mariadb:": "mariadb",
};

/** Parameters about TLS that are understood. Another one that begins with `ssl` or `tls` is refused: it may be a misspelt one. */
const tlsParameters = new Set([
  "ssl",
  "sslmode",
  "ssl-mode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "ssl-ca",
  "ssl-cert",
  "ssl-key",
]);

/**
 * @param options.ssl `SQL_SSL`: false turns TLS off, true turns it on where the URL says nothing
 * @throws SourceError `ERR_SOURCE_URL` with a sentence that says what to write instead, and never the password
 */
export function parseSqlUrl(url: string, options: { ssl?: boolean } = {}): SqlTarget {
  const scheme = /^([a-z]+):/i.exec(url)?.[0]?.toLowerCase();
  if (scheme === "sqlite:") return parseSqlitePath(url.slice("sqlite:".length));
  const dialect = scheme === undefined ? undefined : dialects[scheme];
  if (dialect === undefined) {
    throw refusal("must begin with postgres:, postgresql:, mysql:, mariadb: or sqlite:");
  }
  return parseServerUrl(url, dialect, options.ssl);
}

function parseSqlitePath(rest: string): FileTarget {
  const path = rest.replace(/\?.*$/s, "").replace(/^\/\//, "");
  if (path === "" || path.startsWith(":")) {
    throw refusal("names no file: SQLite in memory would be an empty directory. Write sqlite:/path/to/file");
  }
  return { dialect: "sqlite", path };
}

function parseServerUrl(url: string, dialect: ServerTarget["dialect"], ssl: boolean | undefined): ServerTarget {
  const parsed = parseWithHost(url);
  const parameters = new Map([...parsed.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  for (const name of parameters.keys()) {
    if (/^(ssl|tls)/.test(name) && !tlsParameters.has(name)) {
      throw refusal(
        `has the parameter ${name}, which is not known; of TLS it may say ${[...tlsParameters].join(", ")}`,
      );
    }
  }
  const [user, password, authority, database] = [
    parsed.username,
    parsed.password,
    parsed.hostname === absentHost ? "" : parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    parsed.pathname.slice(1),
  ].map(decode) as [string, string, string, string];
  const host = parameters.get("host") ?? authority;
  const socketPath = host.startsWith("/") ? host : parameters.get("socketpath");
  if (user === "") throw refusal("names no user: write postgres://user:password@host/database");
  if (database === "") throw refusal("names no database: write it after the host, as in postgres://user@host/database");
  if (host === "" && socketPath === undefined) throw refusal("names no host");
  return {
    dialect,
    host: host === "" ? "localhost" : host,
    port: Number(parsed.port || (dialect === "postgres" ? 5432 : 3306)),
    socketPath,
    user,
    password: password === "" ? undefined : password,
    database,
    options: parameters.get("options"),
    tls: {
      mode: ssl === false ? "off" : (tlsMode(parameters) ?? (ssl === true ? "verify-full" : "off")),
      authorityFile: parameters.get("sslrootcert") ?? parameters.get("ssl-ca"),
      certificateFile: parameters.get("sslcert") ?? parameters.get("ssl-cert"),
      keyFile: parameters.get("sslkey") ?? parameters.get("ssl-key"),
    },
  };
}

function tlsMode(parameters: ReadonlyMap<string, string>): TlsMode | undefined {
  const said = parameters.get("sslmode") ?? parameters.get("ssl-mode") ?? parameters.get("ssl");
  if (said === undefined)
    return ["sslrootcert", "ssl-ca"].some((name) => parameters.has(name)) ? "verify-full" : undefined;
  const word = said.toLowerCase().replaceAll("_", "-");
  const mode = modes[word] ?? switches[word];
  if (mode === undefined) {
    throw refusal(`has the TLS mode "${said}"; it may be ${Object.keys(modes).join(", ")}, or ssl=true`);
  }
  return mode;
}

/** Stands where an URL has credentials and no host, which WHATWG's parser refuses. */
const absentHost = "absent.invalid";

function parseWithHost(url: string): URL {
  const candidate = url.replace(/^([a-z]+:\/\/(?:[^/?#]*@)?)(?=[/?]|$)/i, `$1${absentHost}`);
  // The parser's own error quotes the text, password and all.
  if (!URL.canParse(candidate)) {
    throw refusal(
      "is not an URL: write scheme://user:password@host:port/database, " +
        "with / ? # @ : and % in the user and the password percent-encoded",
    );
  }
  return new URL(candidate);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("has a % that encodes nothing: write %25 for the character itself");
  }
}

function refusal(what: string): SourceError {
  return new SourceError("ERR_SOURCE_URL", `SQL_URI ${what}.`);
}

/** `host:port`, or the socket, and the database: what messages call it. */
export function describeTarget(target: SqlTarget): string {
  if (target.dialect === "sqlite") return target.path;
  const { host, port, socketPath, database } = target;
  return `${socketPath ?? (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`)}/${database}`;
}
