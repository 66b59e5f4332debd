/** One user's row and groups out of PostgreSQL, as every bind reads them: alone and many in one round trip. */
import fc from "fast-check";
import pg from "pg";
import { expect, it } from "vitest";
import { requirePrograms } from "../../../../tests/lab/programs.ts";
import { parseStatement } from "../../src/source/statement.ts";
import { ann, documentedQueries, oddNames, readDirectory, userOf } from "./directory.ts";
import { postgresSources } from "./postgres-sources.ts";
import { expressions } from "./sql-expressions.ts";

const describe = requirePrograms({ initdb: "postgresql-15", psql: "postgresql-client-15" });

describe("PostgreSQL, asked for one user,", () => {
  const sources = postgresSources();

  it("gives one user's row and groups", async () => {
    const source = sources.open();
    expect(userOf(await source.user("ann"))).toEqual(ann);
    expect(await source.user("nobody")).toBeUndefined();
    expect(await source.groupsOf("zoë")).toEqual([{ name: "staff", gid_number: 3002 }]);
    expect(await source.groupsOf("nobody")).toEqual([]);
  });

  it("gives each of many concurrent callers their own row", async () => {
    const source = sources.open();
    const names = Array.from({ length: 300 }, (_, index) => ["ann", "abe", "nobody", "zoë"][index % 4] ?? "");
    const rows = await Promise.all(names.map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(names.map((name) => (name === "nobody" ? undefined : name)));
  });

  it("reads a row after the call for it was made, also when calls share a round trip", async () => {
    const source = sources.open();
    for (let round = 1; round <= 20; round += 1) {
      const earlier = Array.from({ length: 10 }, (_, index) => source.user(index % 2 === 0 ? "abe" : "ann"));
      await sources.postgres.psql(`UPDATE "Users" SET "givenName" = 'Ann ${round}' WHERE "uid" = 'ann'`);
      const rows = await Promise.all([source.user("ann"), source.user("zoë"), source.user("ann")]);
      expect([rows[0]?.first_name, rows[2]?.first_name]).toEqual([`Ann ${round}`, `Ann ${round}`]);
      await Promise.all(earlier);
    }
  });

  it("finds nobody under names made to trip SQL, alone and together", async () => {
    const source = sources.open();
    for (const name of oddNames) expect(await source.user(name), JSON.stringify(name.slice(0, 40))).toBeUndefined();
    for (const name of oddNames) expect(await source.groupsOf(name)).toEqual([]);
    const rows = await Promise.all([...oddNames, "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual([...oddNames.map(() => undefined), "ann"]);
  });

  it("gives the server every name as it is, alone and together", async () => {
    const source = sources.open({ oneUser: "SELECT ?::text AS username, 1000 AS uid_number, 1000 AS gid_number" });
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
    await sources.postgres.psql(`ALTER TABLE "Users" ALTER "uid" TYPE citext`);
    const source = sources.open();
    expect((await source.user("ANN"))?.username).toBe("ann");
    const rows = await Promise.all(["abe", "ANN", "Zoë", "aNN", "nobody"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(["abe", "ann", "zoë", "ann", undefined]);
    // The members' own column is text in another letter case: only citext's comparison finds them.
    const upper = documentedQueries.allUsers.replace('"uid" AS', 'upper("uid") AS');
    expect(await readDirectory(sources.open({ allUsers: upper }))).toMatchObject({
      memberships: [
        { username: "ANN", groupName: "admins" },
        { username: "ANN", groupName: "staff" },
        { username: "ZOë", groupName: "staff" },
      ],
    });
  });

  it("compares a varchar column with its letter case, alone and together", async () => {
    const source = sources.open();
    expect(await source.user("ANN")).toBeUndefined();
    const rows = await Promise.all(["abe", "ANN", "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.username)).toEqual(["abe", undefined, "ann"]);
  });

  it("prefers the row that is spelt as asked", async () => {
    await sources.postgres.psql(`INSERT INTO "Users" VALUES (1999, 'ANN', 3001)`);
    const source = sources.open({ oneUser: `${documentedQueries.allUsers} WHERE lower("uid") = lower(?) ORDER BY 2` });
    const rows = await Promise.all(["ann", "ANN", "Ann", "ann"].map((name) => source.user(name)));
    expect(rows.map((row) => row?.uid_number)).toEqual([2001, 1999, 1999, 2001]);
  });

  it("infers the type of each placeholder for itself", async () => {
    await sources.postgres.psql(`ALTER TABLE "Users" ALTER "mail" TYPE citext`);
    const source = sources.open({
      oneUser: `${documentedQueries.allUsers} WHERE "uid" = ? OR "mail" = ? -- or by mail?`,
    });
    const rows = await Promise.all(
      ["ANN@EXAMPLE.COM", "ann", "ANN", "zoe@Example.com"].map((name) => source.user(name)),
    );
    expect(rows.map((row) => row?.username)).toEqual(["ann", "ann", undefined, "zoë"]);
  });

  it("asks one by one where the query compares with something that is not text", async () => {
    const source = sources.open({ oneUser: `${documentedQueries.allUsers} WHERE "uidNumber" = ?` });
    const answers = await Promise.allSettled(["2001", "2999", "ann", "2003"].map((name) => source.user(name)));
    expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value?.username : answer.reason))).toEqual([
      "ann",
      undefined,
      expect.objectContaining({ name: "SourceError", code: "ERR_SOURCE_QUERY" }),
      "zoë",
    ]);
  });

  it("fails only the caller whose name the query cannot take", async () => {
    const source = sources.open({
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
    const source = sources.open({ oneUser: `SELECT "uid" AS username, * FROM "Users" WHERE "uid" = ?` });
    const read = async () => {
      const alone = await source.user("ann");
      const together = await Promise.all(["abe", "ann", "zoë"].map((name) => source.user(name)));
      return [alone, ...together].map((row) => [row?.username, row?.phone]);
    };
    const names = ["ann", "abe", "ann", "zoë"];
    expect(await read()).toEqual(names.map((name) => [name, undefined]));
    await sources.postgres.psql(`ALTER TABLE "Users" ADD "phone" integer`);
    expect(await read()).toEqual(names.map((name) => [name, null]));
    await sources.postgres.psql(`ALTER TABLE "Users" ALTER "phone" TYPE text USING '1'`);
    expect(await read()).toEqual(names.map((name) => [name, "1"]));
  });

  it("agrees with the server about what is a placeholder", async () => {
    const client = new pg.Client(sources.postgres.url);
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
    const source = sources.open({
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
});
