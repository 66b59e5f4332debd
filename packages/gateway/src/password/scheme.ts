/**
 * Which scheme a stored password is of. RFC 2307 §5.3's `{scheme}` prefixes as OpenLDAP and 389-DS write them, and the
 * bare `$id$` texts of crypt(3) and of the PHC string format.
 */
import { parseArgon2 } from "./argon2.ts";
import { parseBcrypt } from "./bcrypt.ts";
import { parseDigest } from "./digest.ts";
import { parseAdaptedPbkdf2, parseDjangoPbkdf2, parseFixedPbkdf2 } from "./pbkdf2.ts";
import { parseMd5Crypt, parseShaCrypt } from "./rounds-crypt.ts";
import { defaultHashLimits, type HashLimits, type HashRefusal, type StoredHash } from "./stored-hash.ts";

export interface ParseOptions {
  readonly allowCleartext: boolean;
  /** @default defaultHashLimits */
  readonly limits?: HashLimits;
}

/** Longer stored values are malformed unread; the longest genuine one has under 700 characters. */
const maxStoredLength = 4096;

/** Parses a stored password, or says why it is refused. Never throws. */
export function parseStoredHash(stored: string, options: ParseOptions): StoredHash | HashRefusal {
  if (stored === "" || stored.length > maxStoredLength) return "malformed";
  const { scheme, body, parse } = recognise(stored);
  return parse(scheme, body, { allowCleartext: options.allowCleartext, limits: options.limits ?? defaultHashLimits });
}

/**
 * The scheme's name for a log line or a metric's label: one of a fixed set, and never a part of the stored text, which
 * could be a password in the clear. `unknown` for a prefix that is not known, `cleartext` where there is no prefix.
 */
export function schemeOf(stored: string): string {
  return recognise(stored.slice(0, maxStoredLength)).scheme;
}

interface Recognised {
  readonly scheme: string;
  readonly body: string;
  readonly parse: Parser;
}

type Parser = (scheme: string, body: string, options: Required<ParseOptions>) => StoredHash | HashRefusal;

const unsupported: Parser = () => "unsupported";
const locked: Parser = () => "locked";
const cleartext: Parser = (scheme, body, { allowCleartext }) => {
  if (!allowCleartext) return "unsupported";
  return body === "" ? "malformed" : { kind: "cleartext", scheme, text: Buffer.from(body) };
};

/** By the upper-case name between the braces; the body is what follows them. */
const braced: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ["SSHA", (scheme, body) => parseDigest(scheme, "sha1", true, body)],
  ["SHA", (scheme, body) => parseDigest(scheme, "sha1", false, body)],
  ["SMD5", (scheme, body) => parseDigest(scheme, "md5", true, body)],
  ["MD5", (scheme, body) => parseDigest(scheme, "md5", false, body)],
  ["SSHA256", (scheme, body) => parseDigest(scheme, "sha256", true, body)],
  ["SSHA384", (scheme, body) => parseDigest(scheme, "sha384", true, body)],
  ["SSHA512", (scheme, body) => parseDigest(scheme, "sha512", true, body)],
  ["SHA256", (scheme, body) => parseDigest(scheme, "sha256", false, body)],
  ["SHA384", (scheme, body) => parseDigest(scheme, "sha384", false, body)],
  ["SHA512", (scheme, body) => parseDigest(scheme, "sha512", false, body)],
  ["PBKDF2", (scheme, body, { limits }) => parseAdaptedPbkdf2(scheme, "sha1", body, limits)],
  ["PBKDF2-SHA1", (scheme, body, { limits }) => parseAdaptedPbkdf2(scheme, "sha1", body, limits)],
  ["PBKDF2-SHA256", (scheme, body, { limits }) => parseAdaptedPbkdf2(scheme, "sha256", body, limits)],
  ["PBKDF2-SHA512", (scheme, body, { limits }) => parseAdaptedPbkdf2(scheme, "sha512", body, limits)],
  ["PBKDF2_SHA256", (scheme, body, { limits }) => parseFixedPbkdf2(scheme, body, limits)],
  ["ARGON2", () => "malformed"],
  ["CLEARTEXT", cleartext],
  ["CLEAR", cleartext],
  // Known to the administrator by name, but not verified here.
  ...["APR1", "BSDMD5", "GOST_YESCRYPT", "KERBEROS", "LANMAN", "NS-MTA-MD5", "SASL", "SCRYPT", "UNIX"].map(
    (name) => [name, unsupported] as const,
  ),
]);

