/**
 * String preparation for matching, RFC 4518: map, normalize, prohibit, and the handling of insignificant spaces.
 *
 * Spaces take the form that OpenLDAP keeps: none at the ends, single ones inside, and one for a string of nothing else.
 * Whole values compare equal in the same cases as in the form of §2.6.1, which has one space at each end and two inside.
 * Substrings differ in one: a space at the end of a piece must be there in the value, so `(cn=ann *)` matches "Ann Lee" but
 * not "Ann", which by §2.6.1 it would.
 */
import { valueText } from "./value-text.ts";

export interface Preparation {
  /** Whether letter case is insignificant (RFC 4518 §2.2, last paragraph). */
  readonly foldCase: boolean;
}

/** What a string is of an attribute value: `whole` loses spaces at both ends, a piece only where the value ends. */
export type Extent = "whole" | "initial" | "any" | "final";

/**
 * `value` as a prepared string; `undefined` when it is not UTF-8 or has a prohibited character. Whether an empty value is of
 * the syntax is for the caller to say.
 */
export function prepareString(
  value: Uint8Array,
  preparation: Preparation,
  extent: Extent = "whole",
): string | undefined {
  const text = valueText(value);
  if (text === undefined) return undefined;
  if (isPlain(value)) return preparation.foldCase ? text.toLowerCase() : text;
  const mapped = mapCharacters(text, preparation);
  return mapped === undefined ? undefined : collapseSpaces(mapped, extent);
}

/** `prepareString` for text that is at hand as a string. */
export function prepareText(text: string, preparation: Preparation): string | undefined {
  if (isPlainText(text)) return preparation.foldCase ? text.toLowerCase() : text;
  const mapped = mapCharacters(text, preparation);
  return mapped === undefined ? undefined : collapseSpaces(mapped, "whole");
}

/** Steps 2 to 4 of RFC 4518 §2 and no space handling. */
function mapCharacters(text: string, { foldCase }: Preparation): string | undefined {
  let mapped = text.replaceAll(mappedToNothing, "").replaceAll(mappedToSpace, " ");
  if (foldCase) mapped = foldCaseOf(mapped);
  mapped = mapped.normalize("NFKC");
  // Table B.2 of RFC 3454 folds once more what the normalization brings to light: ℌ becomes H, then h.
  if (foldCase) mapped = foldCaseOf(mapped).normalize("NFKC");
  return prohibited.test(mapped) ? undefined : mapped;
}

// RFC 4518 §2.2.
const mappedToNothing =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the RFC maps control characters to nothing
  /[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u00AD\u06DD\u070F\u1806\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2063\u206A-\u206F\uFEFF\uFFF9-\uFFFC\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]|\u034F|[\u180B-\u180D]|[\uFE00-\uFE0F]/gu;
const mappedToSpace = /[\t\n\v\f\r\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/g;

/**
 * RFC 4518 §2.4: private use, non-character, surrogate and replacement characters. Characters that Unicode 3.2 had not
 * assigned are judged by the Unicode version of the runtime, so that names written since 2002 can be matched.
 */
const prohibited = /[\p{Co}\p{Cn}\p{Cs}\uFFFD]/u;

/** Full case folding: by way of capitals, so that ß meets SS and ς meets σ. Dotless ı has no folding and is kept. */
function foldCaseOf(text: string): string {
  return text
    .split("ı")
    .map((part) => part.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ"))
    .join("ı");
}

function collapseSpaces(text: string, extent: Extent): string {
  let collapsed = text.replaceAll(/ {2,}/g, " ");
  if (collapsed === " " || collapsed === "") return extent === "final" ? "" : " ";
  if ((extent === "whole" || extent === "initial") && collapsed.startsWith(" ")) collapsed = collapsed.slice(1);
  if ((extent === "whole" || extent === "final") && collapsed.endsWith(" ")) collapsed = collapsed.slice(0, -1);
  return collapsed;
}

/** Printable ASCII, at least one, without a space at an end or beside another: what preparation leaves as it is, but for case. */
export function isPlain(value: Uint8Array): boolean {
  let previous = 0x20;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number;
    if (byte >= 0x7f || byte < 0x20 || (byte === 0x20 && previous === 0x20)) return false;
    previous = byte;
  }
  return previous !== 0x20;
}

/** `isPlain` for text. */
export function isPlainText(text: string): boolean {
  let previous = 0x20;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x7f || unit < 0x20 || (unit === 0x20 && previous === 0x20)) return false;
    previous = unit;
  }
  return previous !== 0x20;
}
