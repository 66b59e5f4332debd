import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Mariadb, type Postgres, requirePrograms, startMariadb, startPostgres } from "@espalier/tests/lab";
import { afterAll, describe as always, beforeAll, expect, it } from "vitest";
import {
  type PartSource,
  type Restored,
  type RestoreOptions,
  restorePart,
  silent,
  type UnlockedBackup,
} from "../../src/backup/index.ts";
import { databaseSource, environment, testBackups } from "./backups.ts";

const describe = requirePrograms({
  ...{ postgres: "postgresql-15", pg_dump: "postgresql-15", psql: "postgresql-15" },
  ...{ mariadbd: "mariadb-server", mariadb: "mariadb-client" },
});

async function backedUp(...sources: PartSource[]) {
  const backups = await testBackups();
  const { path } = await backups.create(...sources);
  return { backups, unlocked: await backups.unlock(path) };
}

function restore(unlocked: UnlockedBackup, part: string, options: Partial<RestoreOptions> = {}): Promise<Restored> {
  return restorePart({
    ...{ unlocked, part, sources: [], force: false, withoutOwners: false },
    ...{ environment, progress: silent, confirm: async () => true },
    ...options,
  });
}

describe("restoring a database of a server", () => {
  let postgres: Postgres;
  let mariadb: Mariadb;
  beforeAll(async () => {
    [postgres, mariadb] = await Promise.all([startPostgres(), startMariadb()]);
    await postgres.psql(
      "CREATE ROLE reader; CREATE TABLE users (name text); INSERT INTO users VALUES ('ann'), ('bob'); GRANT SELECT ON users TO reader",
    );
    await mariadb.sql("CREATE TABLE users (name text); INSERT INTO users VALUES ('ann'), ('bob')");
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await mariadb[Symbol.asyncDispose]();
  });

  it("of PostgreSQL puts rows and privileges into an empty database", async () => {
    const { unlocked } = await backedUp(databaseSource("sql:gateway", postgres.url));
    await postgres.psql("CREATE DATABASE other");
    const to = postgres.url.replace(/postgres$/, "other");
    expect(await restore(unlocked, "sql:gateway", { to })).toEqual({
      target: { name: "other", description: `the database 127.0.0.1:${postgres.port}/other`, isEmpty: true },
      problems: [],
      warnings: [],
    });
    const privilege = "SELECT has_table_privilege('reader', 'users', 'SELECT')";
    expect(await postgres.psql(`\\c other\n${privilege}; SELECT name FROM users ORDER BY name`)).toBe("t\nann\nbob");
    await expect(restore(unlocked, "sql:gateway", { to })).rejects.toThrow(
      `the database 127.0.0.1:${postgres.port}/other is not empty. To restore over what is there, say --force.`,
    );
    await postgres.psql("\\c other\nDELETE FROM users");
    expect((await restore(unlocked, "sql:gateway", { to, force: true })).problems).toEqual([]);
    expect(await postgres.psql("\\c other\nSELECT count(*) FROM users")).toBe("2");
  });

  it("of PostgreSQL takes the password from elsewhere where the URL has none", async () => {
    const { unlocked } = await backedUp(databaseSource("sql:gateway", postgres.url));
    await postgres.psql("CREATE DATABASE third");
    const { password } = new URL(postgres.url);
    const to = postgres.url.replace(`:${password}@`, "@").replace(/postgres$/, "third");
    await expect(restore(unlocked, "sql:gateway", { to })).rejects.toThrow(/^psql failed: .*no password supplied/);
    expect((await restore(unlocked, "sql:gateway", { to, password: decodeURIComponent(password) })).problems).toEqual(
      [],
    );
  });

  it("of MariaDB goes on where it was interrupted, and is refused over something else", async () => {
    const { unlocked } = await backedUp(databaseSource("store", mariadb.url));
    const sources = [databaseSource("store", mariadb.url)];
    const refusal = `the database 127.0.0.1:${mariadb.port}/espalier is not empty. To restore over what is there, say --force.`;
    await expect(restore(unlocked, "store", { sources })).rejects.toThrow(refusal);
    await mariadb.sql("DELETE FROM users; CREATE TABLE espalier_restore_in_progress (backup int)");
    expect((await restore(unlocked, "store", { sources })).problems).toEqual([]);
    expect(await mariadb.sql("SHOW TABLES")).toBe("users");
    expect(await mariadb.sql("SELECT name FROM users ORDER BY name")).toBe("ann\nbob");
  });
});

