import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCell, parseCell } from "../../src/transfer/csv-cell.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (cell: string) => parseCell(cell).map((value) => Buffer.from(value).toString("utf8"));

/** Text with what the format gives a meaning to, and bytes that are no text. */
const value = fc.oneof(
  fc.string({ unit: "grapheme" }).map(bytes),
  fc
    .array(fc.constantFrom(";", "\\", "{", "base64", "}", "{base64}", "=", " ", "\n", "\r", '"', "ä"))
    .map((each) => bytes(each.join(""))),
  fc.uint8Array({ maxLength: 40 }),
);

describe("a cell", () => {
  it("holds any values of an attribute and gives them back byte for byte, in their order", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (values) => {
        expect(parseCell(formatCell("description", values)).map((each) => [...each])).toEqual(
          values.map((each) => [...each]),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("parts values by semicolons, and escapes those that are within one", () => {
    expect(formatCell("cn", [bytes("Ann; Bob"), bytes("C:\\temp"), bytes("")])).toBe("Ann\\; Bob;C:\\\\temp;{base64}");
  });

  it("writes bytes that are not text in base64, and text that looks like that with a backslash", () => {
    expect(formatCell("jpegPhoto", [Uint8Array.of(0xff, 0xd8, 0)])).toBe("{base64}/9gA");
    expect(formatCell("userCertificate;binary", [bytes("text")])).toBe("{base64}dGV4dA==");
    expect(formatCell("description", [bytes("{base64}")])).toBe("\\{base64}");
  });

  it("keeps what a spreadsheet would take for a formula as it is", () => {
    expect(formatCell("description", [bytes("=cmd|' /C calc'!A0")])).toBe("=cmd|' /C calc'!A0");
  });

  it("takes nothing between semicolons for no value, and a lone backslash for itself", () => {
    expect(texts("a;;b;")).toEqual(["a", "b"]);
    expect(texts("\\\\server\\share")).toEqual(["\\server\\share"]);
    expect(texts("")).toEqual([]);
  });

  it("refuses base64 that is none", () => {
    expect(() => parseCell("{base64}a")).toThrow(RangeError);
  });
});
