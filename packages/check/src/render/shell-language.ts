/** Values in scripts of the POSIX shell, IEEE 1003.1-2024 XCU §2.2: between quotes of either kind, in here-documents, and bare. */
import { type EscapeContext, type Fill, hasLineBreak, type Language, markFills, type Replacement } from "./language.ts";

type ShellPlace = "bare" | "single" | "double" | "comment" | "heredoc" | "rawHeredoc" | "nested";

/** Text that no place of the shell reads anything into. */
const harmless = /^[A-Za-z0-9_@%+=:,./-]+$/;

export const shellLanguage: Language = {
  name: "shell",
  escape(text, fills, context) {
    const { marked, fillOf } = markFills(text, fills);
    const places = new Map<Fill, { readonly place: ShellPlace; readonly heredoc: Heredoc | undefined }>();
    const scanner = new ShellScanner(marked, (at, place, heredoc) => {
      const fill = fillOf.get(marked[at]!);
      if (fill !== undefined && !places.has(fill)) places.set(fill, { place, heredoc });
    });
    scanner.scan();
    return fills.flatMap((fill): readonly Replacement[] => {
      const { place = "nested", heredoc } = places.get(fill) ?? {};
      if (place !== "single" && place !== "rawHeredoc" && continuesExpansion(marked, fill)) {
        context.report(
          fill,
          "would become part of what the dollar sign before it stands for; put braces around that name, or quotes between",
        );
        return [];
      }
      const written = write(fill, place, heredoc, context);
      return written === undefined ? [] : [{ ...fill, text: written }];
    });
  },
};

/** `$x{{NAME}}` where the value goes on with letters, and a lone `$` before any value. */
function continuesExpansion(marked: string, { start, value }: Fill): boolean {
  const [, backslashes, name] = /(\\*)\$([A-Za-z_]\w*)?$/.exec(marked.slice(Math.max(0, start - 256), start)) ?? [];
  if (backslashes === undefined || backslashes.length % 2 === 1) return false;
  return name === undefined || /^\w/.test(value);
}

function quoteShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function write(
  fill: Fill,
  place: ShellPlace,
  heredoc: Heredoc | undefined,
  context: EscapeContext,
): string | undefined {
  const { value } = fill;
  const refuse = (message: string) => void context.report(fill, message);
  if (heredoc !== undefined && wouldEnd(heredoc, value)) {
    return refuse(`has a line that the here-document ${heredoc.delimiter} would end or change at`);
  }
  switch (place) {
    case "bare":
      return harmless.test(value) ? value : quoteShell(value);
    case "single":
      return value.replaceAll("'", "'\\''");
    case "double":
      return value.replaceAll(/[\\"$`]/g, "\\$&");
    case "heredoc":
      return value.replaceAll(/[\\$`]/g, "\\$&");
    case "rawHeredoc":
      return value;
    case "comment":
      return hasLineBreak(value) ? refuse("has a line break, and stands in a comment of the script") : value;
    case "nested":
      return harmless.test(value)
        ? value
        : refuse(
            "stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{NAME}}'",
          );
  }
}

interface Heredoc {
  readonly delimiter: string;
  readonly isQuoted: boolean;
  readonly stripsTabs: boolean;
}

function wouldEnd({ delimiter, stripsTabs }: Heredoc, value: string): boolean {
  if (stripsTabs && /(?:^|\n)\t/.test(value)) return true;
  return value.split("\n").includes(delimiter);
}

type Tell = (at: number, place: ShellPlace, heredoc?: Heredoc) => void;

/** Goes over a script once, and says of every character where it stands. */
class ShellScanner {
  readonly #text: string;
  readonly #tell: Tell;
  /** What is open, the innermost last; `base` is the script itself. */
  readonly #open: ("base" | "double" | "substitution" | "paren" | "parameter" | "backquote")[] = ["base"];
  #pending: Heredoc[] = [];
  #at = 0;

  constructor(text: string, tell: Tell) {
    this.#text = text;
    this.#tell = tell;
  }

  scan(): void {
    while (this.#at < this.#text.length) this.#step();
  }

  get #innermost() {
    return this.#open.at(-1)!;
  }

  get #isNested(): boolean {
    return this.#open.includes("parameter") || this.#open.includes("backquote");
  }

  #step(): void {
    const text = this.#text;
    const character = text[this.#at]!;
    const isDouble = this.#innermost === "double";
    if (character === "\\") {
      // What the backslash takes is not quoted by what is written here.
      this.#tell(this.#at + 1, "nested");
      this.#at += 2;
    } else if (character === "$" && text[this.#at + 1] === "(") {
      this.#push("substitution", 2);
    } else if (character === "$" && text[this.#at + 1] === "{") {
      this.#push("parameter", 2);
    } else if (character === "`") {
      if (this.#open.includes("backquote")) this.#popTo("backquote");
      else this.#push("backquote", 1);
    } else if (character === '"') {
      if (isDouble) this.#pop();
      else this.#push("double", 1);
    } else if (isDouble) {
      this.#told("double");
    } else {
      this.#stepUnquoted(character);
    }
  }

  #stepUnquoted(character: string): void {
    const text = this.#text;
    const isAnsi = character === "$" && text[this.#at + 1] === "'";
    if (character === "'" || isAnsi) {
      this.#single(isAnsi);
    } else if (character === "}" && this.#innermost === "parameter") {
      this.#pop();
    } else if (character === "(") {
      this.#push("paren", 1);
    } else if (character === ")" && (this.#innermost === "paren" || this.#innermost === "substitution")) {
      this.#pop();
    } else if (character === "#" && /(?:^|[\s;&|()])$/.test(text.slice(Math.max(0, this.#at - 1), this.#at))) {
      this.#to(this.#lineEnd(this.#at), "comment");
    } else if (character === "<" && text.startsWith("<<", this.#at) && this.#heredocHead()) {
      return;
    } else if (character === "\n") {
      this.#at += 1;
      for (const heredoc of this.#pending.splice(0)) this.#heredocBody(heredoc);
    } else {
      this.#told("bare");
    }
  }

  #single(isAnsi: boolean): void {
    this.#at += isAnsi ? 2 : 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== "'") {
      if (isAnsi && this.#text[this.#at] === "\\") this.#at += 1;
      this.#told(isAnsi ? "nested" : "single");
    }
    this.#at += 1;
  }

  /** @returns whether one begins here; `<<<` of other shells is none. */
  #heredocHead(): boolean {
    const head = /<<(-?)[ \t]*(?:(['"])([^'"\n]+)\2|(\\?)([\w.-]+))/y;
    head.lastIndex = this.#at;
    const match = head.exec(this.#text);
    if (match === null) {
      this.#at += this.#text.startsWith("<<<", this.#at) ? 3 : 2;
      return true;
    }
    const [whole, dash, quote, quoted, backslash, word] = match;
    this.#pending.push({
      delimiter: quoted ?? word ?? "",
      isQuoted: quote !== undefined || backslash === "\\",
      stripsTabs: dash === "-",
    });
    this.#at += whole.length;
    return true;
  }

  #heredocBody(heredoc: Heredoc): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const end = this.#lineEnd(this.#at);
      const line = this.#text.slice(this.#at, end);
      if ((heredoc.stripsTabs ? line.replace(/^\t+/, "") : line) === heredoc.delimiter) {
        this.#at = Math.min(end + 1, this.#text.length);
        return;
      }
      for (; this.#at < end; this.#at += 1) {
        const two = this.#text.slice(this.#at, this.#at + 2);
        const character = two[0]!;
        if (!heredoc.isQuoted && character === "\\") {
          this.#at += 1;
          this.#tell(this.#at, "nested");
        } else if (!heredoc.isQuoted && (two === "$(" || two === "${" || character === "`")) {
          depth += 1;
        } else {
          this.#tell(this.#at, heredoc.isQuoted ? "rawHeredoc" : depth > 0 ? "nested" : "heredoc", heredoc);
        }
      }
      this.#at = end + 1;
      depth = 0;
    }
  }

  #told(place: ShellPlace): void {
    this.#tell(this.#at, this.#isNested ? "nested" : place);
    this.#at += 1;
  }

  #to(end: number, place: ShellPlace): void {
    while (this.#at < end) this.#told(place);
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }

  #push(what: "double" | "substitution" | "paren" | "parameter" | "backquote", length: number): void {
    this.#open.push(what);
    this.#at += length;
  }

  #pop(): void {
    this.#open.pop();
    this.#at += 1;
  }

  #popTo(what: "backquote"): void {
    this.#open.splice(this.#open.lastIndexOf(what));
    this.#at += 1;
  }
}
