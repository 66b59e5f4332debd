import { inspect } from "node:util";
import fc from "fast-check";
import mysql from "mysql2/promise";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../../tests/lab/certificates.ts";
import { type Mariadb, startMariadb } from "../../../../tests/lab/mariadb.ts";
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
import {
  ann,
  directory,
  directorySql,
  documentedQueries,
  gather,
  inBackticks,
  oddNames,
  readDirectory,
  userOf,
} from "./directory.ts";
import { expressions } from "./sql-expressions.ts";
import { layWire } from "./wire.ts";

const describe = requirePrograms({ mariadbd: "mariadb-server", mariadb: "mariadb-client" });
const queries = inBackticks(documentedQueries);

describe("MariaDB as a source", () => {
  let mariadb: Mariadb;
  const opened: Source[] = [];
  const open = (changed: Partial<SqlQueries> = {}, options: Partial<SourceOptions> = {}): Source => {
    const source = openSource({ url: mariadb.url, ...options, queries: { ...queries, ...changed } });
    opened.push(source);
    return source;
  };
  beforeAll(async () => {
    mariadb = await startMariadb();
  });
  beforeEach(async () => {
    await mariadb.sql(directorySql.replaceAll('"', "`"));
    return async () => {
      await Promise.all(opened.splice(0).map((source) => source.close()));
    };
  });
  afterAll(() => mariadb[Symbol.asyncDispose]());

  it("gives users, groups and memberships with the documented queries", async () => {
    expect(await readDirectory(open())).toEqual(directory);
  });

  it("gives each of many concurrent callers their own row", async () => {
    const source = open();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    const names = Array.from({ length: 300 }, (_, index) => ["ann", "abe", "nobody", "zoë"][index % 4] ?? "");
    const rows = await Promise.all(names.map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(names.map((name) => (name === "nobody" ? undefined : name)));
    expect(await source.groupsOf("zoë")).toEqual([{ name: "staff", gid_number: 3002 }]);
  });

  it("finds nobody under names made to trip SQL, alone and together", async () => {
    // Byte by byte: the default collation takes full-width letters for plain ones.
    await mariadb.sql("ALTER TABLE `Users` MODIFY `uid` VARCHAR(255) COLLATE utf8mb4_bin");
    const source = open();
    for (const name of oddNames) expect(await source.user(name), JSON.stringify(name.slice(0, 40))).toBeUndefined();
    const rows = await Promise.all([...oddNames, "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual([...oddNames.map(() => undefined), "ann"]);
  });

  it("compares as the column's collation does, alone and together", async () => {
    const read = async () => {
      const source = open();
      const alone = await source.user("ANN");
      const together = await Promise.all(["abe", "ANN", "ZOE", "ann"].map((name) => source.user(name)));
      await source.close();
      return [alone, ...together].map((row) => row?.username);
    };
    for (const collation of ["utf8mb4_general_ci", "utf8mb4_unicode_ci"]) {
      await mariadb.sql(`ALTER TABLE \`Users\` MODIFY \`uid\` VARCHAR(255) COLLATE ${collation}`);
      expect(await read()).toEqual(["ann", "abe", "ann", "zoë", "ann"]);
    }
    await mariadb.sql("ALTER TABLE `Users` MODIFY `uid` VARCHAR(255) COLLATE utf8mb4_bin");
    expect(await read()).toEqual([undefined, "abe", undefined, undefined, "ann"]);
    await mariadb.sql("ALTER TABLE `Users` MODIFY `uid` VARCHAR(255) CHARACTER SET latin1");
    expect(await read()).toEqual(["ann", "abe", "ann", "zoë", "ann"]);
  });

  it("gives the same memberships by the fifth query, in batches and one member at a time", async () => {
    await mariadb.sql(`INSERT INTO Users (uidNumber, uid, gidNumber) SELECT seq, CONCAT('user', seq), 3001 FROM seq_10001_to_10200;
      INSERT INTO UserGroups SELECT seq, 3001 + seq % 2 FROM seq_10001_to_10200`);
    const sources = {
      batches: open(),
      // Of two columns of one name a derived table could not tell which is meant.
      singly: open({ groupsByMember: queries.groupsByMember.replace("SELECT", "SELECT u.`cn`, u.`sn` AS cn,") }),
      query: open({
        memberships:
          "SELECT uid AS username, ug.gidNumber AS gid_number FROM Users JOIN UserGroups ug USING (uidNumber);",
      }),
    };
    const { memberships } = await readDirectory(sources.batches);
    expect(memberships).toHaveLength(203);
    expect(memberships.slice(0, 3).map(({ groupName }) => groupName)).toEqual(["admins", "staff", "staff"]);
    expect((await readDirectory(sources.singly)).memberships).toEqual(memberships);
    expect((await readDirectory(sources.query)).memberships).toEqual(memberships);
    expect((await sources.batches.check()).membership).toMatchObject({
      strategy: "batches",
      memberships: 203,
      reason: expect.stringMatching(/: MariaDB 1\S+ has no LATERAL \(MySQL has it since 8\.0\.14\)$/),
    });
  });

  it("agrees with the server about what is a placeholder", async () => {
    const client = await mysql.createConnection(mariadb.url.replace("mariadb:", "mysql:"));
    const check = fc.asyncProperty(expressions("mariadb"), async ({ list, end }) => {
      const columns = list.map(({ sql }, index) => `${sql} AS c${index}`);
      const statement = parseStatement(`SELECT ${columns.join(", ")} ${end}`, "mariadb");
      const values = Array.from({ length: statement.placeholders }, () => "ann");
      const [rows] = await client.execute(`SELECT * FROM (${statement.text(() => "?")}\n) q`, values);
      expect(Object.values((rows as object[])[0] ?? {})).toEqual(list.map(({ value }) => value ?? "ann"));
    });
    await fc.assert(check).finally(() => client.end());
  });

  it("reads members that GROUP_CONCAT and JSON_ARRAYAGG give, whole", async () => {
    // More than the megabyte at which the server would cut them off.
    await mariadb.sql(`INSERT INTO Users (uidNumber, uid, gidNumber) SELECT seq, LPAD(seq, 240, 'x'), 3001 FROM seq_10001_to_15000;
      INSERT INTO UserGroups SELECT seq, 3001 FROM seq_10001_to_15000`);
    const members = (
      aggregate: string,
    ) => `SELECT g.cn AS name, g.gidNumber AS gid_number, ${aggregate}(u.uid) AS member_uids
      FROM \`Groups\` g JOIN UserGroups ug USING (gidNumber) JOIN Users u USING (uidNumber) GROUP BY g.gidNumber`;
    for (const aggregate of ["GROUP_CONCAT", "JSON_ARRAYAGG"]) {
      const source = open({ allGroups: members(aggregate), memberships: "SELECT 'ann' AS username, 'staff' AS name" });
      const { groups } = await readDirectory(source);
      expect(
        groups.map(({ memberUids }) => memberUids.length),
        aggregate,
      ).toEqual([5_001, 2]);
    }
  });

  it("gives large results in batches of at most 500, and stops when it is told to", async () => {
    await mariadb.sql(
      "INSERT INTO Users (uidNumber, uid, gidNumber) SELECT seq, CONCAT('user', seq), 3001 FROM seq_10001_to_20000",
    );
    const source = open();
    const sizes: number[] = [];
    for await (const batch of source.users()) sizes.push(batch.length);
    expect([sizes.length, Math.max(...sizes), sizes.at(-1)]).toEqual([21, 500, 3]);
    for await (const batch of source.users()) {
      expect(batch).toHaveLength(500);
      break;
    }
    const stop = new AbortController();
    const rows = source.users(stop.signal)[Symbol.asyncIterator]();
    await rows.next();
    stop.abort(new Error("enough"));
    await expect(rows.next()).rejects.toThrow("enough");
    expect(await gather(source.users())).toHaveLength(10_003);
  });

  it("reads numbers, times and bytes as the driver gives them", async () => {
    const source = open({
      oneUser: `SELECT CAST('ann' AS BINARY) AS username, 18446744073709551615 AS uid_number, 2.00 AS gid_number,
        TIMESTAMP'2026-01-02 03:04:05.678' AS created_at FROM Users WHERE uid = ?`,
    });
    const row = await source.user("ann");
    expect(() => userOf(row)).toThrow("uid_number is not between 1 and 4294967294");
    expect(userOf({ ...row, uid_number: 1n })).toEqual({
      ...{ username: "ann", uidNumber: 1, gidNumber: 2, mail: [], sshPublicKeys: [], active: true },
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
    });
  });

  it("ends a query that takes too long, here and on the server", async () => {
    const source = open({ oneUser: `${queries.oneUser} AND SLEEP(60) = 0` }, { readTimeoutMs: 300 });
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_TIMEOUT" });
    await until("the server to have stopped", async () => (await mariadb.sql(sleepers)) === "0");
  });

  it("does not wait for a server that has fallen silent", async () => {
    await using wire = await layWire(mariadb.port);
    const url = mariadb.url.replace(String(mariadb.port), String(wire.port));
    const source = open({}, { url, readTimeoutMs: 200, connectTimeoutMs: 300 });
    expect(userOf(await source.user("ann"))).toEqual(ann);
    wire.hold();
    const answers = await Promise.allSettled([source.user("ann"), source.user("abe"), source.groupsOf("ann")]);
    for (const answer of answers) {
      const code = expect.stringMatching(/^ERR_SOURCE_(TIMEOUT|UNAVAILABLE)$/);
      expect(answer).toMatchObject({ status: "rejected", reason: { code } });
    }
    wire.release();
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("throws while the server is away, and goes on by itself when it is back", async () => {
    const source = open();
    expect(await readDirectory(source)).toEqual(directory);
    for (const end of [() => mariadb.stop(), () => mariadb.kill()]) {
      await end();
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
      await mariadb.start();
      expect(await readDirectory(source)).toEqual(directory);
    }
  });

  it("throws when the server goes away in the middle of a result", async () => {
    await mariadb.sql(`INSERT INTO Users (uidNumber, uid, gidNumber, cn) SELECT seq, CONCAT('user', seq), 3001, REPEAT('x', 200)
      FROM seq_10001_to_110000`);
    const source = open();
    const reading = (async () => {
      for await (const batch of source.users()) if (batch.length > 0) await mariadb.kill();
    })();
    await expect(reading).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await mariadb.start();
    expect(userOf(await source.user("ann"))).toEqual(ann);
  });

  it("reports what each query gives, and names the query and the reason when one is wrong", async () => {
    await mariadb.sql("INSERT INTO Users (uidNumber, uid, gidNumber) VALUES (0, 'root', 1), (7, 'a:b', 1)");
    const report = await open({ allGroups: "SELECT cn AS name FROM Group_s" }).check();
    expect(report).toMatchObject({ dialect: "mariadb", server: expect.stringMatching(/^MariaDB 1/) });
    expect(report.queries.map(({ query, rows, skipped, problem }) => ({ query, rows, skipped, problem }))).toEqual([
      { query: "oneUser", rows: 1, skipped: 0, problem: undefined },
      { query: "allUsers", rows: 5, skipped: 2, problem: undefined },
      {
        ...{ query: "allGroups", rows: 0, skipped: 0 },
        problem:
          `SQL_QUERY_ALL_GROUPS was refused by the database 127.0.0.1:${mariadb.port}/espalier: Table 'espalier.group_s' doesn't exist (1146).`.replace(
            "group_s",
            "Group_s",
          ),
      },
      { query: "groupsByMember", rows: expect.any(Number), skipped: 0, problem: undefined },
    ]);
  });

  it("cannot write", async () => {
    const source = open({ oneUser: "DELETE FROM Users WHERE uid = ? RETURNING uid AS username" });
    await expect(source.user("ann")).rejects.toMatchObject({
      code: "ERR_SOURCE_QUERY",
      message: expect.stringContaining("Cannot execute statement in a READ ONLY transaction (1792)"),
    });
    expect(await readDirectory(open())).toEqual(directory);
  });

  it("never says the password", async () => {
    const wrong = mariadb.url.replace(/:[^:@]*@/, ":hunter%232@");
    const failure = await open({}, { url: wrong })
      .user("ann")
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE", message: expect.stringContaining("(1045)") });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain("hunter");
  });

  it("breaks off what runs when it is closed", async () => {
    const source = open({ oneUser: `${queries.oneUser} AND SLEEP(60) = 0` }, { readTimeoutMs: 60_000 });
    const dawdler = source.groups()[Symbol.asyncIterator]();
    await dawdler.next();
    const reading = source.user("ann");
    await until("the query to run", async () => (await mariadb.sql(sleepers)) === "1");
    const broken = expect(reading).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
    await source.close();
    await broken;
  });

  it("checks the server's certificate as far as the URL says", async () => {
    await using files = await temporaryDirectory("source-tls");
    const authority = await createCertificateAuthority(files.path);
    await using trusted = await startMariadb({
      certificate: await authority.issue("trusted", ["localhost", "127.0.0.1"]),
    });
    await using stranger = await startMariadb({ certificate: await authority.issue("stranger", ["db.example.com"]) });
    const cipher =
      "SELECT variable_value AS username FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher' AND ? <> ''";
    const session = async (server: Mariadb, parameters: string, host = "127.0.0.1"): Promise<unknown> => {
      const source = open({ oneUser: cipher }, { url: `${server.url.replace("127.0.0.1", host)}${parameters}` });
      try {
        return (await source.user("ann"))?.username !== "";
      } catch (error) {
        return (error as SourceError).code;
      }
    };
    const ca = `&ssl-ca=${encodeURIComponent(authority.certificate)}`;
    const refused = "ERR_SOURCE_UNAVAILABLE";
    expect(await session(trusted, "")).toBe(false);
    expect(await session(trusted, "?ssl-mode=REQUIRED")).toBe(refused);
    expect(await session(trusted, `?ssl-mode=REQUIRED${ca}`)).toBe(true);
    expect(await session(trusted, `?ssl-mode=VERIFY_IDENTITY${ca}`)).toBe(true);
    expect(await session(trusted, `?ssl-mode=VERIFY_IDENTITY${ca}`, "localhost")).toBe(true);
    expect(await session(stranger, `?ssl-mode=VERIFY_IDENTITY${ca}`)).toBe(refused);
    expect(await session(stranger, `?ssl-mode=VERIFY_IDENTITY${ca}`, "localhost")).toBe(refused);
    expect(await session(stranger, `?ssl-mode=VERIFY_CA${ca}`)).toBe(true);
    expect(await session(stranger, "?ssl-mode=no-verify")).toBe(true);
  });

  it("refuses calls once it is closed", async () => {
    const source = open();
    await source.user("ann");
    await source.close();
    await expect(source.user("ann")).rejects.toMatchObject({ code: "ERR_SOURCE_UNAVAILABLE" });
  });
});

/** How many sessions of the server are asleep in a query. */
const sleepers =
  "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT%SLEEP(60)%' AND id <> CONNECTION_ID()";