always("restoring a file of a database", () => {
  async function store() {
    const backups = await testBackups();
    const path = join(backups.root, "store.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
    const { path: backup } = await backups.create(databaseSource("store", `sqlite:${path}`));
    return {
      database,
      path,
      unlocked: await backups.unlock(backup),
      sources: [databaseSource("store", `sqlite:${path}`)],
    };
  }

  it("is refused while somebody has it open, and over what is there", async () => {
    const { database, path, unlocked, sources } = await store();
    await expect(restore(unlocked, "store", { sources })).rejects.toThrow(
      `the database ${path} is not empty. To restore over what is there, say --force.`,
    );
    await expect(restore(unlocked, "store", { sources, force: true })).rejects.toThrow(
      `${path} is in use: stop what has it open, and restore then.`,
    );
    database.exec("DELETE FROM t");
    database.close();
    expect((await restore(unlocked, "store", { sources, force: true })).problems).toEqual([]);
    const restored = new DatabaseSync(path, { readOnly: true });
    expect(restored.prepare("SELECT sum(a) AS sum FROM t").get()).toEqual({ sum: 3 });
    restored.close();
  });

  it("puts it where it was said, in one step", async () => {
    const { database, path, unlocked } = await store();
    database.close();
    const to = `${path}.restored`;
    expect(await restore(unlocked, "store", { to: `sqlite:${to}` })).toEqual({
      target: { name: basename(to), description: `the database ${to}`, isEmpty: true },
      problems: [],
      warnings: [],
    });
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(existsSync(`${to}.espalier-partial`)).toBe(false);
  });

  it("is refused when the backup's file is damaged, before anything is written", async () => {
    const { database, path, unlocked } = await store();
    database.close();
    const file = join(unlocked.backup.path, "store.sqlite.gz.age");
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const to = `${path}.restored`;
    await expect(restore(unlocked, "store", { to: `sqlite:${to}` })).rejects.toThrow(
      "store.sqlite.gz.age is damaged: its SHA-256 is another.",
    );
    expect(existsSync(to)).toBe(false);
  });

  it("is refused when the configuration says nothing of it, or the target is another database", async () => {
    const { database, unlocked } = await store();
    database.close();
    await expect(restore(unlocked, "store")).rejects.toThrow(
      "The configuration no longer names store: say with --to where it is put, as an URL.",
    );
    await expect(restore(unlocked, "store", { to: "postgres://ann@host/people" })).rejects.toThrow(
      "store is a database of sqlite, and the target is one of postgres.",
    );
    await expect(restore(unlocked, "sql:gateway")).rejects.toThrow(
      `${unlocked.backup.name} has no part sql:gateway; it has store.`,
    );
  });
});

always("restoring files", () => {
  it("puts them below a folder, which must be empty or what an interrupted restore left", async () => {
    const backups = await testBackups();
    const key = join(backups.root, "key.pem");
    writeFileSync(key, "secret", { mode: 0o400 });
    const { path, name } = await backups.create({ kind: "files", name: "secrets", paths: [key] });
    const unlocked = await backups.unlock(path);
    const to = join(backups.root, "restored");
    await expect(restore(unlocked, "secrets")).rejects.toThrow(
      "Say with --to below which folder the files of secrets are put; --to / puts them where they were.",
    );
    expect(await restore(unlocked, "secrets", { to })).toEqual({
      target: { name: "restored", description: `the folder ${to}`, isEmpty: true },
      problems: [],
      warnings: [],
    });
    const file = join(to, key);
    expect({ text: readFileSync(file, "utf8"), mode: statSync(file).mode & 0o777 }).toEqual({
      text: "secret",
      mode: 0o400,
    });
    await expect(restore(unlocked, "secrets", { to })).rejects.toThrow(`the folder ${to} is not empty.`);
    const half = join(backups.root, "half");
    mkdirSync(half);
    writeFileSync(join(half, `.espalier-restore-in-progress-${name}`), "");
    writeFileSync(join(half, "left.espalier-partial"), "");
    expect((await restore(unlocked, "secrets", { to: half })).problems).toEqual([]);
    expect(existsSync(join(half, `.espalier-restore-in-progress-${name}`))).toBe(false);
  });

  // Only root may write to `/`.
  it.skipIf(process.getuid?.() !== 0)("puts them where they were, over nothing that is there", async () => {
    const backups = await testBackups();
    const keys = join(backups.root, "keys");
    mkdirSync(keys);
    writeFileSync(join(keys, "key.pem"), "secret", { mode: 0o400 });
    const { path } = await backups.create({ kind: "files", name: "secrets", paths: [keys] });
    const unlocked = await backups.unlock(path);
    // What is there already as it was is no hindrance: several parts may name one file.
    expect((await restore(unlocked, "secrets", { to: "/" })).problems).toEqual([]);
    chmodSync(join(keys, "key.pem"), 0o600);
    await expect(restore(unlocked, "secrets", { to: "/" })).rejects.toThrow("the folder / is not empty.");
    rmSync(keys, { recursive: true });
    expect(await restore(unlocked, "secrets", { to: "/" })).toEqual({
      target: { name: "/", description: "the folder /", isEmpty: true },
      problems: [],
      warnings: [],
    });
    expect(readFileSync(join(keys, "key.pem"), "utf8")).toBe("secret");
    writeFileSync(join(keys, "key.pem"), "another");
    expect((await restore(unlocked, "secrets", { to: "/", force: true })).problems).toEqual([]);
    expect(readFileSync(join(keys, "key.pem"), "utf8")).toBe("secret");
  });
});
