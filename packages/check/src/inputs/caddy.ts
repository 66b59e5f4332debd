/** Caddyfiles: sites with their addresses, snippets, and directives with arguments and blocks. */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface CaddyDirective {
  readonly name: string;
  /** Quotes taken off; `{placeholders}` as they are. */
  readonly parameters: readonly string[];
  /** From the name to the last argument. */
  readonly location: Location;
  readonly block?: readonly CaddyDirective[];
}

interface CaddySite {
  /** `ldap.example.com`, `:80`, `http://10.0.0.1`. */
  readonly addresses: readonly string[];
  /** Of the addresses. */
  readonly location: Location;
  /** Where `import NAME` names a snippet of the same file, its directives stand in its place. */
  readonly directives: readonly CaddyDirective[];
}

export interface CaddyFile {
  readonly file: SourceFile;
  /** The block without addresses at the beginning. */
  readonly options: readonly CaddyDirective[];
  readonly sites: readonly CaddySite[];
}

const maxDepth = 50;
const maxImports = 1_000;

export const caddyFormat = defineFormat({
  kind: "caddy",
  recognizes: ({ path }) => /(?:^|\/)Caddyfile(?:\.[^/.]+)?$|\.(?:caddy|caddyfile)$/i.test(path),
  parse: (file) => [parseCaddyfile(file)],
});

/** @throws {InputError} where a brace or a quote is missing. */
export function parseCaddyfile(file: SourceFile): CaddyFile {
  const tokens = tokensOf(file);
  const reader = new Reader(file, tokens);
  const blocks = reader.topLevel();
  const snippets = new Map(
    blocks.flatMap(({ addresses: [name = ""], directives }) =>
      /^\(.+\)$/.test(name) ? [[name.slice(1, -1), directives] as const] : [],
    ),
  );
  const budget = { imports: maxImports };
  const expand = (directives: readonly CaddyDirective[], depth: number): readonly CaddyDirective[] =>
    directives.flatMap((directive): readonly CaddyDirective[] => {
      const snippet = directive.name === "import" ? snippets.get(directive.parameters[0] ?? "") : undefined;
      if (snippet !== undefined) {
        budget.imports -= 1;
        if (depth > maxDepth || budget.imports < 0)
          throw new InputError("its snippets import each other", directive.location);
        return expand(snippet, depth + 1);
      }
      return directive.block === undefined
        ? [directive]
        : [{ ...directive, block: expand(directive.block, depth + 1) }];
    });
  return {
    file,
    options: blocks.filter(({ addresses }) => addresses.length === 0).flatMap(({ directives }) => directives),
    sites: blocks
      .filter(({ addresses: [first = ""] }) => first !== "" && !first.startsWith("("))
      .map((site) => ({ ...site, directives: expand(site.directives, 0) })),
  };
}

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

class Reader {
  readonly #file: SourceFile;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(file: SourceFile, tokens: readonly Token[]) {
    this.#file = file;
    this.#tokens = tokens;
  }

  topLevel(): CaddySite[] {
    const sites: CaddySite[] = [];
    while (this.#at < this.#tokens.length) {
      const { addresses, location, isOpen } = this.#addresses();
      // A file of one site may do without braces: its first line has the addresses.
      const directives = isOpen ? this.#block(1, location) : this.#directives(0);
      sites.push({ addresses, location, directives });
    }
    return sites;
  }

  /** Up to `{` or the end of the line; a comma at its end goes on in the next one. */
  #addresses() {
    const first = this.#tokens[this.#at]!;
    const addresses: string[] = [];
    let last = first;
    for (;;) {
      const token = this.#tokens[this.#at];
      const isNewLine = token !== undefined && token.line > last.line;
      if (token === undefined || (isNewLine && !last.text.endsWith(",") && !isBrace(token, "{"))) break;
      this.#at += 1;
      if (isBrace(token, "}")) throw new InputError("this } closes nothing", this.#locate(token));
      if (isBrace(token, "{")) {
        return { addresses, location: this.#locate(first, addresses.length === 0 ? first : last), isOpen: true };
      }
      addresses.push(...token.text.split(",").filter((address) => address !== ""));
      last = token;
    }
    return { addresses, location: this.#locate(first, last), isOpen: false };
  }

  #block(depth: number, opened: Location): CaddyDirective[] {
    if (depth > maxDepth) throw new InputError("its blocks are nested too deeply", opened);
    const directives = this.#directives(depth);
    if (this.#at >= this.#tokens.length) throw new InputError("this block has no }", opened);
    this.#at += 1;
    return directives;
  }

  /** Up to the `}` that closes the block, or the end of the file. */
  #directives(depth: number): CaddyDirective[] {
    const directives: CaddyDirective[] = [];
    for (;;) {
      const first = this.#tokens[this.#at];
      if (first === undefined || isBrace(first, "}")) {
        if (first !== undefined && depth === 0) throw new InputError("this } closes nothing", this.#locate(first));
        return directives;
      }
      if (isBrace(first, "{")) throw new InputError("before this { there is no directive", this.#locate(first));
      directives.push(this.#directive(depth));
    }
  }

  #directive(depth: number): CaddyDirective {
    const first = this.#tokens[this.#at++]!;
    const parameters: string[] = [];
    let last = first;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token.line > last.line || isBrace(token, "}")) break;
      this.#at += 1;
      const location = this.#locate(first, last);
      if (isBrace(token, "{")) {
        return { name: first.text, parameters, location, block: this.#block(depth + 1, location) };
      }
      parameters.push(token.text);
      last = token;
    }
    return { name: first.text, parameters, location: this.#locate(first, last) };
  }

  #locate(first: Token, last: Token = first): Location {
    return this.#file.locate(first.start, last.end);
  }
}

function isBrace(token: Token, brace: "{" | "}"): boolean {
  return !token.isQuoted && token.text === brace;
}

function tokensOf(file: SourceFile): Token[] {
  const { text } = file;
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character === "\n") {
      line += 1;
      at += 1;
    } else if (character === "\\" && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      // The line goes on, as if it were one.
      at = text.indexOf("\n", at) + 1;
    } else if (/\s/.test(character)) at += 1;
    else if (character === "#") {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else {
      const token = character === '"' || character === "`" ? quoted(file, at, character) : bare(text, at);
      tokens.push({ ...token, line, start: at });
      line += text.slice(at, token.end).split("\n").length - 1;
      at = token.end;
    }
  }
  return tokens;
}

function quoted(file: SourceFile, start: number, quote: string) {
  const { text } = file;
  let content = "";
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === quote) return { text: content, isQuoted: true, end: at + 1 };
    if (quote === '"' && text[at] === "\\" && text[at + 1] === '"') at += 1;
    content += text[at];
  }
  throw new InputError(`this ${quote} is not closed`, file.locate(start));
}

function bare(text: string, start: number) {
  let end = start;
  while (end < text.length && !/\s/.test(text[end]!)) end += 1;
  return { text: text.slice(start, end), isQuoted: false, end };
}
