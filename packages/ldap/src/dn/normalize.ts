/**
 * Names in a form that is equal exactly when distinguishedNameMatch (RFC 4517 §4.2.15) says so: attribute types by one
 * name each, values by their equality rules, the AVAs of an RDN sorted.
 */
import { ParseError } from "../error.ts";
import type { AttributeType } from "../schema/attribute-type.ts";
import type { EqualityRule } from "../schema/matching-rule.ts";
import type { Schema } from "../schema/schema.ts";
import { SyntaxOid } from "../schema/syntax-oid.ts";
import { valueText } from "../schema/value-text.ts";
import { avaValueBytes, encodeOctetString } from "./ava-value.ts";
import type { Ava, Dn, Rdn } from "./dn.ts";
import { escapeDnValue, formatHexString } from "./format.ts";
import { parseDn } from "./parse.ts";

/**
 * `uid=ann,dc=example,dc=com` for `UID = Ann; 0.9.2342.19200300.100.1.25=EXAMPLE,dc=com`. It is a DN again, with the same
 * meaning. A type that the schema does not have, or a value that is not of its syntax, is compared byte by byte.
 *
 * @throws {ParseError} `ERR_DN`
 */
export function normalizeDn(dn: string | Dn, schema: Schema): string {
  const plain = typeof dn === "string" ? normalizePlainDn(dn, schema) : undefined;
  if (plain !== undefined) return plain;
  return (typeof dn === "string" ? parseDn(dn) : dn).map((rdn) => rdnKey(rdn, schema)).join(",");
}

/** One RDN as `normalizeDn` has it. */
export function normalizeRdn(rdn: Rdn, schema: Schema): string {
  return normalizeDn([rdn], schema);
}

/**
 * As `normalizeDn`, but `undefined` for text that is no DN of this schema: malformed, with an unknown type, or with a value
 * that is not of its syntax. What distinguishedNameMatch is Undefined for.
 */
export function dnKey(text: string, schema: Schema): string | undefined {
  const plain = normalizePlainDn(text, schema);
  if (plain !== undefined) return plain;
  let dn: Dn;
  try {
    dn = parseDn(text);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
  const keys: string[] = [];
  for (const rdn of dn) {
    const key = strictRdnKey(rdn, schema);
    if (key === undefined) return undefined;
    keys.push(key);
  }
  return keys.join(",");
}

/**
 * Whether `dn` is `base` or below it, both as `normalizeDn` gives them. A comma inside a value is escaped there, so one
 * before `base` ends an RDN.
 */
export function isWithin(dn: string, base: string): boolean {
  if (base === "" || dn === base) return true;
  return dn.endsWith(base) && dn[dn.length - base.length - 1] === "," && !isEscaped(dn, dn.length - base.length - 1);
}

/** The normalized name of the superior entry; `undefined` for the empty name. */
export function normalizedParent(dn: string): string | undefined {
  if (dn === "") return undefined;
  let comma = dn.indexOf(",");
  while (comma !== -1 && isEscaped(dn, comma)) comma = dn.indexOf(",", comma + 1);
  return comma === -1 ? "" : dn.slice(comma + 1);
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - backslashes - 1] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function rdnKey(rdn: Rdn, schema: Schema): string {
  const only = rdn[0];
  if (rdn.length === 1 && only !== undefined) return avaKey(only, schema) ?? unmatchableAvaKey(only, schema);
  return joinAvaKeys(rdn.map((ava) => avaKey(ava, schema) ?? unmatchableAvaKey(ava, schema)));
}

/** `undefined` also where a type is there twice: the types of an RDN are distinct (X.501 §9.3). */
function strictRdnKey(rdn: Rdn, schema: Schema): string | undefined {
  const types = new Set<AttributeType>();
  const keys: string[] = [];
  for (const ava of rdn) {
    const attribute = schema.attribute(ava.type);
    const key = avaKey(ava, schema);
    if (attribute === undefined || key === undefined || types.has(attribute)) return undefined;
    types.add(attribute);
    keys.push(key);
  }
  return joinAvaKeys(keys);
}

function joinAvaKeys(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] as string) : [...new Set(keys)].sort().join("+");
}

