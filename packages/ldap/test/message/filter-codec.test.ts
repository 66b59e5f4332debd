import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BerReader } from "../../src/ber/reader.ts";
import { encodeBer } from "../../src/ber/writer.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { defaultDecodeLimits, readFilter, writeFilter } from "../../src/message/filter-codec.ts";
import { hex, utf8, wire } from "../ber/wire.ts";
import { anyFilter } from "./arbitrary.ts";

const decode = (bytes: Uint8Array, limits = defaultDecodeLimits) => readFilter(new BerReader(bytes), limits);
const encode = (filter: Filter) => encodeBer((writer) => writeFilter(writer, filter));

const vectors: [string, string, Filter][] = [
  ["and [0] (&(a=*)(b=*))", "a0 06 87 01 'a' 87 01 'b'", { type: "and", filters: [present("a"), present("b")] }],
  ["or [1] (|(a=*))", "a1 03 87 01 'a'", { type: "or", filters: [present("a")] }],
  ["not [2] (!(a=*))", "a2 03 87 01 'a'", { type: "not", filter: present("a") }],
  ["equalityMatch [3] (cn=x)", "a3 07 04 02 'cn' 04 01 'x'", assertion("equalityMatch", "cn", "x")],
  ["equalityMatch [3] with an empty value", "a3 06 04 02 'cn' 04 00", assertion("equalityMatch", "cn", "")],
  [
    "substrings [4] (uid=a*b*c)",
    "a4 10 04 03 'uid' 30 09 80 01 'a' 81 01 'b' 82 01 'c'",
    { type: "substrings", attribute: "uid", initial: utf8("a"), any: [utf8("b")], final: utf8("c") },
  ],
  [
    "substrings [4] (o=*z)",
    "a4 08 04 01 'o' 30 03 82 01 'z'",
    { type: "substrings", attribute: "o", initial: undefined, any: [], final: utf8("z") },
  ],
  ["greaterOrEqual [5] (sn>=m)", "a5 07 04 02 'sn' 04 01 'm'", assertion("greaterOrEqual", "sn", "m")],
  ["lessOrEqual [6] (age<=9)", "a6 08 04 03 'age' 04 01 '9'", assertion("lessOrEqual", "age", "9")],
  ["present [7] (mail=*)", "87 04 'mail'", present("mail")],
  ["approxMatch [8] (cn~=jon)", "a8 09 04 02 'cn' 04 03 'jon'", assertion("approxMatch", "cn", "jon")],
  [
    "extensibleMatch [9] (cn:dn:caseExactMatch:=Fred)",
    "a9 1d 81 0e 'caseExactMatch' 82 02 'cn' 83 04 'Fred' 84 01 ff",
    {
      type: "extensibleMatch",
      matchingRule: "caseExactMatch",
      attribute: "cn",
      value: utf8("Fred"),
      dnAttributes: true,
    },
  ],
  [
    "extensibleMatch [9] (sn:=y), whose dnAttributes is the DEFAULT",
    "a9 07 82 02 'sn' 83 01 'y'",
    { type: "extensibleMatch", matchingRule: undefined, attribute: "sn", value: utf8("y"), dnAttributes: false },
  ],
  ["absolute true (&) (RFC 4526)", "a0 00", { type: "and", filters: [] }],
  ["absolute false (|) (RFC 4526)", "a1 00", { type: "or", filters: [] }],
];

function present(attribute: string): Filter {
  return { type: "present", attribute };
}

function assertion(
  type: "equalityMatch" | "greaterOrEqual" | "lessOrEqual" | "approxMatch",
  attribute: string,
  value: string,
): Filter {
  return { type, attribute, value: utf8(value) };
}

describe("Filter (RFC 4511 §4.5.1.7)", () => {
  it.each(vectors)("%s", (_, text, filter) => {
    expect(decode(wire(text))).toStrictEqual(filter);
    expect(hex(encode(filter))).toBe(hex(wire(text)));
  });

  it("reads dnAttributes FALSE, though it is the DEFAULT and some clients send it", () => {
    expect(decode(wire("a9 0a 82 02 'sn' 83 01 'y' 84 01 00"))).toStrictEqual(vectors[12]![2]);
  });

  it("decodes what it encoded, for any filter", () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(decode(encode(filter))).toStrictEqual(filter);
      }),
    );
  });

  it.each([
    ["an unknown choice", "aa 00"],
    ["nothing", ""],
    ["not of nothing", "a2 00"],
    ["not of two filters", "a2 06 87 01 'a' 87 01 'b'"],
    ["substrings without a part", "a4 05 04 01 'o' 30 00"],
    ["substrings with an empty part", "a4 07 04 01 'o' 30 02 81 00"],
    ["substrings with initial behind any", "a4 0b 04 01 'o' 30 06 81 01 'a' 80 01 'b'"],
    ["substrings with two initials", "a4 0b 04 01 'o' 30 06 80 01 'a' 80 01 'b'"],
    ["substrings with any behind final", "a4 0b 04 01 'o' 30 06 82 01 'a' 81 01 'b'"],
    ["substrings with two finals", "a4 0b 04 01 'o' 30 06 82 01 'a' 82 01 'b'"],
    ["extensibleMatch of neither a rule nor an attribute", "a9 03 83 01 'a'"],
  ])("refuses %s", (_, text) => {
    expect(() => decode(wire(text))).toThrow(expect.objectContaining({ name: "ParseError", code: "ERR_FILTER" }));
  });
});

describe("filter limits", () => {
  function nested(depth: number): Filter {
    let filter = present("a");
    for (let level = 1; level < depth; level++) {
      filter = level % 2 === 0 ? { type: "not", filter } : { type: "and", filters: [filter] };
    }
    return filter;
  }
  const limits = { maxFilterDepth: 10, maxFilterItems: 20 };
  const overLimit = expect.objectContaining({ name: "ParseError", code: "ERR_FILTER_LIMIT" });

  it("allow a filter as deep as the limit and no deeper", () => {
    expect(decode(encode(nested(10)), limits)).toEqual(nested(10));
    expect(() => decode(encode(nested(11)), limits)).toThrow(overLimit);
  });

  it("allow as many items as the limit and no more, wherever they are", () => {
    const or = (count: number): Filter => ({ type: "or", filters: Array.from({ length: count }, () => present("a")) });
    expect(decode(encode(or(19)), limits)).toEqual(or(19));
    expect(() => decode(encode(or(20)), limits)).toThrow(overLimit);
    expect(() => decode(encode({ type: "and", filters: [or(9), or(9)] }), limits)).toThrow(overLimit);
  });

  it("count the parts of substrings", () => {
    const parts = (count: number): Filter => ({
      type: "substrings",
      attribute: "a",
      initial: undefined,
      any: Array.from({ length: count }, () => utf8("x")),
      final: undefined,
    });
    expect(decode(encode(parts(19)), limits)).toEqual(parts(19));
    expect(() => decode(encode(parts(20)), limits)).toThrow(overLimit);
  });

  it("end a filter of a million levels at once, whose lengths are true", () => {
    const depth = 1_000_000;
    const bytes = new Uint8Array(6 * depth + 3);
    let at = bytes.length - 3;
    bytes.set(wire("87 01 'a'"), at);
    for (let level = 0; level < depth; level++) {
      const contents = bytes.length - at;
      at -= 6;
      bytes.set([0xa2, 0x84, contents >>> 24, contents >>> 16, contents >>> 8, contents], at);
    }
    expect(() => decode(bytes)).toThrow(overLimit);
  });
});
