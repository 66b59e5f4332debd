/** Rules over Generalized Time, RFC 4517 §3.3.13, §4.2.16 and §4.2.17. */
import type { EqualityRule, MatchingRule, OrderingRule } from "../matching-rule.ts";
import { SyntaxOid } from "../syntax-oid.ts";
import { valueText } from "../value-text.ts";

const form =
  /^([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])(?:([0-5][0-9])([0-5][0-9]|60)?)?(?:[.,]([0-9]+))?(?:Z|([+-])([01][0-9]|2[0-3])([0-5][0-9])?)$/;

/**
 * The moment in UTC as `YYYYMMDDhhmmss` and, where there is one, the fraction of the second behind a point, without
 * trailing zeros: equal moments give equal text, and text order is order in time.
 */
function normalizeGeneralizedTime(text: string): string | undefined {
  const found = form.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = found;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1);
  // A fraction is one of the smallest unit that is there (§3.3.13): 0.5 of an hour is 30 minutes.
  const unitSeconds = minute === undefined ? 3600n : second === undefined ? 60n : 1n;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(fraction === "" ? 0 : fraction) * unitSeconds;
  // A leap second is a moment of its own; counted on, it would be the next minute's first second.
  const isLeapSecond = second === "60";
  const seconds = (isLeapSecond ? 59 : Number(second ?? 0)) + Number(scaled / scale);
  date.setUTCHours(Number(hour), Number(minute ?? 0) - offset, seconds);
  const year4 = date.getUTCFullYear();
  if (year4 < 0 || year4 > 9999) return undefined;
  const moment = date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  const rest = (scaled % scale).toString().padStart(fraction.length, "0").replace(/0+$/, "");
  return (isLeapSecond ? `${moment.slice(0, 12)}60` : moment) + (rest === "" ? "" : `.${rest}`);
}

function normalize(value: Uint8Array): string | undefined {
  const text = value.length > maxTimeBytes ? undefined : valueText(value);
  return text === undefined ? undefined : normalizeGeneralizedTime(text);
}

/** More digits of a fraction than any clock gives; bounds the arithmetic on what a client sends. */
const maxTimeBytes = 64;

const generalizedTimeMatch: EqualityRule = {
  kind: "equality",
  oid: "2.5.13.27",
  name: "generalizedTimeMatch",
  syntax: SyntaxOid.generalizedTime,
  normalize,
  normalizeAssertion: normalize,
};

const generalizedTimeOrderingMatch: OrderingRule = {
  kind: "ordering",
  oid: "2.5.13.28",
  name: "generalizedTimeOrderingMatch",
  syntax: SyntaxOid.generalizedTime,
  normalize,
};

export const timeRules: readonly MatchingRule[] = [generalizedTimeMatch, generalizedTimeOrderingMatch];
