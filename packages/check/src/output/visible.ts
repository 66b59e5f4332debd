/** Text of files made fit for where it is shown: a terminal obeys some characters, and XML knows some not at all. */

const unseen = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Among these, which are few in most texts, is whatever is not seen: to look through a long text for `unseen` takes four times as long. */
const notPrintableAscii = /[^ -~]/gu;
const notPrintableAsciiInLine = /[^\n -~]/gu;

/** One line: also newlines and tabs are shown as `\u{a}`. */
export function visible(text: string): string {
  return text.replaceAll(notPrintableAscii, (character) => (unseen.test(character) ? escaped(character) : character));
}

/** Several lines; tabs stay as well. */
export function visibleLines(text: string): string {
  return text.replaceAll(notPrintableAsciiInLine, (character) =>
    character !== "\t" && unseen.test(character) ? escaped(character) : character,
  );
}

/** JSON, with everything that is not seen in escapes, which every reader of JSON takes back. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(notPrintableAsciiInLine, (character) =>
    unseen.test(character)
      ? [...Array(character.length).keys()]
          .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`)
          .join("")
      : character,
  );
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
