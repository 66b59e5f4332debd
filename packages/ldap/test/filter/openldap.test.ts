/**
 * Filters evaluated here and by a real slapd over the same entries must agree on TRUE, FALSE and Undefined. Left out is where OpenLDAP 2.5 is known not to do what the RFCs say: substrings of postal addresses
 * (it matches the encoded value), extensible matches of entryUUID and of attributes it makes up for an answer, the
 * first-component rules, objectIdentifierMatch by name on objectClass, approximate matches (it compares sounds), and
 * characters that RFC 4518 maps or folds and it does not.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attribute, LdapClient } from "../../src/client/index.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { formatFilter } from "../../src/filter/format.ts";
import { entryTarget, type FilterTarget } from "../../src/filter/target.ts";
import type { PartialAttribute } from "../../src/message/message.ts";
import { builtInSchema } from "../../src/schema/built-in-schema.ts";
import { adminDn, adminPassword, base, describeWithSlapd, type Slapd, startSlapd } from "../support/slapd.ts";

const searches = 1500;
const odd = `ou=odd,${base}`;

const entries: readonly (readonly [dn: string, ...attributes: PartialAttribute[]])[] = [
  [
    odd,
    attribute("objectClass", "organizationalUnit"),
    attribute("ou", "odd"),
    attribute("telephoneNumber", "+44 20-7946"),
  ],
  [
    `uid=o1,${odd}`,
    ...person("o1", "Lee"),
    attribute("cn", "Ann  Lee", "ANN"),
    attribute("cn;lang-de", "Anne"),
    attribute("telephoneNumber", "+1 212-555 1234", "12"),
    attribute("uidNumber", "0"),
    attribute("description", "a*b(c)\\d"),
  ],
  [
    `uid=o2,${odd}`,
    ...person("o2", "École"),
    attribute("cn", "e\u0301 cole"),
    attribute("uidNumber", "99999999999999999999"),
    attribute("x121Address", "12 34"),
    attribute("mail", "A@B.c"),
  ],
  [
    `uid=o3,${odd}`,
    ...person("o3", "trail   "),
    attribute("cn", "   lead", "ǅ ﬁ"),
    attribute("uidNumber", "-10"),
    attribute("postalAddress", "Line 1$Line  2$DE", "a\\24b$c"),
    attribute("x500UniqueIdentifier", "'0101'B"),
  ],
  [
    `uid=o4,${odd}`,
    ...person("o4", "plain"),
    attribute("cn", "o4"),
    attribute("sn;lang-en", "eng"),
    attribute("sn;lang-en-us", "engus"),
    attribute("uidNumber", "10"),
    attribute("jpegPhoto", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)),
    attribute("userPassword", "Pw"),
    attribute("seeAlso", "CN=Ann Lee , dc=X", "cn=a\\,b,dc=x"),
    attribute("manager", `UID=o1,ou=odd,${base}`),
  ],
  [
    `cn=g1,${odd}`,
    attribute("objectClass", "groupOfUniqueNames"),
    attribute("cn", "g1"),
    attribute("uniqueMember", "cn=a,dc=b", "cn=a,dc=b#'01'B"),
  ],
  [
    `cn=g2,${odd}`,
    attribute("objectClass", "groupOfNames"),
    attribute("cn", "g2"),
    attribute("member", `UID=o1,${odd}`, "cn=X+sn=Y,dc=z"),
  ],
  [`c=DE,${odd}`, attribute("objectClass", "country"), attribute("c", "DE")],
  [`cn=d1,${odd}`, attribute("objectClass", "device"), attribute("cn", "d1"), attribute("serialNumber", "AB 1")],
  [`cn=A+sn=B,${odd}`, attribute("objectClass", "person"), attribute("cn", "A"), attribute("sn", "B")],
];

function person(uid: string, sn: string): PartialAttribute[] {
  return [
    attribute("objectClass", "inetOrgPerson", "extensibleObject"),
    attribute("uid", uid),
    attribute("sn", sn),
    attribute("gidNumber", "-5"),
  ];
}

const types = [
  ...["cn", "sn", "name", "uid", "uidNumber", "gidNumber", "telephoneNumber", "description", "x121Address", "mail"],
  ...["cn;lang-de", "sn;lang-en", "sn;lang-en-", "cn;x-foo", "jpegPhoto", "userPassword", "x500UniqueIdentifier"],
  ...["seeAlso", "manager", "uniqueMember", "member", "c", "serialNumber", "distinguishedName", "objectClass", "ou"],
  ...["structuralObjectClass", "createTimestamp", "dc", "nosuch", "2.5.4.3", "commonName", "title", "dnQualifier"],
];
const rules = [
  ...["caseIgnoreMatch", "caseExactMatch", "2.5.13.2", "caseIgnoreIA5Match", "caseExactIA5Match", "integerMatch"],
  ...["integerOrderingMatch", "caseIgnoreOrderingMatch", "distinguishedNameMatch", "telephoneNumberMatch"],
  ...["numericStringMatch", "octetStringMatch", "bitStringMatch", "booleanMatch", "generalizedTimeMatch"],
  ...["generalizedTimeOrderingMatch", "caseIgnoreListMatch", "uniqueMemberMatch", "nosuchMatch"],
];
const oddTexts = [
  ...[
    "",
    "a",
    " ",
    "  x",
    "TRUE",
    "0",
    "-1",
    "007",
    "20200101000000Z",
    "20300101",
    "cn=a,dc=b",
    "cn=A + sn=B",
    "person",
  ],
  ...["top", "2.5.6.6", "é", "É", "'01'B", "*", "ann lee", " lead ", "a,b", "ou=", "nosuch=x", "DE", "uid=o1;ou=odd"],
];

const knownValues = entries.flatMap(([dn, ...attributes]) => [
  bytes(dn),
  ...attributes.flatMap(({ values }) => values),
]);
const values = fc
  .record({
    value: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...knownValues) }, fc.constantFrom(...oddTexts).map(bytes)),
    respell: fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => text.replaceAll(" ", "   "),
      (text) => ` ${text} `,
    ),
  })
  .map(({ value, respell }) => (value[0] === 0xff ? value : bytes(respell(new TextDecoder().decode(value)))));
const pieces = fc.tuple(values, fc.nat(8), fc.nat(8)).map(([value, from, length]) => value.slice(from, from + length));
const part = fc.option(
  pieces.filter(({ length }) => length > 0),
  { nil: undefined },
);

const items: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    type: fc.constantFrom("equalityMatch", "equalityMatch", "greaterOrEqual", "lessOrEqual"),
    attribute: fc.constantFrom(...types),
    value: values,
  }),
  fc.record({ type: fc.constant("present" as const), attribute: fc.constantFrom(...types) }),
  fc
    .record({
      type: fc.constant("substrings" as const),
      attribute: fc.constantFrom(...types),
      initial: part,
      any: part.map((piece) => (piece === undefined ? [] : [piece])),
      final: part,
    })
    .filter(({ initial, any, final }) => initial !== undefined || any.length > 0 || final !== undefined),
  fc.record({
    type: fc.constant("extensibleMatch" as const),
    matchingRule: fc.option(fc.constantFrom(...rules), { nil: undefined }),
    attribute: fc.constantFrom(...types),
    value: values,
    dnAttributes: fc.boolean(),
  }),
);

describeWithSlapd("filters, here and in slapd", () => {
  let slapd: Slapd;
  let client: LdapClient;
  let targets: readonly (readonly [dn: string, target: FilterTarget])[];

  beforeAll(async () => {
    slapd = await startSlapd();
    client = await LdapClient.connect({ url: slapd.url });
    await client.bind(adminDn, adminPassword);
    for (const [dn, ...attributes] of entries) await client.add(dn, attributes);
    const found = await client.searchAll({ baseObject: odd, attributes: ["*", "+"] });
    targets = found.entries.map((entry) => [entry.objectName, entryTarget(entry, builtInSchema)]);
  });
  afterAll(async () => {
    await client?.unbind();
    await slapd?.stop();
  });

  it("are TRUE, FALSE and Undefined for the same entries", async () => {
    expect(targets.length).toBe(entries.length);
    await fc.assert(
      fc.asyncProperty(items, async (filter) => {
        const compiled = compileFilter(filter, builtInSchema);
        const ours = { true: [] as string[], false: [] as string[] };
        for (const [dn, target] of targets) {
          const result = compiled(target);
          if (result !== undefined) ours[`${result}`].push(dn);
        }
        const theirs = { true: await matches(filter), false: await matches({ type: "not", filter }) };
        expect(ours, formatFilter(filter)).toEqual(theirs);
      }),
      { numRuns: searches },
    );
  });

  /** In the order of the entries' names in `targets`. */
  async function matches(filter: Filter): Promise<string[]> {
    const { entries } = await client.searchAll({ baseObject: odd, filter, attributes: ["1.1"] });
    const found = new Set(entries.map(({ objectName }) => objectName));
    return targets.map(([dn]) => dn).filter((dn) => found.has(dn));
  }
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
