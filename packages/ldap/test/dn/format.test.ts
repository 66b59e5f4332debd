import { describe, expect, it } from "vitest";
import { childDn, parentDn } from "../../src/dn/dn.ts";
import { escapeDnValue, formatDn, formatRdn } from "../../src/dn/format.ts";
import { parseDn } from "../../src/dn/parse.ts";

describe("RFC 4514 §2.4: escapes what needs it, and nothing else", () => {
  const escaped: [string, string][] = [
    ["plain", "plain"],
    ["", ""],
    ["Lee, Ann", "Lee\\, Ann"],
    ['a+b"c\\d;e<f>g', 'a\\+b\\"c\\\\d\\;e\\<f\\>g'],
    ["#1", "\\#1"],
    ["a#1", "a#1"],
    [" a b ", "\\ a b\\ "],
    [" ", "\\ "],
    ["a=b", "a=b"],
    ["a\0b\rc\u007f", "a\\00b\\0dc\\7f"],
    ["Zoë 李", "Zoë 李"],
  ];
  for (const [text, expected] of escaped) it(JSON.stringify(text), () => expect(escapeDnValue(text)).toBe(expected));
});

it("writes bytes as # and hexadecimal digits", () =>
  expect(formatDn([[{ type: "x", value: Uint8Array.of(4, 2, 0x48, 0x69) }]])).toBe("x=#04024869"));
it("joins AVAs with + and RDNs with a comma", () =>
  expect(formatDn(parseDn("cn=a + sn=b ; dc=c"))).toBe("cn=a+sn=b,dc=c"));
it("writes one RDN", () => expect(formatRdn([{ type: "cn", value: "a,b" }])).toBe("cn=a\\,b"));

it("names the superior entry and a subordinate one", () => {
  const dn = parseDn("uid=ann,dc=example");
  expect(parentDn(dn)).toEqual(parseDn("dc=example"));
  expect(parentDn(parseDn("dc=example"))).toEqual([]);
  expect(parentDn([])).toBeUndefined();
  expect(childDn([{ type: "uid", value: "ann" }], parseDn("dc=example"))).toEqual(dn);
});
