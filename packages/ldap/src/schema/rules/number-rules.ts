/** Rules over integers, numeric strings and telephone numbers, RFC 4517 §4.2, and the bit rules that Active Directory has. */
import type { EqualityRule, MatchingRule, OrderingRule, PredicateRule, SubstringsRule } from "../matching-rule.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueText } from "../value-text.ts";
import { firstComponent } from "./first-component.ts";

/** RFC 4517 §3.3.16: no leading zeros, no plus sign, no minus zero; hence the text is its own key. */
function integerText(value: Uint8Array): string | undefined {
  const length = value.length;
  if (length === 0 || length > maxIntegerBytes) return undefined;
  const first = value[0] as number;
  const digits = first === minus ? 1 : 0;
  if (digits === length || (value[digits] === zero && length > 1)) return undefined;
  let text = digits === 1 ? "-" : "";
  for (let at = digits; at < length; at++) {
    const byte = value[at] as number;
    if (byte < zero || byte > nine) return undefined;
    text += digitText[byte - zero];
  }
  return text;
}

const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const digitText = "0123456789";
/** The ordering key holds the number of digits in one UTF-16 unit. */
const maxIntegerBytes = 0x7000;

/** A string that `<` orders as the numbers: sign and number of digits first; digits of negative numbers complemented. */
function integerOrder(value: Uint8Array): string | undefined {
  const text = integerText(value);
  if (text === undefined) return undefined;
  if (!text.startsWith("-")) return String.fromCharCode(0x8000 + text.length) + text;
  const digits = text.slice(1);
  return (
    String.fromCharCode(0x8000 - digits.length) + digits.replaceAll(/[0-9]/g, (digit) => String(9 - Number(digit)))
  );
}

const integerMatch: EqualityRule = {
  kind: "equality",
  oid: "2.5.13.14",
  name: "integerMatch",
  syntax: SyntaxOid.integer,
  normalize: integerText,
  normalizeAssertion: integerText,
};

const integerOrderingMatch: OrderingRule = {
  kind: "ordering",
  oid: "2.5.13.15",
  name: "integerOrderingMatch",
  syntax: SyntaxOid.integer,
  normalize: integerOrder,
};

const integerFirstComponentMatch: EqualityRule = {
  kind: "equality",
  oid: "2.5.13.29",
  name: "integerFirstComponentMatch",
  syntax: SyntaxOid.integer,
  normalize(value) {
    const component = firstComponent(value);
    return component === undefined ? undefined : integerText(component);
  },
  normalizeAssertion: integerText,
};

/** RFC 4517 §3.3.23 and RFC 4518 §2.6.2: digits and spaces, the spaces of no significance. */
function numericText(value: Uint8Array): string | undefined {
  const text = valueText(value);
  return text !== undefined && /^[0-9 ]+$/.test(text) ? text.replaceAll(" ", "") || nothingLeft : undefined;
}

/** The key of a value or piece that is all insignificant: as in OpenLDAP, a piece like that is in no other value. */
const nothingLeft = " ";

/**
 * RFC 4517 §3.3.31 and RFC 4518 §2.6.3: characters of a printable string, spaces and hyphens of no significance, letter
 * case neither.
 */
function telephoneText(value: Uint8Array): string | undefined {
  const text = valueText(value);
  if (text === undefined || !/^[A-Za-z0-9'()+,\-./:? =]+$/.test(text)) return undefined;
  return text.toLowerCase().replaceAll(/[ -]/g, "") || nothingLeft;
}

function digitRules(
  oids: { readonly equality: string; readonly ordering?: string; readonly substrings: string },
  name: string,
  syntax: string,
  normalize: (value: Uint8Array) => string | undefined,
): readonly MatchingRule[] {
  const equality: EqualityRule = {
    kind: "equality",
    oid: oids.equality,
    name: `${name}Match`,
    syntax,
    normalize,
    normalizeAssertion: normalize,
  };
  const substrings: SubstringsRule = {
    kind: "substrings",
    oid: oids.substrings,
    name: `${name}SubstringsMatch`,
    syntax: SyntaxOid.substringAssertion,
    normalize,
    normalizeSubstring: normalize,
  };
  if (oids.ordering === undefined) return [equality, substrings];
  const ordering: OrderingRule = {
    kind: "ordering",
    oid: oids.ordering,
    name: `${name}OrderingMatch`,
    syntax,
    normalize,
  };
  return [equality, ordering, substrings];
}

/** Microsoft's rules over 64-bit integers, which OpenLDAP has as well: all bits of the assertion set, or any of them. */
function bitRule(oid: string, name: string, isMatch: (value: bigint, mask: bigint) => boolean): PredicateRule {
  return {
    kind: "predicate",
    oid,
    name,
    syntax: SyntaxOid.integer,
    compile(assertion) {
      const mask = signed64(assertion);
      if (mask === undefined) return undefined;
      return (bytes) => {
        const value = signed64(bytes);
        return value !== undefined && isMatch(value, mask);
      };
    },
  };
}

function signed64(bytes: Uint8Array): bigint | undefined {
  const text = bytes.length > 20 ? undefined : integerText(bytes);
  if (text === undefined) return undefined;
  const integer = BigInt(text);
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

export const numberRules: readonly MatchingRule[] = [
  integerMatch,
  integerOrderingMatch,
  integerFirstComponentMatch,
  ...digitRules(
    { equality: "2.5.13.8", ordering: "2.5.13.9", substrings: "2.5.13.10" },
    "numericString",
    SyntaxOid.numericString,
    numericText,
  ),
  ...digitRules(
    { equality: "2.5.13.20", substrings: "2.5.13.21" },
    "telephoneNumber",
    SyntaxOid.telephoneNumber,
    telephoneText,
  ),
  bitRule("1.2.840.113556.1.4.803", "integerBitAndMatch", (value, mask) => (value & mask) === mask),
  bitRule("1.2.840.113556.1.4.804", "integerBitOrMatch", (value, mask) => (value & mask) !== 0n),
];
