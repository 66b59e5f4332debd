import fc from "fast-check";
import { expect, test } from "vitest";
import { hasPlaceholder, selectedColumns } from "../../../src/rules/directory/sql-query.ts";

test("what is selected is known by the name that the row has it by", () => {
  const sql =
    'select distinct a, t."b c" AS "Full_Name", max(x, (y)) z -- , n AS mail\nfrom t where q in (select r from s)';
  expect(selectedColumns(sql)).toEqual([
    { name: "a", identifiers: ["a"] },
    { name: "Full_Name", identifiers: ["t", "b_c", "AS"] },
    { name: "z", identifiers: ["max", "x", "y"] },
  ]);
  expect(selectedColumns("SELECT * FROM t")).toEqual([]);
});

test("whatever is written, quoting a question mark hides it and appending one shows it", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9 _.,=()]{0,30}$/), (sql) => {
      expect(hasPlaceholder(`${sql} '?' "?" \`?\` /* ? */ -- ?`)).toBe(false);
      expect(hasPlaceholder(`${sql} 'it''s' ?`)).toBe(true);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (sql) => Array.isArray(selectedColumns(sql))));
});
