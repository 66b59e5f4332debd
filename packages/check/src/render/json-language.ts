/** Values in JSON, RFC 8259: inside of a string as its text, and bare as a number, true, false or a string. */
import { type Language, markFills } from "./language.ts";

const tokens = /"(?:[^"\\]|\\[\s\S])*"/g;

export const jsonLanguage: Language = {
  name: "json",
  escape(text, fills) {
    const { marked, fillOf } = markFills(text, fills);
    const strings = Array.from(marked.matchAll(tokens), ({ index, 0: token }) => ({
      start: index,
      end: index + token.length,
    }));
    return [...fillOf.values()].map((fill) => {
      const isInside = strings.some(({ start, end }) => start < fill.start && fill.end < end);
      const whole = quoteJson(fill.value);
      return { ...fill, text: isInside ? whole.slice(1, -1) : isJsonWord(fill.value) ? fill.value : whole };
    });
  },
  read(text) {
    try {
      return [...scalarsOf(JSON.parse(text))];
    } catch {
      return undefined;
    }
  },
};

/** A JSON string that is a double-quoted scalar of YAML 1.1 and 1.2 as well: everything unprintable is escaped. */
export function quoteJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What a number or a boolean is written as when it is written out again: only that stands bare and stays the same text. */
export function isJsonWord(text: string): boolean {
  if (text === "true" || text === "false") return true;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) && String(Number(text)) === text;
}

function* scalarsOf(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) {
    yield String(value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) yield key;
    yield* scalarsOf(inner);
  }
}
