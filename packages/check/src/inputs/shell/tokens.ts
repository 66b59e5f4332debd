/** Reads shell text as tokens: words, operators and redirections with their here-documents. */
import type { ShellRedirection, ShellWord } from "../shell.ts";
import type { ShellCursor } from "./cursor.ts";
import type { ShellWords } from "./words.ts";

export type Token =
  | { readonly kind: "word"; readonly word: ShellWord; readonly isPlain: boolean }
  | { readonly kind: "operator"; readonly text: string }
  | { readonly kind: "redirection"; readonly redirection: ShellRedirection }
  | { readonly kind: "end" };

interface MutableRedirection {
  descriptor: number | undefined;
  operator: string;
  target: ShellWord;
  body: ShellWord | undefined;
}

interface HereDocument {
  readonly redirection: MutableRedirection;
  readonly delimiter: string;
  readonly isLiteral: boolean;
  readonly stripsTabs: boolean;
}

const operators = [";;&", "&&", "||", "|&", ";;", ";&", ";", "&", "|", "(", ")", "\n"];
const redirectionOperators = ["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", ">>", ">&", ">|", "<", ">"];

export class ShellTokens {
  readonly #cursor: ShellCursor;
  readonly #words: ShellWords;
  readonly #readHereText: (start: number, end: number) => ShellWord;
  #pending: HereDocument[] = [];
  #peeked: Token | undefined;

  constructor(cursor: ShellCursor, words: ShellWords, readHereText: (start: number, end: number) => ShellWord) {
    this.#cursor = cursor;
    this.#words = words;
    this.#readHereText = readHereText;
  }

  peek(): Token {
    this.#peeked ??= this.#read();
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  /** Reads tokens within a word, at the cursor; those around it go on afterwards. */
  within<T>(read: () => T): T {
    const [peeked, pending] = [this.#peeked, this.#pending];
    this.#peeked = undefined;
    this.#pending = [];
    const result = read();
    this.#peeked = peeked;
    this.#pending = pending;
    return result;
  }

  #read(): Token {
    const cursor = this.#cursor;
    this.#skipBlanks();
    if (cursor.isAtEnd) return { kind: "end" };
    const start = cursor.at;
    if (cursor.startsWith("((")) {
      this.#words.skipArithmetic(2);
      return { kind: "operator", text: ";" };
    }
    const descriptor = cursor.match(/\d+(?=[<>])/y);
    const redirection = redirectionOperators.find((operator) => cursor.startsWith(operator));
    if (redirection !== undefined && !cursor.startsWith("<(") && !cursor.startsWith(">(")) {
      cursor.at += redirection.length;
      return { kind: "redirection", redirection: this.#redirection(descriptor, redirection) };
    }
    const operator = operators.find((candidate) => cursor.startsWith(candidate));
    if (operator !== undefined) {
      cursor.at += operator.length;
      if (operator === "\n") this.#readHereDocuments();
      return { kind: "operator", text: operator };
    }
    const word = this.#words.word(start, descriptor);
    return { kind: "word", word: word.build(cursor.at), isPlain: word.isPlain };
  }

  #skipBlanks(): void {
    while (this.#cursor.match(/(?:[^\S\n]|\\\r?\n)+|#[^\n]*/y) !== undefined);
  }

  #redirection(descriptor: string | undefined, operator: string): ShellRedirection {
    this.#skipBlanks();
    const target = this.#words.word(this.#cursor.at);
    const redirection: MutableRedirection = {
      descriptor: descriptor === undefined ? undefined : Number(descriptor),
      operator,
      target: target.build(this.#cursor.at),
      body: undefined,
    };
    if (operator === "<<" || operator === "<<-") {
      const { text } = target;
      this.#pending.push({ redirection, delimiter: text, isLiteral: !target.isPlain, stripsTabs: operator === "<<-" });
    }
    return redirection;
  }

  #readHereDocuments(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const document of pending) {
      const start = this.#cursor.at;
      const { end, next } = this.#endOf(document);
      document.redirection.body = document.isLiteral
        ? { text: this.#cursor.text.slice(start, end), start, end, expansions: [], substituted: [] }
        : this.#readHereText(start, end);
      this.#cursor.at = next;
    }
  }

  /** Where its text ends, and what comes behind its last line begins. */
  #endOf({ delimiter, stripsTabs }: HereDocument): { readonly end: number; readonly next: number } {
    const { text: all, at, end } = this.#cursor;
    for (let line = at; line < end; ) {
      const newline = all.indexOf("\n", line);
      const lineEnd = newline < 0 || newline > end ? end : newline;
      const text = all.slice(line, lineEnd).replace(/\r$/, "");
      if ((stripsTabs ? text.replace(/^\t+/, "") : text) === delimiter) {
        return { end: line, next: Math.min(lineEnd + 1, end) };
      }
      line = lineEnd + 1;
    }
    return { end, next: end };
  }
}
