/** Random search requests over known entries: every kind of filter, base, scope and attribute selection, sound or odd. */
import type { Filter, SearchRequest } from "@espalier/ldap";
import fc from "fast-check";
import type { LdifEntry } from "./population-ldif.ts";

/** Other spellings of an attribute type: its other name, its OID, and supertypes. RFC 4519, RFC 4524, RFC 2307. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  cn: ["commonName", "2.5.4.3", "name", "2.5.4.41"],
  sn: ["surname", "2.5.4.4", "name"],
  givenName: ["gn", "2.5.4.42", "name"],
  uid: ["userid", "0.9.2342.19200300.100.1.1"],
  mail: ["rfc822Mailbox", "0.9.2342.19200300.100.1.3"],
  o: ["organizationName", "2.5.4.10", "name"],
  dc: ["domainComponent", "0.9.2342.19200300.100.1.25"],
  member: ["2.5.4.31", "distinguishedName"],
  objectClass: ["2.5.4.0"],
  uidNumber: ["1.3.6.1.1.1.1.0"],
  gidNumber: ["1.3.6.1.1.1.1.1"],
  memberUid: ["1.3.6.1.1.1.1.12"],
};

/** Types that the schema knows and no entry has, and descriptions that it does not know. */
const absentTypes = ["description", "telephoneNumber", "seeAlso", "ou"];
const unknownDescriptions = ["frobnicate", "1.2.3.4.5.6.7", "cn;lang-en", "uid;binary", "x-nothing;lang-de"];

/** Names and OIDs of matching rules, RFC 4517 §4.2, and one that nobody has. */
const stringRules = ["caseIgnoreMatch", "2.5.13.2", "caseExactMatch", "2.5.13.5", "caseExactIA5Match", "integerMatch"];
const otherRules = ["caseIgnoreIA5Match", "2.5.13.14", "distinguishedNameMatch", "2.5.13.0", "1.2.3.4.5"];

const oddTexts = ["", " ", "*", "\\", "zzz", "ANN", "a", "0", "-1", "2147483648", "é", "ss", "李", "a  b", "%", "("];

interface Known {
  readonly type: string;
  readonly values: readonly string[];
}

/** Requests for a directory that holds `entries`, of which the first is the base's. */
export function searchRequests(entries: readonly LdifEntry[]): fc.Arbitrary<SearchRequest> {
  const baseDn = entries[0]?.dn ?? "";
  return fc.record({
    type: fc.constant("searchRequest" as const),
    baseObject: bases(baseDn, entries),
    scope: fc.constantFrom("baseObject", "singleLevel", "wholeSubtree", "wholeSubtree", "wholeSubtree"),
    derefAliases: fc.constantFrom("neverDerefAliases", "derefAlways"),
    sizeLimit: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
    ),
    timeLimit: fc.constant(0),
    typesOnly: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    filter: filters(knownValues(entries)),
    attributes: selections,
  });
}

function knownValues(entries: readonly LdifEntry[]): Known[] {
  const byType = new Map<string, Set<string>>();
  for (const [type, values] of entries.flatMap((entry) => entry.attributes)) {
    const known = byType.get(type) ?? new Set();
    for (const value of values) known.add(value);
    byType.set(type, known);
  }
  byType.set("entryDN", new Set(entries.map((entry) => entry.dn)));
  return [...byType].map(([type, values]) => ({ type, values: [...values] }));
}

function bases(baseDn: string, entries: readonly LdifEntry[]): fc.Arbitrary<string> {
  const below = entries.slice(1).map((entry) => entry.dn);
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(baseDn) },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(baseDn, ...below)
        .chain((dn) => fc.constantFrom(dn, dn, dn.toUpperCase(), dn.toLowerCase(), dn.replaceAll(",dc=", " , dc = "))),
    },
    {
      weight: 2,
      // Not among them: attribute types that no schema has, which slapd takes for bad syntax.
      arbitrary: fc.constantFrom(
        ...[`uid=nobody,${baseDn}`, `cn=x,uid=nobody,${baseDn}`, `ou=users,${baseDn}`, `ou=x,${below[0] ?? baseDn}`],
        ...["dc=com", "dc=other,dc=com", "nonsense", `=,${baseDn}`, `uid,${baseDn}`, `uid=a+cn=b,${baseDn}`],
      ),
    },
  );
}

const selections: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string[]>([]) },
  {
    weight: 5,
    arbitrary: fc.array(
      fc.constantFrom(
        ...["*", "+", "1.1", "uid", "cn", "CN", "mail", "memberOf", "member", "memberUid", "objectClass", "entryUUID"],
        ...[
          "modifyTimestamp",
          "entryDN",
          "hasSubordinates",
          "2.5.4.3",
          "commonName",
          "name",
          "gidNumber",
          "userPassword",
        ],
        ...[
          "cn;lang-en",
          "frobnicate",
          "uidNumber",
          "structuralObjectClass",
          "subschemaSubentry",
          "",
          "uid cn",
          "uid;binary",
        ],
      ),
      { maxLength: 5 },
    ),
  },
);

