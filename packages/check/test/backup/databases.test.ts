import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Secret } from "@espalier/service";
import { type Mariadb, type Postgres, requirePrograms, startMariadb, startPostgres } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DrillOptions, drillBackup, silent } from "../../src/backup/index.ts";
import { databaseSource, environment, type TestBackups, testBackups } from "./backups.ts";

const describe = requirePrograms({
  ...{ initdb: "postgresql-15", pg_dump: "postgresql-15", pg_restore: "postgresql-15" },
  ...{ mariadbd: "mariadb-server", "mariadb-dump": "mariadb-client" },
});

const postgresTables = `
  CREATE ROLE reader;
  CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, photo bytea, since timestamptz DEFAULT '2026-01-01');
  INSERT INTO users (name, photo) SELECT 'user' || n, decode('00ff', 'hex') FROM generate_series(1, 1000) n;
  GRANT SELECT ON users TO reader;
  CREATE SCHEMA "odd ""name";
  CREATE TABLE "odd ""name"."t 1" (a int, b text);
  INSERT INTO "odd ""name"."t 1" VALUES (1, E'x\\ty\\nz'), (2, NULL), (2, NULL);
  CREATE VIEW names AS SELECT name FROM users;
  CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS $$ SELECT 42 -- of all
  $$;
  SELECT lo_from_bytea(0, 'large object');`;

const mariadbTables = `
  CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(100), photo blob, since timestamp DEFAULT '2026-01-01');
  INSERT INTO users (name, photo) VALUES ('a\\nb', x'00ff'), ('ü', NULL);
  CREATE TABLE \`odd\`\`t\` (a float, b decimal(10, 2));
  INSERT INTO \`odd\`\`t\` VALUES (0.1, 1.10), (0.1, 1.10);
  CREATE VIEW names AS SELECT name FROM users;
  CREATE TRIGGER upper_name BEFORE INSERT ON users FOR EACH ROW SET NEW.name = upper(NEW.name);`;

describe("a database", () => {
  let postgres: Postgres;
  let mariadb: Mariadb;
  beforeAll(async () => {
    [postgres, mariadb] = await Promise.all([startPostgres(), startMariadb()]);
    await postgres.psql(postgresTables);
    await mariadb.sql(mariadbTables);
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await mariadb[Symbol.asyncDispose]();
  });

  const drill = async (backups: TestBackups, path: string, scratch: DrillOptions["scratch"] = {}) =>
    drillBackup(await backups.unlock(path), { scratch, environment, progress: silent });

  it("of PostgreSQL is restored into a cluster made for that, with every row and definition", async () => {
    const backups = await testBackups();
    const { path, manifest } = await backups.create(databaseSource("sql:gateway", postgres.url));
    expect(manifest.parts[0]).toMatchObject({ kind: "postgres", source: `127.0.0.1:${postgres.port}/postgres` });
    const passed = [{ name: "sql:gateway", problems: [], count: 1_003 }];
    expect((await backups.verify(path)).parts).toEqual(passed);
    expect(await drill(backups, path)).toEqual(passed);
  });

  it("of PostgreSQL is restored into a database of a server that is named, which is dropped again", async () => {
    const backups = await testBackups();
    const { path } = await backups.create(databaseSource("sql:gateway", postgres.url));
    const drilled = await drill(backups, path, { postgres: new Secret(postgres.url) });
    expect(drilled).toEqual([{ name: "sql:gateway", problems: [], count: 1_003 }]);
    expect(await postgres.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'espalier%'")).toBe("0");
  });

  it("of MariaDB is restored into a server made for that, with every row and definition", async () => {
    const backups = await testBackups();
    const { path, manifest } = await backups.create(databaseSource("sql:gateway", mariadb.url));
    expect(manifest.parts[0]).toMatchObject({ kind: "mariadb", source: `127.0.0.1:${mariadb.port}/espalier` });
    const passed = [{ name: "sql:gateway", problems: [], count: 4 }];
    expect((await backups.verify(path)).parts).toEqual(passed);
    expect(await drill(backups, path)).toEqual(passed);
  });

  it("of SQLite is restored, whatever its tables are called", async () => {
    const backups = await testBackups();
    const path = join(backups.root, "a b#.db");
    const database = new DatabaseSync(path);
    database.exec(
      `CREATE TABLE "odd ""name" (a, b); INSERT INTO "odd ""name" VALUES (1, x'00'), (2.5, 'x'), (NULL, 9007199254740993)`,
    );
    database.exec("CREATE VIRTUAL TABLE words USING fts5(word); INSERT INTO words VALUES ('one'), ('two')");
    database.close();
    const created = await backups.create(databaseSource("store", `sqlite:${path}`));
    const [part] = await drill(backups, created.path);
    expect(part).toMatchObject({ name: "store", problems: [] });
    const { contents } = (await backups.unlock(created.path)).expected(created.manifest.parts[0]!);
    expect(contents).toMatchObject({ 'odd "name': { count: 3 }, words_content: { count: 2 } });
  });

  it("that cannot be reached leaves no backup, and its password is in no message", async () => {
    const backups = await testBackups();
    const url = `postgres://ann:s3cret@127.0.0.1:${postgres.port}/postgres`;
    const failure = await backups.create(databaseSource("sql:gateway", url)).catch((error: Error) => error.message);
    expect(failure).toMatch(/^pg_dump failed: .*password authentication failed for user "ann"/);
    expect(failure).not.toContain("s3cret");
    expect(await backups.folder.backups()).toEqual([]);
  });

  it("is not the same when a scratch server holds a row less", async () => {
    const backups = await testBackups();
    const { path } = await backups.create(databaseSource("sql:gateway", mariadb.url));
    const unlocked = await backups.unlock(path);
    const part = unlocked.backup.part("sql:gateway");
    const { contents } = unlocked.expected(part);
    const { users } = contents;
    Object.assign(contents, { users: { ...users, count: users!.count + 1 } });
    const drilled = await drillBackup(unlocked, { scratch: {}, environment, progress: silent });
    expect(drilled).toEqual([{ name: "sql:gateway", problems: ["users has 2 in place of 3"], count: 4 }]);
  });
});

describe("files", () => {
  it("are restored with their modes, links and folders", async () => {
    const backups = await testBackups();
    const folder = join(backups.root, "etc");
    mkdirSync(join(folder, "empty"), { recursive: true });
    writeFileSync(join(folder, "key.pem"), "secret", { mode: 0o400 });
    writeFileSync(join(folder, `${"long ".repeat(40)}ü`), "", { mode: 0o644 });
    symlinkSync("key.pem", join(folder, "link"));
    const { path } = await backups.create({ kind: "files", name: "secrets", paths: [folder, join(folder, "key.pem")] });
    const passed = [{ name: "secrets", problems: [], count: 5 }];
    expect((await backups.verify(path)).parts).toEqual(passed);
    const unlocked = await backups.unlock(path);
    expect(await drillBackup(unlocked, { scratch: {}, environment, progress: silent })).toEqual(passed);
  });
});
