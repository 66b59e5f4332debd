import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dialect } from "../../src/source/source.ts";
import { parseStatement } from "../../src/source/statement.ts";
import { documentedQueries } from "./directory.ts";
import { expressions } from "./sql-expressions.ts";

const text = (sql: string, dialect: Dialect) => parseStatement(sql, dialect).text((index) => `<${index}>`);

describe("taking a query apart", () => {
  it("finds the placeholders of the documented queries", () => {
    expect(text(documentedQueries.oneUser, "postgres")).toBe(documentedQueries.oneUser.replace("?", "<0>"));
    expect(parseStatement(documentedQueries.allUsers, "postgres").placeholders).toBe(0);
  });

  it("numbers several placeholders", () => {
    expect(text("SELECT ? WHERE uid = ? OR mail=?", "mysql")).toBe("SELECT <0> WHERE uid = <1> OR mail=<2>");
  });

  it.each<[Dialect, string, string]>([
    ["postgres", `SELECT '?', "?", ?`, `SELECT '?', "?", <0>`],
    ["postgres", "SELECT 'it''s ?', ?", "SELECT 'it''s ?', <0>"],
    ["postgres", String.raw`SELECT '\', ?, '?'`, String.raw`SELECT '\', <0>, '?'`],
    ["postgres", String.raw`SELECT E'\'?', ?`, String.raw`SELECT E'\'?', <0>`],
    ["postgres", String.raw`SELECT nameE'\', ?`, String.raw`SELECT nameE'\', <0>`],
    ["postgres", "SELECT $$?$$, $a$ $b$ ? $a$, ?", "SELECT $$?$$, $a$ $b$ ? $a$, <0>"],
    ["postgres", "SELECT a$b$, ?, c$b$", "SELECT a$b$, <0>, c$b$"],
    ["postgres", "SELECT /* ? /* ? */ ? */ ?", "SELECT /* ? /* ? */ ? */ <0>"],
    ["postgres", "SELECT 1 -- ?\r, ?", "SELECT 1 -- ?\r, <0>"],
    ["postgres", "SELECT 1 # ?", "SELECT 1 # <0>"],
    ["mysql", String.raw`SELECT '\'?', "\"?", ?`, String.raw`SELECT '\'?', "\"?", <0>`],
    ["mysql", "SELECT `a``?`, ? # ?", "SELECT `a``?`, <0>"],
    ["mysql", "SELECT 1--?", "SELECT 1--<0>"],
    ["mysql", "SELECT 1 -- ?\n, ?", "SELECT 1 -- ?\n, <0>"],
    ["mysql", "SELECT /* /* ? */ ?", "SELECT /* /* ? */ <0>"],
    ["mysql", "SELECT /*!50000 '?' */ ?", "SELECT /*!50000 '?' */ <0>"],
    ["mariadb", "SELECT $$?$$", "SELECT $$<0>$$"],
    ["sqlite", "SELECT [?], `?`, ?1, ?", "SELECT [?], `?`, <0>, <1>"],
    ["sqlite", String.raw`SELECT '\', ?`, String.raw`SELECT '\', <0>`],
  ])("knows %s: %s", (dialect, sql, expected) => {
    expect(text(sql, dialect)).toBe(expected);
  });

  it.each<Dialect>(["postgres", "mysql", "mariadb", "sqlite"])("leaves out what ends a %s query", (dialect) => {
    expect(text("SELECT ?; ", dialect)).toBe("SELECT <0>");
    expect(text("SELECT ? -- by name\n ; /* done */ ;\n", dialect)).toBe("SELECT <0>");
    expect(text("SELECT ';'", dialect)).toBe("SELECT ';'");
    expect(text("SELECT 1; SELECT ?;", dialect)).toBe("SELECT 1; SELECT <0>");
  });

  it.each<Dialect>(["postgres", "mysql", "mariadb", "sqlite"])(
    "takes any text apart in %s, and keeps all of it",
    (dialect) => {
      fc.assert(
        fc.property(fc.string({ unit: fc.constantFrom(..."?'\"`\\$;-/*#[]Ea \n".split("")), maxLength: 40 }), (sql) => {
          const { parts } = parseStatement(sql, dialect);
          const kept = parts.join("?");
          expect(sql.startsWith(kept)).toBe(true);
          expect(parseStatement(sql.slice(kept.length), dialect).parts).toEqual([""]);
        }),
      );
    },
  );

  it("does not take long over a long query", () => {
    const began = performance.now();
    for (const piece of ["'?''", '"', "/*", "$a$", "E'\\", "?", "-"]) parseStatement(piece.repeat(100_000), "postgres");
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("agrees with SQLite about what is a placeholder", () => {
    using database = new DatabaseSync(":memory:");
    fc.assert(
      fc.property(expressions("sqlite"), ({ list, end }) => {
        const columns = ["?", ...list.map(({ sql }) => sql)].map((sql, index) => `${sql} AS c${index}`);
        const statement = parseStatement(`SELECT ${columns.join(", ")} ${end}`, "sqlite");
        const row = database.prepare(`SELECT * FROM (${statement.text(() => "?1")}\n)`).get("ann");
        expect(Object.values(row ?? {})).toEqual(["ann", ...list.map(({ value }) => value ?? "ann")]);
      }),
    );
  });
});
