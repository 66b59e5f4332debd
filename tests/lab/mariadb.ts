/** A private MariaDB server (Debian: mariadb-server), with a database of the test's own. */
import { chown, copyFile } from "node:fs/promises";
import type { ServerCertificate } from "./certificates.ts";
import { DatabaseProcess, runAs, serverUser } from "./database-process.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface MariadbOptions {
  /** With it the server offers TLS. */
  readonly certificate?: ServerCertificate;
}

export interface Mariadb extends AsyncDisposable {
  /** mariadb://… of a user with all rights on the database `espalier`, and a password. */
  readonly url: string;
  readonly port: number;
  /** Runs SQL through the `mariadb` client; returns the rows, one a line, columns parted by tabs. */
  sql(sql: string): Promise<string>;
  /** Shuts it down and ends all sessions, as an administrator would. */
  stop(): Promise<void>;
  /** Starts it again: same data, same port. */
  start(): Promise<void>;
  /** Ends it without a farewell to anybody, as a crash does. */
  kill(): Promise<void>;
}

/** Starts one on 127.0.0.1. Disposing of it removes its data. */
export async function startMariadb({ certificate }: MariadbOptions = {}): Promise<Mariadb> {
  const user = await serverUser("mysql");
  const directory = await temporaryDirectory("mariadb");
  const own = async (file: string) => {
    if (user.uid !== undefined && user.gid !== undefined) await chown(file, user.uid, user.gid);
    return file;
  };
  await own(directory.path);
  const data = directory.file("data");
  const socket = directory.file("socket");
  await runAs(user, "mariadb-install-db", [
    ...["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
  ]);
  const tls: string[] = [];
  if (certificate !== undefined) {
    await copyFile(certificate.privateKey, directory.file("server.key"));
    await copyFile(certificate.certificate, directory.file("server.crt"));
    tls.push(`--ssl-key=${await own(directory.file("server.key"))}`);
    tls.push(`--ssl-cert=${await own(directory.file("server.crt"))}`);
  }
  const port = await freePort();
  const server = new DatabaseProcess(
    "mariadbd",
    [
      ...["--no-defaults", `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${directory.file("pid")}`],
      ...["--bind-address=127.0.0.1", `--port=${port}`, "--skip-log-bin", "--skip-name-resolve"],
      ...["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M"],
      ...tls,
    ],
    user,
    /ready for connections/,
  );
  await server.start();
  const sql = async (text: string, database: string): Promise<string> => {
    const options = ["--no-defaults", `--socket=${socket}`, "--user=root", "--default-character-set=utf8mb4"];
    const printed = await runAs(user, "mariadb", [...options, "--batch", "--skip-column-names", database], text);
    return printed.trimEnd();
  };
  // Characters that an URL must have percent-encoded.
  const password = "p@ss/word:5#?";
  await sql(
    `CREATE DATABASE espalier CHARACTER SET utf8mb4;
     CREATE USER espalier@'127.0.0.1' IDENTIFIED BY '${password}';
     GRANT ALL ON espalier.* TO espalier@'127.0.0.1';`,
    "mysql",
  );
  return {
    url: `mariadb://espalier:${encodeURIComponent(password)}@127.0.0.1:${port}/espalier`,
    port,
    sql: (text) => sql(text, "espalier"),
    stop: () => server.end("SIGTERM"),
    start: () => server.start(),
    kill: () => server.end("SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      await server.end("SIGKILL");
      await directory[Symbol.asyncDispose]();
    },
  };
}