function filters(known: readonly Known[]): fc.Arbitrary<Filter> {
  const item = items(known);
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => {
    const list = fc.array(tie("filter"), { maxLength: 3, depthIdentifier: "filter" });
    return {
      filter: fc.oneof(
        { maxDepth: 4, depthIdentifier: "filter", withCrossShrink: true },
        { weight: 5, arbitrary: item },
        { weight: 2, arbitrary: list.map((members): Filter => ({ type: "and", filters: members })) },
        { weight: 2, arbitrary: list.map((members): Filter => ({ type: "or", filters: members })) },
        { weight: 2, arbitrary: tie("filter").map((member): Filter => ({ type: "not", filter: member })) },
      ),
    };
  });
  return filter;
}

/** What an extensible match names: an attribute, a rule, or both. slapd does not look at computed attributes for a rule alone. */
const targets = fc.oneof(
  fc.record({
    matchingRule: fc.constantFrom(...stringRules, ...otherRules, undefined),
    hasAttribute: fc.constant(true),
  }),
  fc.record({ matchingRule: fc.constantFrom(...stringRules), hasAttribute: fc.constant(false) }),
);

function items(known: readonly Known[]): fc.Arbitrary<Filter> {
  const one = fc.constantFrom(...known);
  const assertion = one.chain((from) => fc.tuple(descriptionOf(from), valueLike(from)));
  return fc.oneof(
    {
      weight: 5,
      arbitrary: assertion.map(
        ([attribute, text]): Filter => ({ type: "equalityMatch", attribute, value: Buffer.from(text) }),
      ),
    },
    {
      weight: 3,
      arbitrary: one.chain(descriptionOf).map((attribute): Filter => ({ type: "present", attribute })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom("greaterOrEqual", "lessOrEqual", "approxMatch"), assertion)
        .map(([type, [attribute, text]]): Filter => ({ type, attribute, value: Buffer.from(text) })),
    },
    {
      weight: 4,
      arbitrary: assertion.chain(([attribute, text]) => substringsOf(attribute, text)),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(assertion, targets, fc.boolean()).map(
        ([[attribute, text], { matchingRule, hasAttribute }, dnAttributes]): Filter => ({
          type: "extensibleMatch",
          matchingRule,
          attribute: hasAttribute ? attribute : undefined,
          value: Buffer.from(text),
          dnAttributes,
        }),
      ),
    },
  );
}

/** The attribute's type as a client may spell it, and now and then quite another one. */
function descriptionOf({ type }: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(type, type.toLowerCase(), type.toUpperCase()) },
    { weight: 2, arbitrary: fc.constantFrom(...(spellings[type] ?? [type])) },
    { weight: 1, arbitrary: fc.constantFrom(...absentTypes, ...unknownDescriptions, "uid", "uidNumber", "member") },
  );
}

function valueLike({ values }: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...values).chain(respelled) },
    { weight: 1, arbitrary: fc.constantFrom(...oddTexts) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme-composite", maxLength: 6 }) },
  );
}

/** A value as it is, or with other letter case or white space, which matching rules ignore or do not. */
function respelled(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(
    ...[text, text, text, text.toUpperCase(), text.toLowerCase(), ` ${text}`, `${text}  `],
    ...[text.replaceAll(" ", "  "), `0${text}`, text.slice(1), text.slice(0, -1)],
  );
}

/** Parts of `text` as initial, any and final, cut at random places. */
function substringsOf(attribute: string, text: string): fc.Arbitrary<Filter> {
  const characters = [...text];
  const cut = fc.nat({ max: characters.length });
  return fc
    .tuple(fc.array(cut, { minLength: 2, maxLength: 5 }), fc.boolean(), fc.boolean())
    .map(([cuts, fromStart, toEnd]): Filter => {
      const edges = [...cuts].sort((a, b) => a - b);
      if (fromStart) edges[0] = 0;
      if (toEnd) edges[edges.length - 1] = characters.length;
      const parts = edges
        .slice(1)
        .map((end, index) => characters.slice(edges[index], end).join(""))
        .filter((part) => part !== "")
        .map((part) => Buffer.from(part));
      const initial = fromStart ? parts.shift() : undefined;
      const final = toEnd ? parts.pop() : undefined;
      if (initial === undefined && final === undefined && parts.length === 0) return { type: "present", attribute };
      return { type: "substrings", attribute, initial, any: parts, final };
    });
}
