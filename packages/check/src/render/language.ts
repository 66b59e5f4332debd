/** What a value is written into: the languages that templates are in, and how each of them takes any text as one value. */

/** A stretch of a text that a value takes the place of. */
export interface Fill {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** What is written, for one fill or for a stretch around it that has to be written otherwise because of it. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface EscapeContext {
  /** Of the template, relative: where a language has dialects its folders tell which. */
  readonly path: string;
  /** The template names the language itself, for one line of a file that is something else. */
  readonly isExplicit: boolean;
  /** Says of a fill that it cannot be written where it stands, and what to do: a clause that follows the name; no values. */
  report(fill: Fill, message: string): void;
}

export interface Language {
  readonly name: string;
  /** @returns none for the fills it reports; else replacements that do not overlap, in any order. */
  escape(text: string, fills: readonly Fill[], context: EscapeContext): readonly Replacement[];
  /** Every value that a program reads out of such a text, in order; undefined where it is not of the language. */
  read?(text: string): readonly string[] | undefined;
}

const firstMark = 0xe000;
const lastMark = 0xf8ff;

/**
 * The text with every fill blackened: a character of its own, which stands nowhere else in the text, as often as the
 * placeholder is long, so that offsets stay. Private-use characters are letters to every parser.
 *
 * @returns the marked text, and the fill of each mark
 */
export function markFills(
  text: string,
  fills: readonly Fill[],
): { readonly marked: string; readonly fillOf: ReadonlyMap<string, Fill> } {
  const fillOf = new Map<string, Fill>();
  let marked = "";
  let at = 0;
  let code = firstMark;
  for (const fill of fills) {
    while (code <= lastMark && text.includes(String.fromCharCode(code))) code += 1;
    if (code > lastMark) throw new RangeError("a template has at most 6,400 placeholders");
    const mark = String.fromCharCode(code++);
    fillOf.set(mark, fill);
    marked += text.slice(at, fill.start) + mark.repeat(fill.end - fill.start);
    at = fill.end;
  }
  return { marked: marked + text.slice(at), fillOf };
}

/** A marked text with values in place of their marks. */
export function fillMarks(
  marked: string,
  fillOf: ReadonlyMap<string, Fill>,
  written: (fill: Fill, at: number) => string = ({ value }) => value,
): string {
  return marked.replaceAll(/[\ue000-\uf8ff]/g, (mark, at: number) => {
    const fill = fillOf.get(mark);
    if (fill === undefined) return mark;
    return marked[at - 1] === mark ? "" : written(fill, at);
  });
}

/** A text with replacements made. They may be in any order. */
export function replaceAll(text: string, replacements: readonly Replacement[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text: written } of [...replacements].sort((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + written;
    at = end;
  }
  return result + text.slice(at);
}

export function hasLineBreak(text: string): boolean {
  return /[\n\r]/.test(text);
}
