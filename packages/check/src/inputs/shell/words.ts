/** Reads the words of shell text: quotes, expansions and substitutions. POSIX.1-2024 "Shell Command Language" 2.2 and 2.6. */
import type { ShellCommand, ShellExpansion, ShellWord } from "../shell.ts";
import type { ShellCursor } from "./cursor.ts";

/** Collects a word while it is read. */
export class WordBuilder {
  readonly start: number;
  text = "";
  /** Without quotes, escapes and expansions: only such a word can be a reserved one. */
  isPlain = true;
  readonly expansions: ShellExpansion[] = [];
  readonly substituted: ShellCommand[] = [];

  constructor(start: number) {
    this.start = start;
  }

  build(end: number): ShellWord {
    const { text, start, expansions, substituted } = this;
    return { text, start, end, expansions, substituted };
  }
}

/** Who reads the commands within words. */
export interface SubstitutionReader {
  /** `( … )`, with the cursor at the parenthesis. */
  parenthesized(start: number): readonly ShellCommand[];
  /** Between backquotes. */
  between(start: number, end: number): readonly ShellCommand[];
}

export class ShellWords {
  readonly #cursor: ShellCursor;
  readonly #substitutions: SubstitutionReader;

  constructor(cursor: ShellCursor, substitutions: SubstitutionReader) {
    this.#cursor = cursor;
    this.#substitutions = substitutions;
  }

