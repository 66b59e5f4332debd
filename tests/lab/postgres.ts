/** A private PostgreSQL server (Debian: postgresql-15), with a database of the test's own. */
import { chown, copyFile, writeFile } from "node:fs/promises";
import type { ServerCertificate } from "./certificates.ts";
import { DatabaseProcess, runAs, serverUser } from "./database-process.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface PostgresOptions {
  /** With it the server offers TLS. */
  readonly certificate?: ServerCertificate;
  /** Waits for the disk at each commit, as a server does that is to keep something: for measurements. */
  readonly isDurable?: boolean;
  /** A free one unless said. */
  readonly port?: number;
}

export interface Postgres extends AsyncDisposable {
  /** postgres://… of the superuser, whose password the server checks (SCRAM). */
  readonly url: string;
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socketDirectory: string;
  /** Runs SQL through psql; returns the rows, one a line, columns parted by `|`. */
  psql(sql: string): Promise<string>;
  /** The end of what it wrote to its log since it was started. */
  readonly log: string;
  /** Shuts it down and ends all sessions, as an administrator would. */
  stop(): Promise<void>;
  /** Starts it again: same data, same port. */
  start(): Promise<void>;
  /** Ends it without a farewell to anybody, as a crash does. */
  kill(): Promise<void>;
}

/** Starts one on 127.0.0.1. Disposing of it removes its data. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const { certificate, isDurable = false } = options;
  const user = await serverUser("postgres");
  const directory = await temporaryDirectory("postgres");
  const own = async (file: string) => {
    if (user.uid !== undefined && user.gid !== undefined) await chown(file, user.uid, user.gid);
    return file;
  };
  await own(directory.path);
  // Characters that an URL must have percent-encoded.
  const password = "p@ss/word:5#?";
  const passwordFile = directory.file("password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await own(passwordFile);
  const data = directory.file("data");
  await runAs(user, "initdb", [
    ...["-D", data, "-U", "espalier", "--encoding=UTF8", "--locale=C", "--no-sync"],
    ...["--auth-local=trust", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`],
  ]);
  const tls: Record<string, string> = {};
  if (certificate !== undefined) {
    // The server refuses a key that is not its own user's.
    await copyFile(certificate.privateKey, directory.file("server.key"));
    await copyFile(certificate.certificate, directory.file("server.crt"));
    tls.ssl = "on";
    tls.ssl_key_file = await own(directory.file("server.key"));
    tls.ssl_cert_file = await own(directory.file("server.crt"));
  }
  const port = options.port ?? (await freePort());
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: directory.path,
    ...(isDurable ? {} : { fsync: "off", full_page_writes: "off" }),
    ...tls,
  };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const ready = /database system is ready to accept connections/;
  const server = new DatabaseProcess("postgres", ["-D", data, ...parameters], user, ready);
  await server.start();
  const connection = ["-h", directory.path, "-p", String(port), "-U", "espalier", "postgres"];
  return {
    url: `postgres://espalier:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
    port,
    socketDirectory: directory.path,
    psql: async (sql) => {
      const options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
      return (await runAs(user, "psql", [...options, ...connection], sql)).trimEnd();
    },
    get log() {
      return server.log;
    },
    stop: () => server.end("SIGINT"),
    start: () => server.start(),
    kill: () => server.end("SIGQUIT"),
    [Symbol.asyncDispose]: async () => {
      await server.end("SIGQUIT");
      await directory[Symbol.asyncDispose]();
    },
  };
}
