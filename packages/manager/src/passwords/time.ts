/** Times in entries, in milliseconds since 1970. */
import { builtInSchema } from "@espalier/ldap";

const rule = builtInSchema.matchingRule("generalizedTimeMatch");

/** Generalized Time, RFC 4517 §3.3.13; `undefined` for what is none. */
export function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || rule?.kind !== "equality") return undefined;
  const digits = rule.normalize(new TextEncoder().encode(text))?.slice(0, 14);
  if (digits === undefined) return undefined;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}

/** Active Directory: 100 ns since 1601, in text. */
export function fileTimeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,19}$/.test(text)) return undefined;
  return Number(BigInt(text) / 10_000n) - 11_644_473_600_000;
}

export const dayMs = 86_400_000;