/** By the identifier between the dollar signs; the body is the whole text. */
const modularCrypt = new Map<string, readonly [scheme: string, parse: Parser]>([
  ["1", ["md5crypt", (_scheme, body) => parseMd5Crypt(body)]],
  ["5", ["sha256crypt", (_scheme, body, { limits }) => parseShaCrypt(body, limits)]],
  ["6", ["sha512crypt", (_scheme, body, { limits }) => parseShaCrypt(body, limits)]],
  ["2a", ["bcrypt", (_scheme, body, { limits }) => parseBcrypt(body, limits)]],
  ["2b", ["bcrypt", (_scheme, body, { limits }) => parseBcrypt(body, limits)]],
  ["2y", ["bcrypt", (_scheme, body, { limits }) => parseBcrypt(body, limits)]],
  ["argon2d", ["{ARGON2D}", (_scheme, body, { limits }) => parseArgon2(body, limits)]],
  ["argon2i", ["{ARGON2I}", (_scheme, body, { limits }) => parseArgon2(body, limits)]],
  ["argon2id", ["{ARGON2ID}", (_scheme, body, { limits }) => parseArgon2(body, limits)]],
  // `$2x$` marks hashes of an implementation that lost the high bit of each byte: its result differs from the others'.
  ["2x", ["bcrypt-2x", unsupported]],
  ["y", ["yescrypt", unsupported]],
  ["gy", ["gost-yescrypt", unsupported]],
  ["7", ["scrypt", unsupported]],
  ["apr1", ["apr1", unsupported]],
  ["sha1", ["sha1crypt", unsupported]],
  ["md5", ["sunmd5", unsupported]],
  ["P", ["phpass", unsupported]],
  ["H", ["phpass", unsupported]],
]);

/**
 * Whatever begins like a scheme is one, known or not: were it taken for clear text, the hash itself would be the
 * password. For the same reason the marks of a locked account come first.
 */
function recognise(stored: string): Recognised {
  if (isLocked(stored)) return { scheme: "locked", body: stored, parse: locked };
  const [prefix, name] = /^\{([^{}\s]{1,32})\}/.exec(stored) ?? [];
  if (prefix !== undefined && name !== undefined) {
    const upper = name.toUpperCase();
    const body = stored.slice(prefix.length);
    if (upper === "CRYPT" || (upper === "ARGON2" && body.startsWith("$argon2"))) return recogniseCrypt(body);
    const parse = braced.get(upper);
    if (parse !== undefined) return { scheme: `{${upper}}`, body, parse };
    return { scheme: "unknown", body, parse: unsupported };
  }
  const django = "pbkdf2_sha256$";
  if (stored.startsWith(django)) {
    return {
      scheme: "django-pbkdf2",
      body: stored.slice(django.length),
      parse: (scheme, body, { limits }) => parseDjangoPbkdf2(scheme, body, limits),
    };
  }
  if (/^\$[A-Za-z0-9-]{1,16}\$/.test(stored)) return recogniseCrypt(stored);
  return { scheme: "cleartext", body: stored, parse: cleartext };
}

/** Traditional DES has no identifier: after `{CRYPT}` it is known for one, bare it cannot be told from clear text. */
function recogniseCrypt(text: string): Recognised {
  if (isLocked(text)) return { scheme: "locked", body: text, parse: locked };
  const [, id] = /^\$([A-Za-z0-9-]{1,16})\$/.exec(text) ?? [];
  if (id === undefined) {
    const isDes = /^(?:_[./A-Za-z0-9]{19}|[./A-Za-z0-9]{13})$/.test(text);
    return { scheme: isDes ? "descrypt" : "unknown", body: text, parse: unsupported };
  }
  const [scheme, parse] = modularCrypt.get(id) ?? ["unknown", unsupported];
  return { scheme, body: text, parse };
}

/** shadow(5): nothing but `*`, `!`, `x` or crypt(3)'s failure tokens, or a hash behind `!` or `*`. */
function isLocked(text: string): boolean {
  if (!"!*x".includes(text.charAt(0))) return false;
  return /^(?:[!*]+(?:[01]|LK\*?|NP\*?)?|x)$/.test(text) || /^[!*]+[${]/.test(text);
}
