/** Text of strangers made fit for a channel: without invisible tricks, escaped, and no longer than the channel takes. */

/** Controls but tab and line feed, and what turns the direction of writing around, so that a link seems to go elsewhere. */
const invisible = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Well-formed Unicode; lines end with a line feed. */
export function readable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll(invisible, (character) => (character === "\n" || character === "\t" ? character : ""));
}

/** The same in one line. */
export function readableLine(text: string): string {
  return readable(text).replaceAll(/\s+/g, " ").trim();
}

/** `isLineStart`: only white space stands between this character and the beginning of its line. */
export type EscapeCharacter = (character: string, isLineStart: boolean) => string;

export interface FitOptions {
  /** Of what comes out, in what `measure` counts. */
  readonly limit: number;
  readonly escapeCharacter?: EscapeCharacter;
  /** UTF-16 code units, unless told. */
  readonly measure?: (text: string) => number;
}

const ellipsis = "…";

/** {@link readable} and escaped; where that is too long it is cut at a whole character, and ends with `…`. */
export function fitText(text: string, { limit, escapeCharacter = same, measure = lengthOf }: FitOptions): string {
  const pieces: string[] = [];
  let size = 0;
  /** How many pieces, and of what size, leave room for the ellipsis. */
  let kept = 0;
  const room = limit - measure(ellipsis);
  let isLineStart = true;
  for (const character of readable(text)) {
    const piece = escapeCharacter(character, isLineStart);
    size += measure(piece);
    if (size > limit) return room < 0 ? "" : `${pieces.slice(0, kept).join("")}${ellipsis}`;
    pieces.push(piece);
    if (size <= room) kept = pieces.length;
    isLineStart = character === "\n" || (isLineStart && (character === " " || character === "\t"));
  }
  return pieces.join("");
}

function same(character: string): string {
  return character;
}

function lengthOf(text: string): number {
  return text.length;
}

export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}
