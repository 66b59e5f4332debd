/** Writes distinguished names in the string form of RFC 4514 §2. */
import type { Ava, Dn, Rdn } from "./dn.ts";

export function formatDn(dn: Dn): string {
  return dn.map(formatRdn).join(",");
}

export function formatRdn(rdn: Rdn): string {
  return rdn.map(formatAva).join("+");
}

function formatAva({ type, value }: Ava): string {
  return `${type}=${typeof value === "string" ? escapeDnValue(value) : formatHexString(value)}`;
}

/** `#` and two digits a byte. */
export function formatHexString(value: Uint8Array): string {
  let text = "#";
  for (const byte of value) text += byte.toString(16).padStart(2, "0");
  return text;
}

/**
 * A value with the escapes it needs inside a DN (RFC 4514 §2.4), for example `Smith\, J.`. Control characters, which the
 * RFC lets stand, are escaped too: a DN is printed in logs and on terminals. An unpaired surrogate becomes U+FFFD.
 */
export function escapeDnValue(text: string): string {
  if (!needsEscape.test(text)) return text;
  let escaped = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    const unit = text.charCodeAt(i);
    const isEdgeSpace = character === " " && (i === 0 || i === text.length - 1);
    if (special.includes(character) || isEdgeSpace || (character === "#" && i === 0)) escaped += `\\${character}`;
    else if (unit < 0x20 || unit === 0x7f) escaped += `\\${unit.toString(16).padStart(2, "0")}`;
    else escaped += character;
  }
  return escaped.toWellFormed();
}

const special = '\\"+,;<>';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is escaped
const needsEscape = /[\\"+,;<>\u0000-\u001F\u007F\uD800-\uDFFF]|^[ #]| $/;
