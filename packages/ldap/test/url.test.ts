import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDn } from "../src/dn/parse.ts";
import { ParseError } from "../src/error.ts";
import { parseFilter } from "../src/filter/parse.ts";
import { formatLdapUrl, type LdapUrl, parseLdapUrl } from "../src/url.ts";
import { dns } from "./dn/arbitrary-dn.ts";
import { filters } from "./filter/arbitrary-filter.ts";

const nothing: LdapUrl = {
  scheme: "ldap",
  host: undefined,
  port: undefined,
  dn: [],
  attributes: [],
  scope: undefined,
  filter: undefined,
  extensions: [],
};
const michigan = parseDn("o=University of Michigan,c=US");

describe("RFC 4516 §4: the examples", () => {
  const examples: [string, LdapUrl][] = [
    ["ldap:///o=University%20of%20Michigan,c=US", { ...nothing, dn: michigan }],
    [
      "ldap://ldap1.example.net/o=University%20of%20Michigan,c=US",
      { ...nothing, host: "ldap1.example.net", dn: michigan },
    ],
    [
      "ldap://ldap1.example.net/o=University%20of%20Michigan,c=US?postalAddress",
      { ...nothing, host: "ldap1.example.net", dn: michigan, attributes: ["postalAddress"] },
    ],
    [
      "ldap://ldap1.example.net:6666/o=University%20of%20Michigan,c=US??sub?(cn=Babs%20Jensen)",
      {
        ...nothing,
        host: "ldap1.example.net",
        port: 6666,
        dn: michigan,
        scope: "wholeSubtree",
        filter: parseFilter("(cn=Babs Jensen)"),
      },
    ],
    [
      "LDAP://ldap1.example.com/c=GB?objectClass?ONE",
      {
        ...nothing,
        host: "ldap1.example.com",
        dn: parseDn("c=GB"),
        attributes: ["objectClass"],
        scope: "singleLevel",
      },
    ],
    [
      "ldap://ldap2.example.com/o=Question%3f,c=US?mail",
      { ...nothing, host: "ldap2.example.com", dn: parseDn("o=Question?,c=US"), attributes: ["mail"] },
    ],
    [
      "ldap://ldap3.example.com/o=Babsco,c=US???(four-octet=%5c00%5c00%5c00%5c04)",
      {
        ...nothing,
        host: "ldap3.example.com",
        dn: parseDn("o=Babsco,c=US"),
        filter: { type: "equalityMatch", attribute: "four-octet", value: Uint8Array.of(0, 0, 0, 4) },
      },
    ],
    [
      "ldap://ldap.example.com/o=An%20Example%5C2C%20Inc.,c=US",
      { ...nothing, host: "ldap.example.com", dn: parseDn("o=An Example\\, Inc.,c=US") },
    ],
    [
      "ldap:///??sub??e-bindname=cn=Manager%2cdc=example%2cdc=com",
      {
        ...nothing,
        scope: "wholeSubtree",
        extensions: [{ critical: false, type: "e-bindname", value: "cn=Manager,dc=example,dc=com" }],
      },
    ],
    [
      "ldap:///??sub??!e-bindname=cn=Manager%2cdc=example%2cdc=com",
      {
        ...nothing,
        scope: "wholeSubtree",
        extensions: [{ critical: true, type: "e-bindname", value: "cn=Manager,dc=example,dc=com" }],
      },
    ],
  ];
  for (const [text, url] of examples)
    it(text, () => {
      expect(parseLdapUrl(text)).toEqual(url);
      expect(parseLdapUrl(formatLdapUrl(url))).toEqual(url);
    });
});

describe("reads", () => {
  const texts: [string, Partial<LdapUrl>][] = [
    ["ldap://", {}],
    ["ldap:///", {}],
    ["ldap://h", { host: "h" }],
    ["ldaps://h:636", { scheme: "ldaps", host: "h", port: 636 }],
    ["ldap://h:/", { host: "h" }],
    ["ldap://[2001:db8::1]:389/dc=x", { host: "2001:db8::1", port: 389, dn: parseDn("dc=x") }],
    ["ldapi://%2fvar%2Frun%2fldapi", { scheme: "ldapi", host: "/var/run/ldapi" }],
    ["ldap://h?cn,sn?base", { host: "h", attributes: ["cn", "sn"], scope: "baseObject" }],
    ["ldap:///?*,+,cn;lang-de", { attributes: ["*", "+", "cn;lang-de"] }],
    [
      "ldap:///????1.2.3,!x=",
      {
        extensions: [
          { critical: false, type: "1.2.3", value: undefined },
          { critical: true, type: "x", value: "" },
        ],
      },
    ],
  ];
  for (const [text, url] of texts) it(text, () => expect(parseLdapUrl(text)).toEqual({ ...nothing, ...url }));
});

