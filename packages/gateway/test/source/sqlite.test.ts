import { copyFile, rename, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TemporaryDirectory, temporaryDirectory } from "../../../../tests/lab/temporary-directory.ts";
import { openSource, type Source, type SourceOptions, type SqlQueries } from "../../src/source/source.ts";
import {
  ann,
  directory,
  directorySql,
  documentedQueries,
  gather,
  oddNames,
  readDirectory,
  userOf,
} from "./directory.ts";

describe("SQLite as a source", () => {
  let files: TemporaryDirectory;
  let path: string;
  let writer: DatabaseSync;
  const opened: Source[] = [];
  const open = (queries: Partial<SqlQueries> = {}, options: Partial<SourceOptions> = {}): Source => {
    const source = openSource({ url: `sqlite:${path}`, ...options, queries: { ...documentedQueries, ...queries } });
    opened.push(source);
    return source;
  };
  beforeEach(async () => {
    files = await temporaryDirectory("sqlite");
    path = files.file("directory.db");
    writer = new DatabaseSync(path);
    writer.exec(directorySql);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.close()));
    if (writer.isOpen) writer.close();
    await files[Symbol.asyncDispose]();
  });

  it("gives users, groups and memberships with the documented queries", async () => {
    expect(await readDirectory(open())).toEqual(directory);
  });

  it("gives each of many concurrent callers their own row", async () => {
    const source = open();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    const rows = await Promise.all(["abe", "nobody", "zoë", "abe"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(["abe", undefined, "zoë", "abe"]);
    expect(await source.groupsOf("ann")).toHaveLength(2);
  });

  it("finds nobody under names made to trip SQL", async () => {
    const source = open();
    for (const name of oddNames) expect(await source.user(name), JSON.stringify(name.slice(0, 40))).toBeUndefined();
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("binds one name to several placeholders", async () => {
    const source = open({ oneUser: `${documentedQueries.allUsers} WHERE "uid" = ? OR "mail" = ?1 OR '?' = ?; -- ?` });
    expect((await source.user("zoe@example.com"))?.username).toBe("zoë");
  });

  it("reads fresh rows while everything is being read", async () => {
    writer.exec("PRAGMA journal_mode = WAL");
    writer.exec(`WITH RECURSIVE n(n) AS (SELECT 10001 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
      INSERT INTO "Users" ("uidNumber", "uid", "gidNumber") SELECT n, 'user' || n, 3001 FROM n`);
    const source = open();
    const sizes: number[] = [];
    for await (const batch of source.users()) {
      sizes.push(batch.length);
      writer.exec(`UPDATE "Users" SET "sn" = 'Name ${sizes.length}' WHERE "uid" = 'ann'`);
      expect((await source.user("ann"))?.last_name).toBe(`Name ${sizes.length}`);
    }
    expect(sizes).toEqual([500, 500, 500, 500, 3]);
  });

  it("stops reading when it is told to", async () => {
    writer.exec(`WITH RECURSIVE n(n) AS (SELECT 10001 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
      INSERT INTO "Users" ("uidNumber", "uid", "gidNumber") SELECT n, 'user' || n, 3001 FROM n`);
    const source = open();
    const stop = new AbortController();
    const rows = source.users(stop.signal)[Symbol.asyncIterator]();
    await rows.next();
    stop.abort(new Error("enough"));
    await expect(rows.next()).rejects.toThrow("enough");
    writer.exec(`DELETE FROM "Users" WHERE "uidNumber" > 10000`);
    expect(await readDirectory(source)).toEqual(directory);
  });

  it("knows without reading that nothing has changed", async () => {
    const source = open();
    const first = await source.version();
    await readDirectory(source);
    expect(await source.version()).toBe(first);
    writer.exec(`UPDATE "Users" SET "sn" = 'Jones' WHERE "uid" = 'ann'`);
    const second = await source.version();
    expect(second).not.toBe(first);
    expect(await source.version()).toBe(second);
    expect(await open().version()).not.toBe(second);
    await copyFile(path, files.file("backup.db"));
    await rename(files.file("backup.db"), path);
    expect(await source.version()).not.toBe(second);
  });

  it("reads the file that has the name now", async () => {
    const source = open();
    expect((await source.user("ann"))?.last_name).toBe("Smith");
    await copyFile(path, files.file("other.db"));
    using other = new DatabaseSync(files.file("other.db"));
    other.exec(`UPDATE "Users" SET "sn" = 'Jones'`);
    await rename(files.file("other.db"), path);
    expect((await source.user("ann"))?.last_name).toBe("Jones");
  });

  it("throws while there is no database, never makes one, and goes on when it is there", async () => {
    const url = `sqlite:${files.file("missing.db")}`;
    const source = open({}, { url });
    const missing = { code: "ERR_SOURCE_UNAVAILABLE", message: expect.stringContaining("there must be such a file") };
    await expect(source.user("ann")).rejects.toMatchObject(missing);
    await expect(gather(source.users())).rejects.toMatchObject(missing);
    await expect(source.version()).rejects.toMatchObject(missing);
    await expect(source.check()).rejects.toMatchObject(missing);
    await writeFile(files.file("missing.db"), "not a database, but long enough to be taken for one".repeat(100));
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await rm(files.file("missing.db"));
    await copyFile(path, files.file("missing.db"));
    expect(await readDirectory(source)).toEqual(directory);
  });

  it("waits for a lock, and says so when it takes too long", async () => {
    const source = open({}, { readTimeoutMs: 100 });
    writer.exec("BEGIN EXCLUSIVE");
    const locked = { code: "ERR_SOURCE_TIMEOUT", message: expect.stringContaining("locked by another process") };
    await expect(source.user("ann")).rejects.toMatchObject(locked);
    await expect(gather(source.users())).rejects.toMatchObject(locked);
    const patient = open({}, { readTimeoutMs: 10_000 });
    const waiting = patient.user("ann");
    setImmediate(() => writer.exec("COMMIT"));
    expect(userOf(await waiting)).toEqual(ann);
  });

  it("breaks off what runs when it is closed", async () => {
    writer.exec(`WITH RECURSIVE n(n) AS (SELECT 10001 UNION ALL SELECT n + 1 FROM n WHERE n < 12000)
      INSERT INTO "Users" ("uidNumber", "uid", "gidNumber") SELECT n, 'user' || n, 3001 FROM n`);
    const source = open();
    const rows = source.users()[Symbol.asyncIterator]();
    await rows.next();
    await source.close();
    await expect(rows.next()).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
  });

  it("cannot write", async () => {
    const source = open({ oneUser: `DELETE FROM "Users" WHERE "uid" = ? RETURNING "uid" AS username` });
    await expect(source.user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: `SQL_QUERY_ONE_USER was refused by ${path}: attempt to write a readonly database.`,
    });
  });

  it("takes integers of any size and text that is none", async () => {
    writer.exec(`INSERT INTO "Users" ("uidNumber", "uid", "gidNumber") VALUES (9223372036854775807, 'big', 1), (4294967294, 'max', 1),
      (7, 'odd', 'seven'), (8, x'ff', 1), (9, 'real', 1.0)`);
    const { queries } = await open({ allUsers: `${documentedQueries.allUsers} ORDER BY "uidNumber"` }).check();
    expect(queries[1]).toMatchObject({ rows: 8, skipped: 3 });
    expect(queries[1]?.skippedRows.map(({ reason }) => reason)).toEqual([
      'The user "odd" is skipped: gid_number is not an integer.',
      "The user is skipped: username is not UTF-8.",
      'The user "big" is skipped: uid_number is not between 1 and 4294967294.',
    ]);
  });

  it("reports how it reads memberships", async () => {
    expect(await open().check()).toMatchObject({
      ...{ dialect: "sqlite", server: expect.stringMatching(/^SQLite 3\./) },
      membership: {
        strategy: "batches",
        reason:
          "SQL_QUERY_GROUPS_BY_MEMBER cannot be joined to all users: SQLite has no LATERAL, and no round trips that it would save",
        memberships: 3,
      },
    });
    const fifth = `SELECT "uid" AS username, "gidNumber" AS gid_number FROM "Users"`;
    expect((await open({ memberships: fifth }).check()).membership).toMatchObject({
      strategy: "query",
      memberships: 3,
    });
  });
});
