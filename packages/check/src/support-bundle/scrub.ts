/** Takes secrets out of text for somebody else's eyes: those that are known, by their value, and others by how they look. */
import { namesSecret, redacted } from "@espalier/service";

/** Shorter ones would take half of the words with them; they are found by the names beside them. */
const minKnownLength = 6;

export class Scrubber {
  readonly #known: RegExp | undefined;

  /** @param secrets values that must not be in the text, in whatever spelling: as they are, in URLs, in JSON, in base64 */
  constructor(secrets: Iterable<string>) {
    const spellings = new Set<string>();
    for (const secret of secrets) {
      for (const value of [secret, ...urlPasswords(secret)]) {
        if (value.length < minKnownLength) continue;
        for (const spelling of spellingsOf(value)) spellings.add(spelling);
      }
    }
    const longestFirst = [...spellings].sort((left, right) => right.length - left.length);
    this.#known =
      longestFirst.length === 0
        ? undefined
        : new RegExp(
            longestFirst
              .map((each) =>
                each.replaceAll(/[^\w]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`),
              )
              .join("|"),
            "gu",
          );
  }

  text(text: string): string {
    let result = this.#known === undefined ? text : text.replaceAll(this.#known, redacted);
    for (const [pattern, replacement] of patterns) result = result.replaceAll(pattern, replacement);
    return result;
  }

  /** Also by the names of keys, at any depth. */
  json(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.json(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [this.text(key), isHidden(key, inner) ? redacted : this.json(inner)]),
    );
  }

  /** A log of one JSON object a line, or of lines of text. */
  log(text: string): string {
    return text
      .split("\n")
      .map((line) => {
        const parsed = parseObject(line);
        return parsed === undefined ? this.text(line) : JSON.stringify(this.json(parsed));
      })
      .join("\n");
  }
}

/** `password`, and `apiKeys` as well. */
export function isSecretKey(key: string): boolean {
  return namesSecret(key) || namesSecret(key.replace(/s$/i, ""));
}

/** A group of settings is no secret, whatever its name; those in it may be. */
function isHidden(key: string, value: unknown): boolean {
  const isValue = typeof value === "string" || typeof value === "number" || Array.isArray(value);
  return isValue && isSecretKey(key);
}

function parseObject(line: string): object | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as object;
  } catch {
    return undefined;
  }
}

/** The password of a URL, as it is written and as it is meant. */
function urlPasswords(text: string): string[] {
  const [, written] = /:\/\/[^\s/:@]*:([^\s@]*)@/.exec(text) ?? [];
  if (written === undefined) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}

function spellingsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString("base64");
  return [
    ...[value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)],
    ...[
      base64,
      base64.replace(/=+$/, ""),
      Buffer.from(value).toString("base64url"),
      Buffer.from(value).toString("hex"),
    ],
  ];
}

const word =
  "[\\w.-]*(?:pass|passwd|password|passphrase|secret|token|authorization|cookie|credentials?|private_?key|api_?key|pwd)";

const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/g, redacted],
  [/(:\/\/[^\s/:@]*):[^\s@]*@/g, `$1:${redacted}@`],
  [/\b(Bearer|Basic|Digest)\s+[\w.~+/=-]+/gi, `$1 ${redacted}`],
  // RFC 2307 §5.3: hashes of passwords.
  [/\{(?:S?MD5|S?SHA\d*|CRYPT|ARGON2|PBKDF2[\w-]*|CLEARTEXT)\}[^\s"',]+/gi, redacted],
  [/\$(?:argon2\w*|2[abxy]|[156]|y|scrypt|pbkdf2[\w-]*)\$[\w./$+=,-]+/g, redacted],
  [/\bwh(?:sec|pk)_[\w+/=]+/g, redacted],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, redacted],
  [
    new RegExp(`((?:^|[^\\w])["']?${word}["']?\\s*[:=]{1,2}\\s*)("[^"\\n]*"|'[^'\\n]*'|[^\\s"',;&}\\]]+)`, "gi"),
    `$1${redacted}`,
  ],
];