describe("writes the shortest form", () => {
  const urls: [Partial<LdapUrl>, string][] = [
    [{}, "ldap://"],
    [{ scheme: "ldaps", host: "h", port: 636 }, "ldaps://h:636"],
    [{ host: "2001:db8::1" }, "ldap://[2001:db8::1]"],
    [{ scheme: "ldapi", host: "/run/ldapi" }, "ldapi://%2frun%2fldapi"],
    [{ host: "h", dn: parseDn("o=a b?") }, "ldap://h/o=a%20b%3f"],
    [{ scope: "singleLevel" }, "ldap:///??one"],
    [{ filter: parseFilter("(cn=é?)") }, "ldap:///???(cn=%C3%A9%3f)"],
  ];
  for (const [url, text] of urls) it(text, () => expect(formatLdapUrl({ ...nothing, ...url })).toBe(text));
});

describe("refuses, and says where", () => {
  const malformed: [text: string, offset: number][] = [
    ["", 0],
    ["http://h/", 0],
    ["ldap:h", 0],
    ["ldap://h:x/", 7],
    ["ldap://h:65536/", 7],
    ["ldap://h:0/", 7],
    ["ldap://[::1/", 7],
    ["ldap://user@h/", 7],
    ["ldap://a b/", 7],
    ["ldap:///nonsense", 8],
    ["ldap:///dc=%zz", 8],
    ["ldap:///dc=%ff", 8],
    ["ldap:///?c n", 9],
    ["ldap:///?cn,,sn", 9],
    ["ldap:///??all", 10],
    ["ldap:///???(cn=", 11],
    ["ldap:///????!", 12],
    ["ldap:///?????", 12],
  ];
  for (const [text, offset] of malformed)
    it(JSON.stringify(text), () =>
      expect(thrownBy(() => parseLdapUrl(text))).toMatchObject({ code: "ERR_URL", offset }),
    );
  it("a name inside that cannot be read, with what is wrong with it", () => {
    const error = thrownBy(() => parseLdapUrl("ldap:///cn=a\\x"));
    expect(error).toMatchObject({ code: "ERR_URL", cause: { code: "ERR_DN" } });
  });
});

const hosts = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().filter((address) => !address.includes("%")),
);
const tokens = fc.string({ unit: fc.constantFrom(..."aZ-.,=!%?/ é"), minLength: 1 });
const urls: fc.Arbitrary<LdapUrl> = fc.record({
  scheme: fc.constantFrom("ldap", "ldaps"),
  host: fc.option(hosts, { nil: undefined }),
  port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
  dn: dns,
  attributes: fc.array(fc.constantFrom("cn", "*", "+", "1.1", "cn;lang-de", "2.5.4.3"), { maxLength: 3 }),
  scope: fc.constantFrom("baseObject", "singleLevel", "wholeSubtree", undefined),
  filter: fc.option(filters, { nil: undefined }),
  extensions: fc.array(
    fc.record({
      critical: fc.boolean(),
      type: tokens.filter((type) => !type.startsWith("!")),
      value: fc.option(tokens, { nil: undefined }),
    }),
    { maxLength: 2 },
  ),
});

it("reads what it has written", () => {
  fc.assert(
    fc.property(urls, (url) => {
      expect(parseLdapUrl(formatLdapUrl(url))).toEqual(url);
    }),
  );
});

it("gives a URL or a ParseError for any text", () => {
  const texts = fc.string({ unit: fc.constantFrom(..."ldap:/?%,=!()[]cn*1é ") });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        texts.map((rest) => `ldap://${rest}`),
      ),
      (text) => {
        const result = thrownBy(() => parseLdapUrl(text));
        expect(result === undefined || result instanceof ParseError).toBe(true);
      },
    ),
  );
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}