/** `undefined` for a type that the schema does not have, and for a value that is not of the syntax of its rule. */
function avaKey({ type, value }: Ava, schema: Schema): string | undefined {
  const attribute = schema.attribute(type);
  if (attribute === undefined) return undefined;
  const rule = attribute.equality ?? ruleOfSyntax(attribute, schema);
  if (rule === undefined) return `${attribute.key}=${plainValueKey(value)}`;
  const bytes = avaValueBytes(value);
  const key = bytes === undefined ? undefined : rule.normalize(bytes);
  return key === undefined ? undefined : `${attribute.key}=${escapeDnValue(key)}`;
}

/** Told apart from what `avaKey` gives: a type that the schema has takes the `#` form here, which no key of a rule does. */
function unmatchableAvaKey({ type, value }: Ava, schema: Schema): string {
  const attribute = schema.attribute(type);
  if (attribute === undefined) return `${type.toLowerCase()}=${plainValueKey(value)}`;
  return `${attribute.key}=${hexValueKey(value)}`;
}

/** The value as it is: text where it is text, however it was written. */
function plainValueKey(value: string | Uint8Array): string {
  const bytes = avaValueBytes(value);
  const text = bytes === undefined ? undefined : valueText(bytes);
  return text === undefined ? hexValueKey(value) : escapeDnValue(text);
}

function hexValueKey(value: string | Uint8Array): string {
  const bytes = avaValueBytes(value);
  return formatHexString(bytes === undefined ? (value as Uint8Array) : encodeOctetString(bytes));
}

/** Active Directory publishes no matching rules and compares by syntax: so do names of types that name no rule. */
function ruleOfSyntax({ definition, syntax }: AttributeType, schema: Schema): EqualityRule | undefined {
  const name = definition.equality === undefined && syntax !== undefined ? rulesBySyntax.get(syntax) : undefined;
  const rule = name === undefined ? undefined : schema.matchingRule(name);
  return rule?.kind === "equality" ? rule : undefined;
}

const rulesBySyntax: ReadonlyMap<string, string> = new Map([
  [SyntaxOid.directoryString, "caseIgnoreMatch"],
  [SyntaxOid.printableString, "caseIgnoreMatch"],
  [SyntaxOid.ia5String, "caseIgnoreIA5Match"],
  [SyntaxOid.dn, "distinguishedNameMatch"],
  [SyntaxOid.integer, "integerMatch"],
]);

/**
 * The common case at a fraction of the cost: every value printable ASCII without escapes, single-valued RDNs, no spaces to
 * be stripped, types whose rule is a caseIgnore or caseExact one. `undefined` where any of it does not hold.
 */
function normalizePlainDn(text: string, schema: Schema): string | undefined {
  const length = text.length;
  // The normalized form of text before `copied`: a name that is normalized already is given back as it is.
  let normalized = "";
  let copied = 0;
  for (let start = 0; start < length; ) {
    const equals = text.indexOf("=", start);
    if (equals === -1) return undefined;
    const type = text.slice(start, equals);
    const attribute = schema.attribute(type);
    const plainKey = attribute?.equality?.plainKey;
    if (attribute === undefined || plainKey === undefined) return undefined;
    let hasCapitals = false;
    let previous = space;
    let end = equals + 1;
    for (; end < length; end++) {
      const unit = text.charCodeAt(end);
      if (unit === comma) break;
      const kind = unit < kindsInDn.length ? kindsInDn[unit] : notPlain;
      if (kind === notPlain || (unit === space && previous === space)) return undefined;
      if (kind === capital) hasCapitals = true;
      previous = unit;
    }
    // Also an empty value, and a comma with nothing behind it.
    if (previous === space || end === length - 1) return undefined;
    const isFolded = hasCapitals && plainKey === "lowerCase";
    if (isFolded || type !== attribute.key) {
      const value = text.slice(equals + 1, end);
      normalized += `${text.slice(copied, start)}${attribute.key}=${isFolded ? value.toLowerCase() : value}`;
      copied = end;
    }
    start = end + 1;
  }
  return copied === 0 ? text : normalized + text.slice(copied);
}

const space = 0x20;
const comma = 0x2c;
const notPlain = 0;
const plain = 1;
const capital = 2;
const kindsInDn = Uint8Array.from({ length: 0x7f }, (_, unit) => {
  if (unit < space || '\\"+,;<>=#'.includes(String.fromCharCode(unit))) return notPlain;
  return unit >= 0x41 && unit <= 0x5a ? capital : plain;
});
