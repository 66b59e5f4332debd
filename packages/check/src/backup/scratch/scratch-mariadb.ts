/** An empty MariaDB database for a drill: of a server made for it, or on one that is named. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { BackupError } from "../backup-error.ts";
import { programPath, textOf } from "../child-program.ts";
import { parseDatabaseUrl } from "../database-url.ts";
import { mariadb } from "../parts/mariadb-part.ts";
import type { Surroundings } from "../parts/part.ts";
import type { ScratchDatabase } from "./scratch-postgres.ts";
import { scratchFolder, startServer } from "./scratch-server.ts";

export async function scratchMariadb(url: string | undefined, surroundings: Surroundings): Promise<ScratchDatabase> {
  const name = `espalier_drill_${randomBytes(6).toString("hex")}`;
  const { server, resources } = url === undefined ? await ownServer(surroundings) : named(url);
  await mariadb(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`, server, surroundings);
  return {
    database: { ...server, database: name },
    [Symbol.asyncDispose]: async () => {
      await mariadb(`DROP DATABASE ${name}`, server, surroundings);
      await resources.disposeAsync();
    },
  };
}

function named(url: string) {
  const server = parseDatabaseUrl(url);
  if (server.dialect !== "mariadb") {
    throw new BackupError("refused", "check.backups.scratch.mariadb must begin with mariadb://.");
  }
  return { server, resources: new AsyncDisposableStack() };
}

async function ownServer({ environment }: Surroundings) {
  const install = programPath("mariadb-install-db", "mariadb-server", environment);
  const mariadbd = programPath("mariadbd", "mariadb-server", environment);
  await using cleanup = new AsyncDisposableStack();
  const { path, user } = cleanup.use(await scratchFolder("mysql"));
  const data = join(path, "data");
  const socket = join(path, "socket");
  await textOf(
    install,
    ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
    { environment, user, deathSignal: "SIGKILL" },
  );
  cleanup.use(
    await startServer({
      program: mariadbd,
      parameters: [
        ...["--no-defaults", `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(path, "pid")}`],
        ...["--skip-networking", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"],
      ],
      environment,
      user,
      readiness: /ready for connections/,
    }),
  );
  const server = {
    ...({ dialect: "mariadb", host: "localhost", port: 0, socket, user: "root", password: undefined } as const),
    ...({ database: "mysql", tls: "off", authorityFile: undefined } as const),
  };
  return { server, resources: cleanup.move() };
}
