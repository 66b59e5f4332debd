/** The first rows of a CSV file are shown as the import will read them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { previewCsv } from "../../src/screens/import/csv-preview.ts";

const cell = fc.string({ unit: fc.constantFrom("a", "B", "é", " ", ",", ";", "\t", '"', "\n", "\r"), maxLength: 6 });

function csv(rows: readonly (readonly string[])[], separator: string, lineEnd: string): string {
  const quoted = (text: string) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(quoted).join(separator) + lineEnd).join("");
}

describe("the preview of a CSV file", () => {
  it("shows the cells of any file that a spreadsheet writes", () => {
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.tuple(
          fc.constant(["dn", "cn", "mail", "sn"].slice(0, width)),
          fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
        ),
      );
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(",", ";", "\t"),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        ([header, rows], separator, lineEnd, hasMark) => {
          const text = (hasMark ? "\uFEFF" : "") + csv([header, ...rows], separator, lineEnd);
          expect(previewCsv(text, false)).toEqual({ separator, header, rows });
        },
      ),
    );
  });

  it("leaves out the row in which the beginning of a long file ends", () => {
    expect(previewCsv("uid,cn\nann,Ann\nbob,Bo", true)).toEqual({
      separator: ",",
      header: ["uid", "cn"],
      rows: [["ann", "Ann"]],
    });
  });

  it("passes over empty lines, and shows no more rows than it is asked for", () => {
    expect(previewCsv("uid,cn\n\na,A\n\nb,B\nc,C\n", false, 2).rows).toEqual([
      ["a", "A"],
      ["b", "B"],
    ]);
  });

  it("is empty for an empty file", () => {
    expect(previewCsv("", false)).toEqual({ separator: ",", header: [], rows: [] });
  });
});
