/** What PostgreSQL says by itself when a table has changed, through the trigger of `espalier gateway sql-trigger`. */
import { expect, it } from "vitest";
import { requirePrograms } from "../../../../tests/lab/programs.ts";
import { until } from "../../../../tests/lab/until.ts";
import { sqlTrigger } from "../../src/source/trigger.ts";
import { postgresSources } from "./postgres-sources.ts";

const describe = requirePrograms({ initdb: "postgresql-15", psql: "postgresql-client-15" });

describe("a source that listens to PostgreSQL", () => {
  const sources = postgresSources();

  it("hears of changes to the tables that have the trigger, once for many", async () => {
    await sources.postgres.psql(sqlTrigger(["Users", "public.Groups"]) + sqlTrigger(["Users", "UserGroups"]));
    const source = sources.open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    for (const sql of [
      `INSERT INTO "Groups" SELECT n, 'group' || n FROM generate_series(5000, 5999) n`,
      `UPDATE "Users" SET "sn" = 'Jones'`,
      `DELETE FROM "UserGroups"`,
      `TRUNCATE "UserGroups"`,
    ]) {
      const before = changes;
      await sources.postgres.psql(sql);
      await until(`a change by ${sql}`, () => changes > before);
      expect(changes).toBe(before + 1);
    }
    await sources.postgres.psql('SELECT * FROM "Users"; CREATE TABLE other (n int)');
  });

  it("quotes the names of tables in the trigger's SQL", async () => {
    await sources.postgres.psql(
      'CREATE SCHEMA IF NOT EXISTS "o""dd"; CREATE TABLE IF NOT EXISTS "o""dd"."Ta;b\'le" (n int)',
    );
    await sources.postgres.psql(sqlTrigger(["o\"dd.Ta;b'le"]));
    expect(
      await sources.postgres.psql("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'espalier_changed'"),
    ).toContain(`"o""dd"."Ta;b'le"`);
    expect(() => sqlTrigger([])).toThrow(RangeError);
    expect(() => sqlTrigger(["a.b.c"])).toThrow(RangeError);
  });

  it("begins to listen when the server was away at first", async () => {
    await sources.postgres.stop();
    const source = sources.open();
    let changes = 0;
    await source.watch(() => (changes += 1));
    await sources.postgres.start();
    await until("the first connection", () => changes === 1);
  });
});
