/** `.env` files as compose reads them: names, values, quotes, comments and `${…}`. */
import { basename } from "node:path";
import { defineFormat } from "./format.ts";
import { InterpolationError, interpolate, type Lookup } from "./interpolation.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface DotenvFile {
  /** As {@link SourceFile.path}. */
  readonly path: string;
  readonly variables: readonly DotenvVariable[];
}

export interface DotenvVariable {
  readonly name: string;
  /** Quotes taken off, `${…}` filled in from the file above it and the environment. */
  readonly value: string;
  /** As it stands in the file, quotes and `${…}` and all. */
  readonly written: string;
  /** Whether the file has the value itself, and not by `${…}` or from the environment. */
  readonly isLiteral: boolean;
  /** From the name to the end of the value. */
  readonly location: Location;
}

/** Not those of a program or a template, nor those that are encrypted. */
const otherFormats = /\.(?:age|asc|cjs|enc|erb|gpg|j2|js|json|md|mjs|py|sh|sops|tmpl|tpl|ts|ya?ml)$/i;

export const dotenvFormat = defineFormat({
  kind: "dotenv",
  recognizes: ({ path }) => {
    const name = basename(path);
    return name.endsWith(".env") || (name.startsWith(".env.") && !otherFormats.test(name));
  },
  parse: (file) => [parseDotenv(file)],
});

export interface DotenvOptions {
  /** What `${NAME}` and a name without a value are filled from before the file itself. */
  readonly lookup?: Lookup;
  /** `format: raw` of an `env_file`: neither quotes nor `${…}` mean anything. */
  readonly isRaw?: boolean;
}

/** @throws {InputError} */
export function parseDotenv(
  file: SourceFile,
  { lookup = () => undefined, isRaw = false }: DotenvOptions = {},
): DotenvFile {
  return { path: file.path, variables: new Reader(file, lookup, isRaw).read() };
}

const spaces = /[^\S\n]*/y;
const blankAndComments = /(?:\s|#[^\n]*)*/y;
const exportPrefix = /export(?=[^\S\n])[^\S\n]*/y;
const names = /[\p{L}\p{N}_.[\]-]+/uy;
const escapes = /\\(?:[abfnrtv$"\\]|0[0-7]{0,3})/g;
const controls: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** A dollar sign that is escaped stays one when `${…}` is filled in afterwards. */
function withoutEscapes(text: string): string {
  return text.replace(escapes, (sequence) => {
    const letter = sequence[1]!;
    if (letter === "$") return "$$";
    return letter === "0" ? String.fromCharCode(Number.parseInt(sequence.slice(1), 8)) : (controls[letter] ?? letter);
  });
}

class Reader {
  readonly #file: SourceFile;
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #isRaw: boolean;
  readonly #values = new Map<string, string>();
  #at: number;
  /** Of the value that is read. */
  #isLiteral = true;

  constructor(file: SourceFile, lookup: Lookup, isRaw: boolean) {
    this.#file = file;
    this.#text = file.text;
    this.#lookup = lookup;
    this.#isRaw = isRaw;
    this.#at = this.#text.startsWith("\uFEFF") ? 1 : 0;
  }

  read(): readonly DotenvVariable[] {
    const variables: DotenvVariable[] = [];
    for (;;) {
      this.#skip(blankAndComments);
      if (this.#at >= this.#text.length) return variables;
      const variable = this.#statement();
      if (variable === undefined) continue;
      variables.push(variable);
      this.#values.set(variable.name, variable.value);
    }
  }

  #statement(): DotenvVariable | undefined {
    this.#skip(exportPrefix);
    const start = this.#at;
    const name = this.#skip(names);
    const nameEnd = this.#at;
    this.#skip(spaces);
    const delimiter = this.#text[this.#at];
    if (name === "" || (delimiter !== undefined && !"=:\n".includes(delimiter))) {
      throw new InputError(
        "this line is not of the form NAME=value: a name has letters, digits, _ . - and no spaces",
        this.#file.locate(start, Math.max(nameEnd, this.#lineEnd(start))),
      );
    }
    if (delimiter !== "=" && delimiter !== ":") return this.#inherited(name, start, nameEnd);
    this.#at++;
    this.#skip(spaces);
    const from = this.#at;
    this.#isLiteral = true;
    const value = this.#value();
    if (/^\d/.test(name)) return undefined;
    const written = this.#text.slice(from, this.#at).trimEnd();
    return {
      name,
      value,
      written,
      isLiteral: this.#isLiteral,
      location: this.#file.locate(start, from + written.length),
    };
  }

  /** A name alone is taken over from the environment. */
  #inherited(name: string, start: number, end: number): DotenvVariable | undefined {
    const inherited = this.#lookup(name);
    if (inherited === undefined) return undefined;
    return { name, value: inherited.value, written: "", isLiteral: false, location: this.#file.locate(start, end) };
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (this.#isRaw || (quote !== '"' && quote !== "'")) return this.#unquoted();
    const start = this.#at;
    const end = this.#closingQuote(quote);
    const inner = this.#text.slice(start + 1, end);
    this.#at = end + 1;
    if (quote === "'") return inner.replaceAll("\\'", "'");
    return this.#filled(withoutEscapes(inner), start, end);
  }

  #unquoted(): string {
    const start = this.#at;
    const end = this.#lineEnd(start);
    let line = this.#text.slice(start, end);
    if (!this.#isRaw) line = line.split(" #", 1)[0]!;
    line = line.trimEnd();
    this.#at = start + line.length;
    const value = this.#isRaw ? line : this.#filled(line, start, this.#at);
    if (!this.#isRaw) this.#at = end;
    return value;
  }

  #filled(text: string, start: number, end: number): string {
    try {
      const { value, references } = interpolate(text, (name) => {
        const above = this.#values.get(name);
        return this.#lookup(name) ?? (above === undefined ? undefined : { value: above, from: "dotenv" });
      });
      this.#isLiteral = references.length === 0;
      return value;
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error;
      throw new InputError(error.message, this.#file.locate(start, end), { cause: error });
    }
  }

  #closingQuote(quote: string): number {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at++;
      else if (this.#text[at] === quote) return at;
    }
    throw new InputError(
      `the quote ${quote} that begins this value is not closed`,
      this.#file.locate(start, this.#lineEnd(start)),
    );
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf("\n", from);
    return end < 0 ? this.#text.length : end;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}
