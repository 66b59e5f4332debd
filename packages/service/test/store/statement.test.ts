import { forEachDatabase, sqliteDatabases } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinSql, type Statement, sql, sqlRows, sqlTable } from "../../src/index.ts";
import { openTestStore } from "./databases.ts";

describe("a statement", () => {
  it("has its values apart from its text, numbered where the database wants that", () => {
    const statement = sql`SELECT * FROM events WHERE subject = ${"it's"} AND time < ${5}`;
    expect(statement.render("postgres")).toEqual({
      text: "SELECT * FROM events WHERE subject = $1 AND time < $2",
      values: ["it's", 5],
    });
    expect(statement.render("sqlite").text).toBe("SELECT * FROM events WHERE subject = ? AND time < ?");
  });

  it("takes in other statements with their values", () => {
    const conditions = joinSql([sql`a = ${1}`, sql`b IS NULL`, sql`c IN (${2}, ${3})`], " AND ");
    expect(sql`SELECT ${0} WHERE ${conditions} LIMIT ${4}`.render("postgres")).toEqual({
      text: "SELECT $1 WHERE a = $2 AND b IS NULL AND c IN ($3, $4) LIMIT $5",
      values: [0, 1, 2, 3, 4],
    });
  });

  it("writes rows, and NULL for what is undefined", () => {
    expect(
      sql`INSERT INTO t VALUES ${sqlRows([
        [1, undefined],
        [2, "b"],
      ])}`.render("postgres"),
    ).toEqual({
      text: "INSERT INTO t VALUES ($1, $2), ($3, $4)",
      values: [1, null, 2, "b"],
    });
  });

  it("writes rows among other values, each numbered on", () => {
    const [rows, others] = [sqlRows([[2], [3]]), sqlRows([[5, 6]])];
    const statement = sql`SELECT ${1} WHERE a IN (VALUES ${rows}) AND b = ${4} AND c IN ${others} AND d = ${7}`;
    expect(statement.render("postgres")).toEqual({
      text: "SELECT $1 WHERE a IN (VALUES ($2), ($3)) AND b = $4 AND c IN ($5, $6) AND d = $7",
      values: [1, 2, 3, 4, 5, 6, 7],
    });
    expect(statement.render("sqlite")).toEqual({
      text: "SELECT ? WHERE a IN (VALUES (?), (?)) AND b = ? AND c IN (?, ?) AND d = ?",
      values: [1, 2, 3, 4, 5, 6, 7],
    });
  });

  it("however it is put together, gives each value to its own place", async () => {
    const store = await openTestStore(await sqliteDatabases().create());
    const piece: fc.Memo<{ statement: Statement; values: number[] }> = fc.memo((depth) =>
      depth <= 1
        ? fc.integer().map((value) => ({ statement: sql`${value}`, values: [value] }))
        : fc.array(piece(depth - 1), { minLength: 1, maxLength: 3 }).map((parts) => ({
            statement: joinSql(
              parts.map((part) => sql`${part.statement}`),
              ", ",
            ),
            values: parts.flatMap((part) => part.values),
          })),
    );
    await fc.assert(
      fc.asyncProperty(piece(4), async ({ statement, values }) => {
        const [row] = await store.all(sql`SELECT json_array(${statement}) AS found`);
        expect(JSON.parse(String(row?.found))).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });
});

forEachDatabase((databases) => {
  it("has rows to select from, which come out as they went in", async () => {
    const store = await openTestStore(await databases.create());
    const columns = { name: "text", number: "bigint", small: "smallint" } as const;
    // No database has a NUL or half a surrogate pair in its text.
    const text = fc.string({ unit: "binary" }).map((each) => each.replaceAll("\0", "").toWellFormed());
    const row = fc.record({
      name: fc.option(text),
      number: fc.option(fc.maxSafeInteger()),
      small: fc.integer({ min: -32_768, max: 32_767 }),
    });
    const select = (rows: readonly (typeof row extends fc.Arbitrary<infer Row> ? Row : never)[]) =>
      sql`SELECT name, number, small FROM ${sqlTable(store.database, columns, rows)} AS given`.prepared();
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        expect(await store.all(select(rows))).toEqual(rows);
      }),
      { numRuns: 100 },
    );
  });
});
