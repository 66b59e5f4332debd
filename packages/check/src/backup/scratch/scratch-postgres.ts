/** An empty PostgreSQL database for a drill: of a cluster made for it, or on a server that is named. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { BackupError } from "../backup-error.ts";
import { programPath, textOf } from "../child-program.ts";
import { parseDatabaseUrl, type ServerDatabase } from "../database-url.ts";
import type { Surroundings } from "../parts/part.ts";
import { psql } from "../parts/postgres-part.ts";
import { scratchFolder, startServer } from "./scratch-server.ts";

export interface ScratchDatabase extends AsyncDisposable {
  readonly database: ServerDatabase;
}

export async function scratchPostgres(url: string | undefined, surroundings: Surroundings): Promise<ScratchDatabase> {
  if (url !== undefined) return databaseOn(url, surroundings);
  const { environment } = surroundings;
  const initdb = programPath("initdb", "postgresql", environment);
  const postgres = programPath("postgres", "postgresql", environment);
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await scratchFolder("postgres"));
  const data = join(folder.path, "data");
  const { user } = folder;
  await textOf(
    initdb,
    ["-D", data, "-U", "espalier", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
    { environment, user, deathSignal: "SIGKILL" },
  );
  const settings = {
    listen_addresses: "",
    unix_socket_directories: folder.path,
    fsync: "off",
    full_page_writes: "off",
  };
  const parameters = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const readiness = /database system is ready to accept connections/;
  cleanup.use(await startServer({ program: postgres, parameters, environment, user, readiness }));
  const resources = cleanup.move();
  return {
    database: {
      ...{ dialect: "postgres", host: folder.path, port: 5432, user: "espalier", password: undefined },
      ...{ database: "postgres", tls: "off", authorityFile: undefined },
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function databaseOn(url: string, surroundings: Surroundings): Promise<ScratchDatabase> {
  const server = parseDatabaseUrl(url);
  if (server.dialect !== "postgres") {
    throw new BackupError("refused", "check.backups.scratch.postgres must begin with postgres://.");
  }
  const name = `espalier_drill_${randomBytes(6).toString("hex")}`;
  await psql(`CREATE DATABASE ${name} TEMPLATE template0`, server, surroundings);
  return {
    database: { ...server, database: name },
    [Symbol.asyncDispose]: async () => {
      await psql(`DROP DATABASE ${name}`, server, surroundings);
    },
  };
}
