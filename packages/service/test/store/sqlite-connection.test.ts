import { temporaryDirectory } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { SqliteConnection } from "../../src/store/sqlite-connection.ts";
import { sql } from "../../src/store/statement.ts";

it("does nothing of a transaction that could not begin, neither statements nor scripts, and commits nothing of it", async () => {
  const directory = await temporaryDirectory("sqlite");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const connection = new SqliteConnection({ path: directory.file("store.db"), busyTimeoutMs: 1_000 });
  onTestFinished(() => connection.close());
  await connection.script("CREATE TABLE counters (name text)");
  connection.begin();
  // There is one transaction on a connection: the second cannot begin.
  const second = connection.begin();
  const attempts = [
    second.script("CREATE TABLE others (name text)"),
    second.query(sql`INSERT INTO counters VALUES (${"a"})`),
    second.commit(),
  ];
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  await second.rollback();
  const tables = await connection.query(sql`SELECT name FROM sqlite_schema ORDER BY name`);
  expect(tables.rows).toEqual([{ name: "counters" }]);
  expect((await connection.query(sql`SELECT * FROM counters`)).rows).toEqual([]);
});
