/** PostgreSQL as a source: reading everything, and what becomes of it when the server is slow, wrong or away. */
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { createCertificateAuthority } from "../../../../tests/lab/certificates.ts";
import { type Postgres, startPostgres } from "../../../../tests/lab/postgres.ts";
import { requirePrograms } from "../../../../tests/lab/programs.ts";
import { temporaryDirectory } from "../../../../tests/lab/temporary-directory.ts";
import { until } from "../../../../tests/lab/until.ts";
import { openSource, type SourceError } from "../../src/source/source.ts";
import { ann, directory, documentedQueries, gather, readDirectory, turnsDuring, userOf } from "./directory.ts";
import { postgresSources } from "./postgres-sources.ts";
import { layWire } from "./wire.ts";

const describe = requirePrograms({ initdb: "postgresql-15", psql: "postgresql-client-15" });

describe("PostgreSQL as a source", () => {
  const sources = postgresSources();

  it("gives users, groups and memberships with the documented queries", async () => {
    expect(await readDirectory(sources.open())).toEqual(directory);
  });

  it("has a version that stays as long as the queries would give the same rows", async () => {
    const source = sources.open();
    const first = await source.version();
    expect(first).toEqual(expect.any(String));
    await sources.postgres.psql(`UPDATE "Users" SET "mail" = "mail"`);
    expect(await source.version()).toBe(first);
    await sources.postgres.psql(`UPDATE "Users" SET "mail" = 'another@example.com' WHERE "uid" = 'ann'`);
    const second = await source.version();
    expect(second).not.toBe(first);
    await sources.postgres.psql(`DELETE FROM "UserGroups"`);
    expect(await source.version()).not.toBe(second);
  });

  it("cannot write", async () => {
    const oneUser = `WITH gone AS (DELETE FROM "Users" WHERE "uid" = ? RETURNING *) SELECT "uid" AS username FROM gone`;
    await expect(sources.open({ oneUser }).user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: expect.stringContaining("in a read-only transaction (25006)"),
    });
    expect(await readDirectory(sources.open())).toEqual(directory);
  });

  it("gives the same memberships by the fifth query, by one statement and one member at a time", async () => {
    await sources.postgres.psql(
      `INSERT INTO "UserGroups" SELECT "uidNumber", 3001 FROM "Users" ON CONFLICT DO NOTHING`,
    );
    const joined =
      'FROM "Users" u JOIN "UserGroups" USING ("uidNumber") JOIN "Groups" g ON g."gidNumber" = "UserGroups"."gidNumber"';
    const byNumber = documentedQueries.groupsByMember.replace('u."uid"', 'u."uidNumber"');
    const ways = {
      byName: sources.open({ memberships: `SELECT u."uid" AS username, g."cn" AS name ${joined}` }),
      byNumber: sources.open({ memberships: `SELECT u."uid" AS username, g."gidNumber" AS gid_number ${joined};` }),
      lateral: sources.open(),
      // Of two columns of one name a joined statement could not tell which is meant.
      batches: sources.open({ allUsers: documentedQueries.allUsers.replace("SELECT", 'SELECT "uid" AS username,') }),
      // Not every text can be cast to what this one compares with.
      singly: sources.open({
        allUsers: documentedQueries.allUsers.replace('"uid"', '"uidNumber"'),
        groupsByMember: byNumber,
      }),
    };
    const { memberships } = await readDirectory(ways.lateral);
    expect(memberships.map(({ username, groupName }) => `${username} ${groupName}`)).toEqual([
      ...["abe admins", "ann admins", "ann staff", "zoë admins", "zoë staff"],
    ]);
    expect((await readDirectory(ways.byName)).memberships).toEqual(memberships);
    expect((await readDirectory(ways.byNumber)).memberships).toEqual(memberships);
    expect((await readDirectory(ways.batches)).memberships).toEqual(memberships);
    const numbered = (await readDirectory(ways.singly)).memberships;
    expect(numbered.map(({ username, groupName }) => `${username} ${groupName}`)).toEqual([
      ...["2001 admins", "2001 staff", "2002 admins", "2003 admins", "2003 staff"],
    ]);
    const reports = await Promise.all(Object.values(ways).map((source) => source.check()));
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
    await sources.postgres.psql(`INSERT INTO "Users" SELECT n, 'user' || n, 3001, 'Given', 'Surname', 'Given Surname ' || n,
      'user' || n || '@example.com', '/home/user' || n, repeat('x', 80) FROM generate_series(10001, 20000) n`);
    const source = sources.open();
    const sizes: number[] = [];
    const turns = await turnsDuring(async () => {
      for await (const batch of source.users()) sizes.push(batch.length);
    });
    expect([sizes.length, Math.max(...sizes), sizes.at(-1)]).toEqual([21, 500, 3]);
    expect(turns).toBeGreaterThan(21);
  });

  it("answers fresh reads while a reader of everything dawdles", async () => {
    const source = sources.open();
    const dawdlers = Array.from({ length: 3 }, () => source.users()[Symbol.asyncIterator]());
    for (const dawdler of dawdlers) await dawdler.next();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    for (const dawdler of dawdlers) await dawdler.return?.();
  });

  it("stops reading when it is told to", async () => {
    const source = sources.open({ allUsers: `${documentedQueries.allUsers}, pg_sleep(60)` });
    const stop = new AbortController();
    const reading = gather(source.users(stop.signal));
    await until("the query to run", async () => (await sources.postgres.psql(sleepers)) === "1");
    stop.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    await until("the server to have stopped", async () => (await sources.postgres.psql(sleepers)) === "0");
    await expect(gather(sources.open().users(AbortSignal.abort(new Error("not at all"))))).rejects.toThrow(
      "not at all",
    );
  });

  it("gives the rows before one that fails, and nobody hears of a failure behind the last that was wanted", async () => {
    const allUsers = `SELECT 'user' || n AS username, 1000 + 0 / (700 - n) AS uid_number, 1000 AS gid_number
      FROM generate_series(1, 1000) AS n`;
    const source = sources.open({ allUsers });
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
    await until("the second batch to have failed", () => sources.postgres.log.match(/division by zero/g)?.length === 2);
    expect((await source.user("ann"))?.username).toBe("ann");
  });

  it("ends a query that takes too long, here and on the server", async () => {
    const source = sources.open(
      { oneUser: `${documentedQueries.oneUser} AND pg_sleep(60) IS NOT NULL` },
      { readTimeoutMs: 200 },
    );
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_TIMEOUT" });
    await until("the server to have stopped", async () => (await sources.postgres.psql(sleepers)) === "0");
  });

  it("does not wait for a server that has fallen silent", async () => {
    await using wire = await layWire(sources.postgres.port);
    const url = sources.postgres.url.replace(String(sources.postgres.port), String(wire.port));
    const source = sources.open({}, { url, readTimeoutMs: 200, connectTimeoutMs: 300 });
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
    const source = sources.open({ oneUser: 'SELECT "login" FROM "Users" WHERE "uid" = ?' });
    await expect(source.user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: `SQL_QUERY_ONE_USER was refused by the database 127.0.0.1:${sources.postgres.port}/postgres: column "login" does not exist (42703).`,
    });
  });

  it("never says the password", async () => {
    const wrong = sources.postgres.url.replace(/:[^:@]*@/, ":hunter%232@");
    const failure = await sources
      .open({}, { url: wrong })
      .user("ann")
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE", message: expect.stringContaining("(28P01)") });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain("hunter");
    for (const url of [
      "postgres://espalier:hunter#2@host/db",
      "postgres://espalier:hunter2@/",
      "pg://x:hunter2@host/db",
    ]) {
      const refusal = inspect(captured(() => sources.open({}, { url })));
      expect(refusal).toContain("ERR_SOURCE_URL");
      expect(refusal).not.toContain("hunter");
    }
  });

  it("refuses a query of one user that has no place for the name", () => {
    expect(
      captured(() => sources.open({ oneUser: `${documentedQueries.allUsers} WHERE "uid" = '?' -- ?` })),
    ).toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: "SQL_QUERY_ONE_USER has no ? where the username is to stand.",
    });
  });

  it("connects by a Unix socket", async () => {
    const url = `postgres://espalier@/postgres?host=${encodeURIComponent(sources.postgres.socketDirectory)}&sslmode=require`;
    const source = sources.open(
      {},
      { url: url.replace("/postgres?", `:${sources.postgres.port}/postgres?`).replace("@:", "@localhost:") },
    );
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("hands the session's options on", async () => {
    await sources.postgres.psql(
      `CREATE SCHEMA elsewhere; CREATE TABLE elsewhere."Users" AS SELECT * FROM public."Users" WHERE "uid" = 'abe'`,
    );
    const source = sources.open(
      {},
      { url: `${sources.postgres.url}?options=${encodeURIComponent("-c search_path=elsewhere")}` },
    );
    expect((await gather(source.users())).map((row) => row.username)).toEqual(["abe"]);
  });

  it("breaks off what runs when it is closed", async () => {
    const source = sources.open({ oneUser: `${documentedQueries.oneUser} AND pg_sleep(60) IS NOT NULL` });
    const dawdler = source.users()[Symbol.asyncIterator]();
    await dawdler.next();
    const reading = source.user("ann");
    await until("the query to run", async () => (await sources.postgres.psql(sleepers)) === "1");
    const broken = expect(reading).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await source.close();
    await broken;
    await until("the server to have stopped", async () => (await sources.postgres.psql(sleepers)) === "0");
  });

  it("refuses calls once it is closed", async () => {
    const source = sources.open();
    await source.user("ann");
    await source.close();
    await source.close();
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await expect(gather(source.users())).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
  });

  it("reports what each query gives, and the rows that would be skipped", async () => {
    await sources.postgres.psql(`INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "homeDirectory", "userPassword") VALUES
      (0, 'root', 1, NULL, 'secret'), (2100, 'nogroup', NULL, NULL, 'secret'), (2101, 'a:b', 3001, NULL, 'secret'),
      (2102, E'new\nline', 3001, NULL, 'secret'), (2103, 'home', 3001, '/home/:0', 'secret'), (2104, NULL, 3001, NULL, 'secret'),
      (2105, 'ANN', 3001, NULL, 'secret'), (-5, 'minus', 3001, NULL, 'secret')`);
    const report = await sources
      .open({ allUsers: `${documentedQueries.allUsers} ORDER BY "uidNumber" NULLS FIRST` })
      .check();
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
    const source = sources.open({
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
    const strange = await sources.open({ oneUser: `${documentedQueries.oneUser} AND false` }).check();
    expect(strange.queries[0]?.problem).toBe(
      'SQL_QUERY_ONE_USER does not give the user "ann", whom SQL_QUERY_ALL_USERS gives.',
    );
  });

  it("throws while the server is away, and goes on by itself when it is back", async () => {
    const source = sources.open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    expect(await readDirectory(source)).toEqual(directory);
    const dawdler = source.users()[Symbol.asyncIterator]();
    for (const end of [() => sources.postgres.stop(), () => sources.postgres.kill()]) {
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
      await sources.postgres.start();
      expect(await readDirectory(source)).toEqual(directory);
      await until("one change to be assumed", () => changes === before + 1);
      await sources.postgres.psql("NOTIFY espalier_changed");
      await until("a change to be heard", () => changes === before + 2);
    }
    await dawdler.return?.();
  });

  it("throws when the server goes away in the middle of a result", async () => {
    await sources.postgres.psql(`INSERT INTO "Users" SELECT n, 'user' || n, 3001 FROM generate_series(10001, 12000) n`);
    const source = sources.open();
    const rows = source.users()[Symbol.asyncIterator]();
    expect((await rows.next()).value).toHaveLength(500);
    await sources.postgres.kill();
    // One more batch may have come already; the end of the rows, after 2003, is not there.
    await expect(Promise.all([rows.next(), rows.next()])).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await sources.postgres.start();
    expect(await gather(source.users())).toHaveLength(2003);
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
    expect(await session(sources.postgres, "?sslmode=require")).toBe(refused);
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
