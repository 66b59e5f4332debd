import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepareString, prepareText } from "../../src/schema/string-preparation.ts";
import { bytes } from "./text.ts";

/** Code points of all kinds, unpaired surrogates among them. */
const anyText = fc.string({ unit: fc.integer({ max: 0x10ffff, min: 0 }).map((code) => String.fromCodePoint(code)) });

const ignoreCase = { foldCase: true };
const exactCase = { foldCase: false };

describe("RFC 4518 §2.2: maps", () => {
  const cases: [what: string, text: string, prepared: string][] = [
    ["soft hyphens to nothing", "co\u00adop", "coop"],
    ["control characters to nothing", "a\u0000b\u001fc\u007fd", "abcd"],
    ["tabs and line ends to spaces", "a\tb\r\nc\u0085d", "a b c d"],
    ["all space separators to spaces", "a\u00a0b\u2003c\u3000d\u2029e", "a b c d e"],
    ["zero width characters to nothing", "a\u200bb\u200dc\ufeffd", "abcd"],
    ["variation selectors to nothing", "a\ufe0fb\u034fc", "abc"],
  ];
  for (const [what, text, prepared] of cases) it(what, () => expect(prepareText(text, exactCase)).toBe(prepared));
});

describe("RFC 3454 B.2: folds case", () => {
  const cases: [string, string][] = [
    ["ANN", "ann"],
    ["ÉCOLE", "école"],
    ["STRASSE", "straße"],
    ["ΣΊΣΥΦΟΣ", "σίσυφος"],
    ["ǅ", "ǆ"],
    ["İ", "i̇"],
    ["ℌ", "h"],
    ["K", "k"],
  ];
  for (const [one, other] of cases)
    it(`${one} as ${other}`, () => expect(prepareText(one, ignoreCase)).toBe(prepareText(other, ignoreCase)));
  it("leaves the dotless ı alone", () => expect(prepareText("ı", ignoreCase)).toBe("ı"));
  it("leaves case alone in exact rules", () => expect(prepareText("Straße", exactCase)).toBe("Straße"));
});

describe("RFC 4518 §2.3: normalizes to NFKC", () => {
  it("joins combining characters", () => expect(prepareText("e\u0301", exactCase)).toBe("é"));
  it("takes compatibility characters apart", () => expect(prepareText("ﬁ①", exactCase)).toBe("fi1"));
});

describe("RFC 4518 §2.4: prohibits", () => {
  for (const text of ["a\ue000", "a\ufffd", "a\ufdd0", "a\ud800", "a\u{10ffff}"])
    it(JSON.stringify(text), () => expect(prepareText(text, exactCase)).toBeUndefined());
  it("bytes that are not UTF-8", () => {
    for (const invalid of [[0xff], [0x61, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
      expect(prepareString(Uint8Array.from(invalid), exactCase)).toBeUndefined();
  });
  it("but not characters younger than Unicode 3.2", () => expect(prepareText("🦊", exactCase)).toBe("🦊"));
});

describe("RFC 4518 §2.6.1: spaces", () => {
  const cases: [string, string][] = [
    ["  Ann   Lee  ", "Ann Lee"],
    ["   ", " "],
    ["", " "],
    ["\u0000", " "],
    [" é  è ", "é è"],
  ];
  for (const [text, prepared] of cases)
    it(JSON.stringify(text), () => expect(prepareString(bytes(text), exactCase)).toBe(prepared));
  it("that a piece of a value may end or begin with stay", () => {
    expect(prepareString(bytes("  a  "), exactCase, "initial")).toBe("a ");
    expect(prepareString(bytes("  a  "), exactCase, "any")).toBe(" a ");
    expect(prepareString(bytes("  a  "), exactCase, "final")).toBe(" a");
  });
});

it("changes nothing that is prepared already", () => {
  fc.assert(
    fc.property(anyText, fc.boolean(), (text, foldCase) => {
      const prepared = prepareText(text, { foldCase });
      if (prepared !== undefined) expect(prepareText(prepared, { foldCase })).toBe(prepared);
    }),
  );
});

it("gives bytes and text the same form", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, foldCase) => {
      expect(prepareString(bytes(text), { foldCase })).toBe(prepareText(text, { foldCase }));
    }),
  );
});
