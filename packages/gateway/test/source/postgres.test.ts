import { inspect } from "node:util";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../../tests/lab/certificates.ts";
import { type Postgres, startPostgres } from "../../../../tests/lab/postgres.ts";
import { requirePrograms } from "../../../../tests/lab/programs.ts";
import { temporaryDirectory } from "../../../../tests/lab/temporary-directory.ts";
import { until } from "../../../../tests/lab/until.ts";
import {
  openSource,
  type Source,
  type SourceError,
  type SourceOptions,
  type SqlQueries,
} from "../../src/source/source.ts";
import { parseStatement } from "../../src/source/statement.ts";
import { sqlTrigger } from "../../src/source/trigger.ts";
import {
  ann,
  directory,
  directorySql,
  documentedQueries,
  gather,
  oddNames,
  readDirectory,
  turnsDuring,
  userOf,
} from "./directory.ts";
import { expressions } from "./sql-expressions.ts";
import { layWire } from "./wire.ts";

const describe = requirePrograms({ initdb: "postgresql-15", psql: "postgresql-client-15" });

describe("PostgreSQL as a source", () => {
  let postgres: Postgres;
  const opened: Source[] = [];
  const open = (queries: Partial<SqlQueries> = {}, options: Partial<SourceOptions> = {}): Source => {
    const source = openSource({ url: postgres.url, ...options, queries: { ...documentedQueries, ...queries } });
    opened.push(source);
    return source;
  };
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.psql("CREATE EXTENSION citext");
  });
  beforeEach(async () => {
    await postgres.psql(directorySql);
    return async () => {
      await Promise.all(opened.splice(0).map((source) => source.close()));
    };
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it("gives users, groups and memberships with the documented queries", async () => {
    expect(await readDirectory(open())).toEqual(directory);
  });

  it("has a version that stays as long as the queries would give the same rows", async () => {
    const source = open();
    const first = await source.version();
    expect(first).toEqual(expect.any(String));
    await postgres.psql(`UPDATE "Users" SET "mail" = "mail"`);
    expect(await source.version()).toBe(first);
    await postgres.psql(`UPDATE "Users" SET "mail" = 'another@example.com' WHERE "uid" = 'ann'`);
    const second = await source.version();
    expect(second).not.toBe(first);
    await postgres.psql(`DELETE FROM "UserGroups"`);
    expect(await source.version()).not.toBe(second);
  });

  it("gives one user's row and groups", async () => {
    const source = open();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    expect(await source.user("nobody")).toBeUndefined();
    expect(await source.groupsOf("zoë")).toEqual([{ name: "staff", gid_number: 3002 }]);
    expect(await source.groupsOf("nobody")).toEqual([]);
  });

  it("gives each of many concurrent callers their own row", async () => {
    const source = open();
    const names = Array.from({ length: 300 }, (_, index) => ["ann", "abe", "nobody", "zoë"][index % 4] ?? "");
    const rows = await Promise.all(names.map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(names.map((name) => (name === "nobody" ? undefined : name)));
  });

  it("reads a row after the call for it was made, also when calls share a round trip", async () => {
    const source = open();
    for (let round = 1; round <= 20; round += 1) {
      const earlier = Array.from({ length: 10 }, (_, index) => source.user(index % 2 === 0 ? "abe" : "ann"));
      await postgres.psql(`UPDATE "Users" SET "givenName" = 'Ann ${round}' WHERE "uid" = 'ann'`);
      const rows = await Promise.all([source.user("ann"), source.user("zoë"), source.user("ann")]);
      expect([rows[0]?.first_name, rows[2]?.first_name]).toEqual([`Ann ${round}`, `Ann ${round}`]);
      await Promise.all(earlier);
    }
  });

  it("finds nobody under names made to trip SQL, alone and together", async () => {
    const source = open();
    for (const name of oddNames) expect(await source.user(name), JSON.stringify(name.slice(0, 40))).toBeUndefined();
    for (const name of oddNames) expect(await source.groupsOf(name)).toEqual([]);
    const rows = await Promise.all([...oddNames, "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual([...oddNames.map(() => undefined), "ann"]);
  });

  it("gives the server every name as it is, alone and together", async () => {
    const source = open({ oneUser: "SELECT ?::text AS username, 1000 AS uid_number, 1000 AS gid_number" });
    const character = fc.oneof(
      fc.constantFrom(..."\"\\{},NULL ()'"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    const name = fc
      .string({ unit: character, maxLength: 12 })
      .filter((text) => !text.includes("\0") && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 20 }), async (names) => {
        const rows = await Promise.all(names.map((username) => source.user(username)));
        expect(rows.map((row) => row?.username)).toEqual(names);
      }),
    );
  });

  it("compares a citext column without letter case, alone, together and for memberships", async () => {
    await postgres.psql(`ALTER TABLE "Users" ALTER "uid" TYPE citext`);
    const source = open();
    expect((await source.user("ANN"))?.username).toBe("ann");
    const rows = await Promise.all(["abe", "ANN", "Zoë", "aNN", "nobody"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(["abe", "ann", "zoë", "ann", undefined]);
    // The members' own column is text in another letter case: only citext's comparison finds them.
    const upper = documentedQueries.allUsers.replace('"uid" AS', 'upper("uid") AS');
    expect(await readDirectory(open({ allUsers: upper }))).toMatchObject({
      memberships: [
        { username: "ANN", groupName: "admins" },
        { username: "ANN", groupName: "staff" },
        { username: "ZOë", groupName: "staff" },
      ],
    });
  });

  it("compares a varchar column with its letter case, alone and together", async () => {
    const source = open();
    expect(await source.user("ANN")).toBeUndefined();
    const rows = await Promise.all(["abe", "ANN", "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(["abe", undefined, "ann"]);
  });

  it("prefers the row that is spelt as asked", async () => {
    await postgres.psql(`INSERT INTO "Users" VALUES (1999, 'ANN', 3001)`);
    const source = open({ oneUser: `${documentedQueries.allUsers} WHERE lower("uid") = lower(?) ORDER BY 2` });
    const rows = await Promise.all(["ann", "ANN", "Ann", "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.uid_number)).toEqual([2001, 1999, 1999, 2001]);
  });

  it("infers the type of each placeholder for itself", async () => {
    await postgres.psql(`ALTER TABLE "Users" ALTER "mail" TYPE citext`);
    const source = open({ oneUser: `${documentedQueries.allUsers} WHERE "uid" = ? OR "mail" = ? -- or by mail?` });
    const rows = await Promise.all(
      ["ANN@EXAMPLE.COM", "ann", "ANN", "zoe@Example.com"].map((name) => source.user(name)),
    );
    expect(rows.map((row) => row?.username)).toEqual(["ann", "ann", undefined, "zoë"]);
  });

  it("asks one by one where the query compares with something that is not text", async () => {
    const source = open({ oneUser: `${documentedQueries.allUsers} WHERE "uidNumber" = ?` });
    const answers = await Promise.allSettled(["2001", "2999", "ann", "2003"].map((name) => source.user(name)));
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value?.username : answer.reason))).toEqual([
      "ann",
      undefined,
      expect.objectContaining({ name: "SourceError", code: "ERR_SOURCE_QUERY" }),
      "zoë",
    ]);
  });

  it("cannot write", async () => {
    const oneUser = `WITH gone AS (DELETE FROM "Users" WHERE "uid" = ? RETURNING *) SELECT "uid" AS username FROM gone`;
    await expect(open({ oneUser }).user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: expect.stringContaining("in a read-only transaction (25006)"),
    });
    expect(await readDirectory(open())).toEqual(directory);
  });

  it("fails only the caller whose name the query cannot take", async () => {
    const source = open({
      oneUser: `${documentedQueries.allUsers} WHERE "uidNumber" = 2000 + CAST(CAST(? AS text) AS integer)`,
    });
    const answers = await Promise.allSettled(["1", "2", "three", "3"].map((name) => source.user(name)));
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value?.username : answer.reason))).toEqual([
      "ann",
      "abe",
      expect.objectContaining({ name: "SourceError", code: "ERR_SOURCE_QUERY" }),
      "zoë",
    ]);
  });

  it("goes on when a table is altered under its prepared statements", async () => {
    const source = open({ oneUser: `SELECT "uid" AS username, * FROM "Users" WHERE "uid" = ?` });
    const read = async () => {
      const alone = await source.user("ann");
      const together = await Promise.all(["abe", "ann", "zoë"].map((name) => source.user(name)));
      return [alone, ...together].map((row) => [row?.username, row?.phone]);
    };
    const names = ["ann", "abe", "ann", "zoë"];
    expect(await read()).toEqual(names.map((name) => [name, undefined]));
    await postgres.psql(`ALTER TABLE "Users" ADD "phone" integer`);
    expect(await read()).toEqual(names.map((name) => [name, null]));
    await postgres.psql(`ALTER TABLE "Users" ALTER "phone" TYPE text USING '1'`);
    expect(await read()).toEqual(names.map((name) => [name, "1"]));
  });

  it("agrees with the server about what is a placeholder", async () => {
    const client = new pg.Client(postgres.url);
    await client.connect();
    const check = fc.asyncProperty(expressions("postgres"), async ({ list, end }) => {
      const items = list.map(({ sql }) => `(${sql})::text`);
      const statement = parseStatement(`SELECT ARRAY[${items.join(", ")}] AS items ${end}`, "postgres");
      const text = `SELECT items FROM (${statement.text((index) => `$${index + 1}`)}\n) q`;
      const { rows } = await client.query(
        text,
        Array.from({ length: statement.placeholders }, () => "ann"),
      );
      expect(rows).toEqual([{ items: list.map(({ value }) => value ?? "ann") }]);
    });
    await fc.assert(check).finally(() => client.end());
  });

  it("reads arrays of any text type, padded text and times without a zone", async () => {
    const source = open({
      oneUser: `SELECT 'ann'::char(9) AS username, 1 AS uid_number, 2::numeric(4,2) AS gid_number, array['a','b']::citext[] AS mail,
        '["k1","k2"]'::jsonb AS ssh_public_keys, timestamp '2026-01-02 03:04:05.678' AS created_at,
        timestamptz '2026-01-02 03:04:05+02' AS updated_at FROM "Users" WHERE "uid" = ?`,
    });
    expect(userOf(await source.user("ann"))).toEqual({
      ...{ username: "ann", uidNumber: 1, gidNumber: 2, mail: ["a", "b"], sshPublicKeys: ["k1", "k2"], active: true },
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
      updatedAt: new Date("2026-01-02T01:04:05Z"),
    });
  });

  it("gives the same memberships by the fifth query, by one statement and one member at a time", async () => {
    await postgres.psql(`INSERT INTO "UserGroups" SELECT "uidNumber", 3001 FROM "Users" ON CONFLICT DO NOTHING`);
    const joined =
      'FROM "Users" u JOIN "UserGroups" USING ("uidNumber") JOIN "Groups" g ON g."gidNumber" = "UserGroups"."gidNumber"';
    const byNumber = documentedQueries.groupsByMember.replace('u."uid"', 'u."uidNumber"');
    const sources = {
      byName: open({ memberships: `SELECT u."uid" AS username, g."cn" AS name ${joined}` }),
      byNumber: open({ memberships: `SELECT u."uid" AS username, g."gidNumber" AS gid_number ${joined};` }),
      lateral: open(),
      // Of two columns of one name a joined statement could not tell which is meant.
      batches: open({ allUsers: documentedQueries.allUsers.replace("SELECT", 'SELECT "uid" AS username,') }),
      // Not every text can be cast to what this one compares with.
      singly: open({ allUsers: documentedQueries.allUsers.replace('"uid"', '"uidNumber"'), groupsByMember: byNumber }),
    };
    const { memberships } = await readDirectory(sources.lateral);
    expect(memberships.map(({ username, groupName }) => `${username} ${groupName}`)).toEqual([
      ...["abe admins", "ann admins", "ann staff", "zoë admins", "zoë staff"],
    ]);
    expect((await readDirectory(sources.byName)).memberships).toEqual(memberships);
    expect((await readDirectory(sources.byNumber)).memberships).toEqual(memberships);
    expect((await readDirectory(sources.batches)).memberships).toEqual(memberships);
    const numbered = (await readDirectory(sources.singly)).memberships;
    expect(numbered.map(({ username, groupName }) => `${username} ${groupName}`)).toEqual([
      ...["2001 admins", "2001 staff", "2002 admins", "2003 admins", "2003 staff"],
    ]);
    const reports = await Promise.all(Object.values(sources).map((source) => source.check()));
    expect(reports.map(({ membership }) => [membership.strategy, membership.memberships])).toEqual([
      ...[
        ["query", 5],
        ["query", 5],
        ["lateral", 5],
        ["batches", 5],
        ["batches", 5],
      ],
    ]);
    expect(reports.map(({ membership }) => membership.reason)).toEqual([
      ...["SQL_QUERY_ALL_MEMBERSHIPS is set", "SQL_QUERY_ALL_MEMBERSHIPS is set"],
      "SQL_QUERY_GROUPS_BY_MEMBER can be joined to SQL_QUERY_ALL_USERS in one statement",
      expect.stringContaining('column reference "username" is ambiguous (42702)'),
      "SQL_QUERY_GROUPS_BY_MEMBER cannot be joined to all users: it compares the username with something that is not text",
    ]);
  });

  it("gives large results in batches of at most 500, and leaves the event loop its turns", async () => {
    await postgres.psql(`INSERT INTO "Users" SELECT n, 'user' || n, 3001, 'Given', 'Surname', 'Given Surname ' || n,
      'user' || n || '@example.com', '/home/user' || n, repeat('x', 80) FROM generate_series(10001, 20000) n`);
    const source = open();
    const sizes: number[] = [];
    const turns = await turnsDuring(async () => {
      for await (const batch of source.users()) sizes.push(batch.length);
    });
    expect([sizes.length, Math.max(...sizes), sizes.at(-1)]).toEqual([21, 500, 3]);
    expect(turns).toBeGreaterThan(21);
  });

  it("answers fresh reads while a reader of everything dawdles", async () => {
    const source = open();
    const dawdlers = Array.from({ length: 3 }, () => source.users()[Symbol.asyncIterator]());
    for (const dawdler of dawdlers) await dawdler.next();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    for (const dawdler of dawdlers) await dawdler.return?.();
  });

  it("stops reading when it is told to", async () => {
    const source = open({ allUsers: `${documentedQueries.allUsers}, pg_sleep(60)` });
    const stop = new AbortController();
    const reading = gather(source.users(stop.signal));
    await until("the query to run", async () => (await postgres.psql(sleepers)) === "1");
    stop.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    await until("the server to have stopped", async () => (await postgres.psql(sleepers)) === "0");
    await expect(gather(open().users(AbortSignal.abort(new Error("not at all"))))).rejects.toThrow("not at all");
  });

  it("gives the rows before one that fails, and nobody hears of a failure behind the last that was wanted", async () => {
    const allUsers = `SELECT 'user' || n AS username, 1000 + 0 / (700 - n) AS uid_number, 1000 AS gid_number
      FROM generate_series(1, 1000) AS n`;
    const source = open({ allUsers });
    const given: number[] = [];
    const reading = (async () => {
      for await (const rows of source.users()) given.push(rows.length);
    })();
    await expect(reading).rejects.toMatchObject({ code: "ERR_SOURCE_QUERY" });
    expect(given).toEqual([500]);
    for await (const rows of source.users()) {
      expect(rows).toHaveLength(500);
      break;
    }
    // The vitest that runs this fails for a rejection that nobody handles.
    await until("the second batch to have failed", () => postgres.log.match(/division by zero/g)?.length === 2);
    expect((await source.user("ann"))?.username).toBe("ann");
  });

  it("ends a query that takes too long, here and on the server", async () => {
    const source = open(
      { oneUser: `${documentedQueries.oneUser} AND pg_sleep(60) IS NOT NULL` },
      { readTimeoutMs: 200 },
    );
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_TIMEOUT" });
    await until("the server to have stopped", async () => (await postgres.psql(sleepers)) === "0");
  });

  it("does not wait for a server that has fallen silent", async () => {
    await using wire = await layWire(postgres.port);
    const url = postgres.url.replace(String(postgres.port), String(wire.port));
    const source = open({}, { url, readTimeoutMs: 200, connectTimeoutMs: 300 });
    expect(userOf(await source.user("ann"))).toEqual(ann);
    wire.hold();
    const answers = await Promise.allSettled([source.user("ann"), source.user("abe"), source.groupsOf("ann")]);
    // Some had a connection, and some would have had to make one.
    for (const answer of answers) {
      const code = expect.stringMatching(/^ERR_SOURCE_(TIMEOUT|UNAVAILABLE)$/);
      expect(answer).toMatchObject({ status: "rejected", reason: { code } });
    }
    wire.release();
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("names the query and the server's reason when a query is wrong", async () => {
    const source = open({ oneUser: 'SELECT "login" FROM "Users" WHERE "uid" = ?' });
    await expect(source.user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: `SQL_QUERY_ONE_USER was refused by the database 127.0.0.1:${postgres.port}/postgres: column "login" does not exist (42703).`,
    });
  });

  it("never says the password", async () => {
    const wrong = postgres.url.replace(/:[^:@]*@/, ":hunter%232@");
    const failure = await open({}, { url: wrong })
      .user("ann")
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE", message: expect.stringContaining("(28P01)") });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain("hunter");
    for (const url of [
      "postgres://espalier:hunter#2@host/db",
      "postgres://espalier:hunter2@/",
      "pg://x:hunter2@host/db",
    ]) {
      const refusal = inspect(captured(() => open({}, { url })));
      expect(refusal).toContain("ERR_SOURCE_URL");
      expect(refusal).not.toContain("hunter");
    }
  });

  it("refuses a query of one user that has no place for the name", () => {
    expect(captured(() => open({ oneUser: `${documentedQueries.allUsers} WHERE "uid" = '?' -- ?` }))).toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: "SQL_QUERY_ONE_USER has no ? where the username is to stand.",
    });
  });

  it("connects by a Unix socket", async () => {
    const url = `postgres://espalier@/postgres?host=${encodeURIComponent(postgres.socketDirectory)}&sslmode=require`;
    const source = open(
      {},
      { url: url.replace("/postgres?", `:${postgres.port}/postgres?`).replace("@:", "@localhost:") },
    );
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("hands the session's options on", async () => {
    await postgres.psql(
      `CREATE SCHEMA elsewhere; CREATE TABLE elsewhere."Users" AS SELECT * FROM public."Users" WHERE "uid" = 'abe'`,
    );
    const source = open({}, { url: `${postgres.url}?options=${encodeURIComponent("-c search_path=elsewhere")}` });
    expect((await gather(source.users())).map((row) => row.username)).toEqual(["abe"]);
  });

  it("breaks off what runs when it is closed", async () => {
    const source = open({ oneUser: `${documentedQueries.oneUser} AND pg_sleep(60) IS NOT NULL` });
    const dawdler = source.users()[Symbol.asyncIterator]();
    await dawdler.next();
    const reading = source.user("ann");
    await until("the query to run", async () => (await postgres.psql(sleepers)) === "1");
    const broken = expect(reading).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await source.close();
    await broken;
    await until("the server to have stopped", async () => (await postgres.psql(sleepers)) === "0");
  });

  it("refuses calls once it is closed", async () => {
    const source = open();
    await source.user("ann");
    await source.close();
    await source.close();
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await expect(gather(source.users())).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
  });

  it("reports what each query gives, and the rows that would be skipped", async () => {
    await postgres.psql(`INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "homeDirectory", "userPassword") VALUES
      (0, 'root', 1, NULL, 'secret'), (2100, 'nogroup', NULL, NULL, 'secret'), (2101, 'a:b', 3001, NULL, 'secret'),
      (2102, E'new\nline', 3001, NULL, 'secret'), (2103, 'home', 3001, '/home/:0', 'secret'), (2104, NULL, 3001, NULL, 'secret'),
      (2105, 'ANN', 3001, NULL, 'secret'), (-5, 'minus', 3001, NULL, 'secret')`);
    const report = await open({ allUsers: `${documentedQueries.allUsers} ORDER BY "uidNumber" NULLS FIRST` }).check();
    expect(report).toMatchObject({ dialect: "postgres", server: expect.stringMatching(/^PostgreSQL 15\./) });
    expect(
      report.queries.map(({ query, rows, skipped, missingColumns }) => ({ query, rows, skipped, missingColumns })),
    ).toEqual([
      { query: "oneUser", rows: 1, skipped: 0, missingColumns: [] },
      { query: "allUsers", rows: 11, skipped: 8, missingColumns: [] },
      { query: "allGroups", rows: 2, skipped: 0, missingColumns: [] },
      { query: "groupsByMember", rows: 2, skipped: 0, missingColumns: [] },
    ]);
    expect(report.queries[1]?.skippedRows).toEqual([
      { row: 1, reason: 'The user "minus" is skipped: uid_number is not between 1 and 4294967294.' },
      { row: 2, reason: 'The user "root" is skipped: uid_number is 0, which is root\'s.' },
      { row: 6, reason: 'The user "nogroup" is skipped: gid_number is missing.' },
      { row: 7, reason: 'The user "a:b" is skipped: username has a colon, which passwd(5) cannot hold.' },
      { row: 8, reason: 'The user "new\\nline" is skipped: username has a control character.' },
      { row: 9, reason: 'The user "home" is skipped: home_directory has a colon, which passwd(5) cannot hold.' },
      { row: 10, reason: "The user is skipped: username is missing." },
      { row: 11, reason: 'The user "ANN" is skipped: username is taken by the earlier row "ann".' },
    ]);
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  it("reports queries that fail, lack columns or do not belong together", async () => {
    const source = open({
      allUsers: 'SELECT "uid" AS username, "uidNumber" AS uidnumber FROM "Users"',
      oneUser: `${documentedQueries.oneUser} AND "uid" <> 'ann'`,
      allGroups: 'SELECT "cn" AS name FROM "Group"',
    });
    const { queries } = await source.check();
    expect(queries.map(({ query, missingColumns, problem }) => ({ query, missingColumns, problem }))).toEqual([
      { query: "oneUser", missingColumns: [], problem: undefined },
      { query: "allUsers", missingColumns: ["gid_number"], problem: undefined },
      {
        query: "allGroups",
        missingColumns: [],
        problem: expect.stringContaining('relation "Group" does not exist (42P01)'),
      },
      { query: "groupsByMember", missingColumns: [], problem: undefined },
    ]);
    const strange = await open({ oneUser: `${documentedQueries.oneUser} AND false` }).check();
    expect(strange.queries[0]?.problem).toBe(
      'SQL_QUERY_ONE_USER does not give the user "ann", whom SQL_QUERY_ALL_USERS gives.',
    );
  });

  it("hears of changes to the tables that have the trigger, once for many", async () => {
    await postgres.psql(sqlTrigger(["Users", "public.Groups"]) + sqlTrigger(["Users", "UserGroups"]));
    const source = open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    for (const sql of [
      `INSERT INTO "Groups" SELECT n, 'group' || n FROM generate_series(5000, 5999) n`,
      `UPDATE "Users" SET "sn" = 'Jones'`,
      `DELETE FROM "UserGroups"`,
      `TRUNCATE "UserGroups"`,
    ]) {
      const before = changes;
      await postgres.psql(sql);
      await until(`a change by ${sql}`, () => changes > before);
      expect(changes).toBe(before + 1);
    }
    await postgres.psql('SELECT * FROM "Users"; CREATE TABLE other (n int)');
  });

  it("quotes the names of tables in the trigger's SQL", async () => {
    await postgres.psql('CREATE SCHEMA IF NOT EXISTS "o""dd"; CREATE TABLE IF NOT EXISTS "o""dd"."Ta;b\'le" (n int)');
    await postgres.psql(sqlTrigger(["o\"dd.Ta;b'le"]));
    expect(await postgres.psql("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'espalier_changed'")).toContain(
      `"o""dd"."Ta;b'le"`,
    );
    expect(() => sqlTrigger([])).toThrow(RangeError);
    expect(() => sqlTrigger(["a.b.c"])).toThrow(RangeError);
  });

  it("throws while the server is away, and goes on by itself when it is back", async () => {
    const source = open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    expect(await readDirectory(source)).toEqual(directory);
    const dawdler = source.users()[Symbol.asyncIterator]();
    for (const end of [() => postgres.stop(), () => postgres.kill()]) {
      await end();
      const before = changes;
      const answers = await Promise.allSettled([
        ...[
          source.user("ann"),
          source.user("abe"),
          source.groupsOf("ann"),
          gather(source.users()),
          gather(source.groups()),
        ],
        ...[gather(source.memberships(["ann"])), source.check()],
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: "rejected", reason: { code: "ERR_SOURCE_UNAVAILABLE" } });
      }
      await postgres.start();
      expect(await readDirectory(source)).toEqual(directory);
      await until("one change to be assumed", () => changes === before + 1);
      await postgres.psql("NOTIFY espalier_changed");
      await until("a change to be heard", () => changes === before + 2);
    }
    await dawdler.return?.();
  });

  it("throws when the server goes away in the middle of a result", async () => {
    await postgres.psql(`INSERT INTO "Users" SELECT n, 'user' || n, 3001 FROM generate_series(10001, 12000) n`);
    const source = open();
    const rows = source.users()[Symbol.asyncIterator]();
    expect((await rows.next()).value).toHaveLength(500);
    await postgres.kill();
    // One more batch may have come already; the end of the rows, after 2003, is not there.
    await expect(Promise.all([rows.next(), rows.next()])).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await postgres.start();
    expect(await gather(source.users())).toHaveLength(2003);
  });

  it("begins to listen when the server was away at first", async () => {
    await postgres.stop();
    const source = open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    await postgres.start();
    await until("the first connection", () => changes === 1);
  });

  it("checks the server's certificate as far as the URL says", async () => {
    await using directory = await temporaryDirectory("source-tls");
    const authority = await createCertificateAuthority(directory.path);
    const stranger = await startPostgres({ certificate: await authority.issue("server", ["db.example.com"]) });
    const trusted = await startPostgres({ certificate: await authority.issue("trusted", ["localhost", "127.0.0.1"]) });
    await using _stranger = stranger;
    await using _trusted = trusted;
    const session = async (server: Postgres, parameters: string, ssl?: boolean): Promise<unknown> => {
      const source = openSource({
        url: `${server.url}${parameters}`,
        queries: {
          ...documentedQueries,
          oneUser: "SELECT ssl AS username FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ? <> ''",
        },
        ...(ssl === undefined ? {} : { ssl }),
      });
      try {
        return (await source.user("ann"))?.username;
      } catch (error) {
        return (error as SourceError).code;
      } finally {
        await source.close();
      }
    };
    const ca = `&sslrootcert=${encodeURIComponent(authority.certificate)}`;
    const refused = "ERR_SOURCE_UNAVAILABLE";
    expect(await session(trusted, "")).toBe(false);
    expect(await session(trusted, "?sslmode=disable")).toBe(false);
    expect(await session(trusted, "?sslmode=require")).toBe(refused);
    expect(await session(trusted, `?sslmode=require${ca}`)).toBe(true);
    expect(await session(trusted, `?sslmode=verify-full${ca}`)).toBe(true);
    expect(await session(trusted, `?sslmode=verify-full${ca}`, false)).toBe(false);
    expect(await session(trusted, `?${ca.slice(1)}`)).toBe(true);
    expect(await session(trusted, "", true)).toBe(refused);
    expect(await session(stranger, `?sslmode=verify-full${ca}`)).toBe(refused);
    expect(await session(stranger, `?sslmode=verify-ca${ca}`)).toBe(true);
    expect(await session(stranger, "?sslmode=no-verify")).toBe(true);
    expect(await session(postgres, "?sslmode=require")).toBe(refused);
  });
});

/** How many sessions of the server are asleep in a query. */
const sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

function captured(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
