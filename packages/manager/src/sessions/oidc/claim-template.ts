/**
 * DNs and filters with claims in them: `uid={preferred_username},ou=people,dc=example,dc=com`, `(mail={email})`. What a claim
 * holds is escaped, so that it can only ever be a value.
 */
import { escapeDnValue, escapeFilterValue, type Filter, ParseError, parseDn, parseFilter } from "@espalier/ldap";

const placeholder = /\{([A-Za-z_][A-Za-z0-9_.:/-]*)\}/g;

/** The claims that it names. */
export function claimsOf(template: string): string[] {
  return [...template.matchAll(placeholder)].map(([, claim = ""]) => claim);
}

/** Why it cannot be used; `undefined` where it can. */
export function templateProblem(kind: "dn" | "filter", template: string): string | undefined {
  if (claimsOf(template).length === 0)
    return "names no claim in braces, such as {preferred_username}: it would be the same person for all";
  try {
    const filled = fill(template, () => "x");
    if (kind === "dn") parseDn(filled);
    else parseFilter(filled);
    return undefined;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return `is no ${kind === "dn" ? "DN" : "filter"}: ${error.message}`;
  }
}

export type Claims = Readonly<Record<string, unknown>>;

/** @returns `undefined` where a claim is not there, is no text, or is a mail address that the provider has not verified. */
export function fillDn(template: string, claims: Claims): string | undefined {
  const values = valuesOf(template, claims);
  return values && fill(template, (claim) => escapeDnValue(values.get(claim) ?? ""));
}

/** As {@link fillDn}. */
export function fillFilter(template: string, claims: Claims): Filter | undefined {
  const values = valuesOf(template, claims);
  return values && parseFilter(fill(template, (claim) => escapeFilterValue(values.get(claim) ?? "")));
}

function fill(template: string, textOf: (claim: string) => string): string {
  return template.replaceAll(placeholder, (_, claim: string) => textOf(claim));
}

function valuesOf(template: string, claims: Claims): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>();
  for (const claim of claimsOf(template)) {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    const text = String(value);
    if (text === "" || text.length > maxClaimLength) return undefined;
    // Whoever can write any address into their own profile would be whoever has that address.
    if (claim === "email" && claims.email_verified === false) return undefined;
    values.set(claim, text);
  }
  return values;
}

const maxClaimLength = 256;
