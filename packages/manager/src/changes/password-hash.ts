/** Passwords hashed here, for servers that would keep them as they are sent: RFC 2307 §5.3 in the salted forms. */
import { createHash, randomBytes } from "node:crypto";
import type { Change, PartialAttribute } from "@espalier/ldap";
import type { Vendor } from "../clusters/cluster.ts";

/** `undefined`: the server hashes clear text itself, and must have it to apply its password policy. */
export type HashScheme = "SSHA" | "SSHA512" | undefined;

/**
 * OpenLDAP hashes only what comes by RFC 3062, and understands no more than `{SSHA}`, its own default, without further
 * modules: a stronger hash that it cannot verify would lock its user out.
 */
export function hashSchemeOf(vendor: Vendor): HashScheme {
  switch (vendor) {
    case "389ds":
    case "active-directory":
      return undefined;
    case "openldap":
      return "SSHA";
    case "espalier":
    case "other":
      return "SSHA512";
  }
}

export function hashPassword(password: Uint8Array, scheme: "SSHA" | "SSHA512", salt = randomBytes(16)): string {
  const digest = createHash(scheme === "SSHA" ? "sha1" : "sha512")
    .update(password)
    .update(salt)
    .digest();
  return `{${scheme}}${Buffer.concat([digest, salt]).toString("base64")}`;
}

/** Prefixes that servers know for a hash, or for where else the password is. Anything else is a password in clear text. */
const hashed =
  /^\{(?:S?SHA(?:-?(?:224|256|384|512))?|S?MD5|CRYPT|CLEAR(?:TEXT)?|SASL|KERBEROS|UNIX|LANMAN|NS-MTA-MD5|ARGON2[A-Z]*|PBKDF2[A-Z0-9_-]*|GOST_YESCRYPT|SCRYPT|BCRYPT|X-[A-Z0-9-]+)\}/i;

function isUserPassword(description: string): boolean {
  return /^(?:userPassword|2\.5\.4\.35)(?:;|$)/i.test(description);
}

/** Whether a clear-text password is among the values. */
export function hasClearPassword({ type, values }: PartialAttribute): boolean {
  return isUserPassword(type) && values.some((value) => !hashed.test(textOf(value)));
}

export function hashedAttribute(attribute: PartialAttribute, scheme: HashScheme): PartialAttribute {
  if (scheme === undefined || !hasClearPassword(attribute)) return attribute;
  const values = attribute.values.map((value) =>
    hashed.test(textOf(value)) ? value : Buffer.from(hashPassword(value, scheme)),
  );
  return { type: attribute.type, values };
}

/** What is deleted is named as it is. */
export function hashedChange(change: Change, scheme: HashScheme): Change {
  if (change.operation === "delete") return change;
  return { ...change, modification: hashedAttribute(change.modification, scheme) };
}

export function touchesPassword(attributes: readonly PartialAttribute[]): boolean {
  return attributes.some(({ type }) => isUserPassword(type));
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, 40)).toString("latin1");
}
