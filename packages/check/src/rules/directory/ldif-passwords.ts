/** Passwords in LDIF: where they are, and what their scheme is worth. RFC 2307 §5.3 and the schemes of OpenLDAP and 389-DS. */
import type { LdifFile } from "../../inputs/ldif.ts";
import type { Location } from "../../inputs/source-file.ts";
import { hasPlaceholder } from "../../render/placeholder.ts";

export interface LdifPassword {
  readonly dn: string;
  readonly attribute: string;
  /** Never shown. */
  readonly value: string;
  readonly location: Location;
}

const passwordAttributes: ReadonlySet<string> = new Set(["userpassword", "2.5.4.35", "olcrootpw", "nsslapd-rootpw"]);

/** Of entries, and of changes that set one. */
export function* passwordsIn({ records }: LdifFile): Generator<LdifPassword> {
  for (const { record, locate } of records) {
    if (record.type !== "content" && record.type !== "add" && record.type !== "modify") continue;
    const isChange = record.type === "modify";
    const attributes = isChange
      ? record.changes.map(({ operation, modification }) => ({ ...modification, isRemoved: operation === "delete" }))
      : record.attributes.map((attribute) => ({ ...attribute, isRemoved: false }));
    const seen = new Map<string, number>();
    for (const { type, values, isRemoved } of attributes) {
      const name = type.toLowerCase();
      if (!passwordAttributes.has(name.split(";")[0]!)) continue;
      for (const value of values) {
        const index = seen.get(name) ?? 0;
        seen.set(name, index + 1);
        const text = Buffer.from(value).toString();
        if (text === "" || isRemoved) continue;
        yield { dn: record.dn, attribute: type, value: text, location: locate(type, index) };
      }
    }
  }
}

export type PasswordStrength =
  | { readonly kind: "clear" }
  /** As crypt(3) makes it, without `{CRYPT}`: a server takes it for a password in clear text. */
  | { readonly kind: "bare" }
  /** Guessed by the billion a second: not salted, or of a broken or tiny function. */
  | { readonly kind: "broken"; readonly scheme: string }
  /** Salted, and still one round of a fast function. */
  | { readonly kind: "fast"; readonly scheme: string }
  /** Slow on purpose, kept elsewhere, or of a scheme that is not known here. */
  | { readonly kind: "sound" };

const sound: PasswordStrength = { kind: "sound" };

export function strengthOf(value: string): PasswordStrength {
  const [, scheme, body = ""] = /^\{([^{}\s]{1,32})\}(.*)$/s.exec(value) ?? [];
  if (scheme === undefined) {
    if (isPlaceholder(value)) return sound;
    return { kind: /^\$[a-z0-9]{1,8}\$[^\s$]+\$/.test(value) ? "bare" : "clear" };
  }
  const name = scheme.toUpperCase();
  if (name === "CRYPT") return strengthOfCrypt(body);
  if (name === "CLEAR" || name === "CLEARTEXT") return { kind: "clear" };
  if (/^(?:S?MD5|SHA|SHA(?:256|384|512)|NS-MTA-MD5|LANMAN|CRYPT-MD5|APR1|BSDMD5)$/.test(name))
    return { kind: "broken", scheme: `{${name}}` };
  if (/^SSHA(?:256|384|512)?$/.test(name)) return { kind: "fast", scheme: `{${name}}` };
  return sound;
}

/** What crypt(5) has: DES and MD5 are broken, the others are slow on purpose; `*` and `!` admit nobody. */
function strengthOfCrypt(text: string): PasswordStrength {
  if (text.startsWith("$1$")) return { kind: "broken", scheme: "{CRYPT} with MD5" };
  return /^(?:_[./A-Za-z0-9]{19}|[./A-Za-z0-9]{13})$/.test(text)
    ? { kind: "broken", scheme: "{CRYPT} with DES" }
    : sound;
}

/** What a program fills in later is not judged. */
function isPlaceholder(value: string): boolean {
  return hasPlaceholder(value) || /^\$\{?[A-Za-z_]\w*\}?$|^<[^>]+>$|^%\w+%$/.test(value);
}