  /** The word at the cursor. @param before what was read of it already */
  word(start: number, before = ""): WordBuilder {
    const cursor = this.#cursor;
    const word = new WordBuilder(start);
    word.text = before;
    while (!cursor.isAtEnd) {
      const { character } = cursor;
      if (character === "(" && (/[?*+@!]$/.test(word.text) || /^\w+(?:\[[^\]]*\])?\+?=$/.test(word.text))) {
        this.#parenthesized(word);
      } else if ((character === "<" || character === ">") && cursor.next === "(") {
        cursor.at += 1;
        this.#substitution(word, cursor.at - 1);
      } else if (/[\s;&|<>()]/.test(character)) break;
      else this.piece(word);
    }
    return word;
  }

  /** All up to the end, as in a here-document: quotes have no meaning there. */
  text(): ShellWord {
    const word = new WordBuilder(this.#cursor.at);
    while (!this.#cursor.isAtEnd) this.#inText(word, false);
    return word.build(this.#cursor.at);
  }

  /** One piece of a word: a quoted stretch, an expansion, or a character. */
  piece(word: WordBuilder): void {
    const { character, next } = this.#cursor;
    if (character === "'") this.#singleQuotes(word);
    else if (character === "$" && next === "'") this.#dollarQuotes(word);
    else if (character === '"' || (character === "$" && next === '"')) this.#doubleQuotes(word);
    else if (character === "\\") this.#escape(word);
    else if (character === "$" || character === "`") this.#dollar(word);
    else this.#plain(word);
  }

  /** Goes behind `(( … ))`, with the cursor at its beginning. @param opening how many characters it begins with */
  skipArithmetic(opening: number): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.at += opening;
    for (let depth = 2; depth > 0; cursor.at += 1) {
      if (cursor.isAtEnd) cursor.fail("this arithmetic expression is not closed", start);
      if (cursor.character === "(") depth += 1;
      else if (cursor.character === ")") depth -= 1;
    }
  }

  #singleQuotes(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const close = cursor.text.indexOf("'", start + 1);
    if (close < 0 || close >= cursor.end) cursor.fail("this quote is not closed", start);
    word.text += cursor.text.slice(start + 1, close);
    word.isPlain = false;
    cursor.at = close + 1;
  }

  #dollarQuotes(word: WordBuilder): void {
    const cursor = this.#cursor;
    const quoted = cursor.match(/\$'(?:[^'\\]|\\[\s\S])*'/y);
    if (quoted === undefined) cursor.fail("this quote is not closed", cursor.at);
    word.text += quoted!.slice(2, -1);
    word.isPlain = false;
  }

  #doubleQuotes(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.at += cursor.character === "$" ? 2 : 1;
    word.isPlain = false;
    while (cursor.isAtEnd || cursor.character !== '"') {
      if (cursor.isAtEnd) cursor.fail("this quote is not closed", start);
      this.#inText(word, true);
    }
    cursor.at += 1;
  }

  #escape(word: WordBuilder): void {
    const cursor = this.#cursor;
    const behind = Math.min(cursor.at + 2, cursor.end);
    if (cursor.next !== "\n") word.text += cursor.text.slice(cursor.at + 1, behind);
    word.isPlain = false;
    cursor.at = behind;
  }

  /** One piece inside of double quotes or of a here-document. */
  #inText(word: WordBuilder, isQuoted: boolean): void {
    const cursor = this.#cursor;
    const { character } = cursor;
    if (character === "\\" && cursor.at + 1 < cursor.end) {
      const escaped = cursor.next!;
      const isEscape = escaped === "$" || escaped === "`" || escaped === "\\" || (isQuoted && escaped === '"');
      if (escaped !== "\n") word.text += isEscape ? escaped : `\\${escaped}`;
      cursor.at += 2;
    } else if (character === "$" || character === "`") this.#dollar(word);
    else this.#plain(word);
  }

  #dollar(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    if (cursor.character === "`") this.#backquotes(word);
    else if (cursor.startsWith("$((")) {
      this.skipArithmetic(3);
      word.text += cursor.text.slice(start, cursor.at);
    } else if (cursor.next === "(") {
      cursor.at += 1;
      this.#substitution(word, start);
    } else if (cursor.next === "{") this.#braces(word);
    else {
      const name = cursor.match(/\$([A-Za-z_]\w*|[@*#?$!0-9-])/y)?.slice(1);
      if (name === undefined) {
        this.#plain(word);
        return;
      }
      word.text += `$${name}`;
      word.expansions.push({ name, isLength: false, operator: "", operand: "", start, end: cursor.at });
    }
    word.isPlain = false;
  }

  /** `$( … )` or `<( … )`, with the cursor at the parenthesis. */
  #substitution(word: WordBuilder, start: number): void {
    this.#capture(word, start, this.#substitutions.parenthesized(start));
  }

  #backquotes(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const quoted = cursor.match(/`(?:[^`\\]|\\[\s\S])*`/y);
    if (quoted === undefined) cursor.fail("this backquote is not closed", start);
    this.#capture(word, start, this.#substitutions.between(start + 1, cursor.at - 1));
  }

  #capture(word: WordBuilder, start: number, found: readonly ShellCommand[]): void {
    word.substituted.push(...found);
    word.text += this.#cursor.text.slice(start, this.#cursor.at);
    word.isPlain = false;
  }

  #braces(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.enter();
    cursor.at += 2;
    const length = cursor.match(/#(?=[A-Za-z_@*0-9])/y) ?? "";
    const name = cursor.match(/!?(?:[A-Za-z_]\w*|[@*#?$!0-9-]+)(?:\[[^\]\n]*\])?/y) ?? "";
    const operator = cursor.match(/:?[-+=?]|\/\/|##|%%|\^\^|,,|[:/#%^,@]/y) ?? "";
    const operand = new WordBuilder(cursor.at);
    while (cursor.isAtEnd || cursor.character !== "}") {
      if (cursor.isAtEnd) cursor.fail("this expansion is not closed", start);
      if (cursor.character === "'") this.#apostrophe(operand);
      else this.piece(operand);
    }
    cursor.at += 1;
    cursor.leave();
    word.expansions.push({
      name: name.replace(/^!|\[.*$/g, ""),
      isLength: length !== "",
      operator,
      operand: cursor.text.slice(operand.start, cursor.at - 1),
      start,
      end: cursor.at,
    });
    word.expansions.push(...operand.expansions);
    this.#capture(word, start, operand.substituted);
  }

  /** In `"${A:-it's}"` it is a character, in `${A:-'it s'}` it is a quote: one that closes before the brace is taken for a quote. */
  #apostrophe(word: WordBuilder): void {
    if (this.#cursor.match(/'[^'}\n]*'/y) === undefined) this.#plain(word);
  }

  /** An array `=( … )` or a pattern `@( … )`. */
  #parenthesized(word: WordBuilder): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.enter();
    this.#plain(word);
    for (;;) {
      if (cursor.isAtEnd) cursor.fail("this parenthesis is not closed", start);
      const { character } = cursor;
      if (character === ")") break;
      if (character === "#" && /\s/.test(cursor.text[cursor.at - 1]!)) cursor.match(/[^\n]*/y);
      else if (character === "(") this.#parenthesized(word);
      else this.piece(word);
    }
    this.#plain(word);
    cursor.leave();
  }

  #plain(word: WordBuilder): void {
    word.text += this.#cursor.character;
    this.#cursor.at += 1;
  }
}
