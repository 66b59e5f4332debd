/** nginx's configuration files: directives with parameters, and blocks of directives. */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface NginxDirective {
  readonly name: string;
  /** Quotes taken off; `$variables` as they are. */
  readonly parameters: readonly string[];
  /** Of a simple directive up to and with its `;`, of a block up to its `{`. */
  readonly location: Location;
  readonly block?: readonly NginxDirective[];
}

export interface NginxFile {
  readonly file: SourceFile;
  readonly directives: readonly NginxDirective[];
}

/** Real configurations have six. */
const maxDepth = 50;
const names =
  /(?:^|\/)(?:[^/]*\.(?:conf|nginx|vhost)(?:\.template)?|nginx[^/.]*|(?:sites-(?:available|enabled)|snippets)\/[^/]+)$/;
const block = /^[ \t]*(?:(?:server|http|events)|upstream[ \t]+\S+|location[ \t]+[^{;]{1,200}?)[ \t\r\n]*\{/m;
const directive =
  /^[ \t]*(?:listen|server_name|proxy_pass|root|worker_connections|ssl_(?:protocols|ciphers|certificate|ecdh_curve)|add_header)[ \t][^{}]{1,2000}?;/m;

export const nginxFormat = defineFormat({
  kind: "nginx",
  recognizes: ({ path, text }) =>
    names.test(path) && directive.test(text) && (block.test(text) || /nginx|snippets|sites-/.test(path)),
  parse: (file) => [parseNginx(file)],
});

interface Word {
  readonly kind: "word" | "{" | "}" | ";";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface OpenBlock {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly location: Location;
  readonly directives: NginxDirective[];
}

/** @throws {InputError} where a brace, a quote or a semicolon is missing. */
export function parseNginx(file: SourceFile): NginxFile {
  const directives: NginxDirective[] = [];
  const open: OpenBlock[] = [];
  let words: Word[] = [];
  const lexer = new Lexer(file);
  for (let word = lexer.next(); word !== undefined; word = lexer.next()) {
    const [first] = words;
    const into = open.at(-1)?.directives ?? directives;
    if (word.kind === "word") words.push(word);
    else if (word.kind === "}") {
      if (first !== undefined)
        throw new InputError(`${first.text} ends without ;`, file.locate(first.start, word.start));
      const closed = open.pop();
      if (closed === undefined) throw new InputError("this } closes nothing", file.locate(word.start, word.end));
      const { name, parameters, location } = closed;
      (open.at(-1)?.directives ?? directives).push({ name, parameters, location, block: closed.directives });
    } else if (first === undefined) {
      throw new InputError(`before this ${word.text} there is no directive`, file.locate(word.start, word.end));
    } else {
      const name = first.text;
      const parameters = words.slice(1).map(({ text }) => text);
      words = [];
      if (word.kind === ";") {
        into.push({ name, parameters, location: file.locate(first.start, word.end) });
      } else if (name.endsWith("_by_lua_block")) {
        lexer.skipCode();
        into.push({ name, parameters, location: file.locate(first.start, word.start), block: [] });
      } else {
        const location = file.locate(first.start, word.start);
        if (open.length === maxDepth) throw new InputError("its blocks are nested too deeply", location);
        open.push({ name, parameters, location, directives: [] });
      }
    }
  }
  const [first] = words;
  if (first !== undefined) throw new InputError(`${first.text} ends without ;`, file.locate(first.start, first.end));
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new InputError(`the block ${unclosed.name} has no }`, unclosed.location);
  return { file, directives };
}

class Lexer {
  readonly #file: SourceFile;
  readonly #text: string;
  #at = 0;

  constructor(file: SourceFile) {
    this.#file = file;
    this.#text = file.text;
  }

  next(): Word | undefined {
    this.#skipSpace();
    const start = this.#at;
    const character = this.#text[start];
    if (character === undefined) return undefined;
    if (character === "{" || character === "}" || character === ";") {
      this.#at += 1;
      return { kind: character, text: character, start, end: this.#at };
    }
    const text = character === '"' || character === "'" ? this.#quoted(character) : this.#bare();
    return { kind: "word", text, start, end: this.#at };
  }

  /** Past the `}` that ends a block of another language. */
  skipCode(): void {
    const start = this.#at;
    for (let depth = 1; depth > 0; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new InputError("this block has no }", this.#file.locate(start));
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
    }
  }

  #skipSpace(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (character !== undefined && /\s/.test(character)) this.#at += 1;
      else return;
    }
  }

  #quoted(quote: string): string {
    const start = this.#at;
    let text = "";
    for (this.#at += 1; ; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new InputError(`this ${quote} is not closed`, this.#file.locate(start));
      if (character === quote) break;
      if (character === "\\" && /["'\\]/.test(this.#text[this.#at + 1] ?? "")) this.#at += 1;
      text += this.#text[this.#at];
    }
    this.#at += 1;
    return text;
  }

  /** A `{` after `$` is the beginning of a variable and belongs to the word. */
  #bare(): string {
    const start = this.#at;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === "\\" && this.#at + 1 < this.#text.length) this.#at += 2;
      else if (character === "$" && this.#text[this.#at + 1] === "{") {
        const end = this.#text.indexOf("}", this.#at);
        if (end < 0) throw new InputError("this variable has no }", this.#file.locate(this.#at));
        this.#at = end + 1;
      } else if (character === undefined || /[\s;{}]/.test(character)) break;
      else this.#at += 1;
    }
    return this.#text.slice(start, this.#at);
  }
}

export interface NginxPlace {
  readonly directive: NginxDirective;
  /** `http.server[ldap.example.com].location[/metrics].add_header`: the logical path, without line numbers. */
  readonly path: string;
  /** The blocks that it is in, the outermost first. */
  readonly blocks: readonly NginxDirective[];
}

/** Every directive of a file in the order in which they are written, blocks before what is in them. */
export function* nginxPlaces({ directives }: NginxFile): Generator<NginxPlace> {
  yield* placesIn(directives, "", []);
}

function* placesIn(
  directives: readonly NginxDirective[],
  prefix: string,
  blocks: readonly NginxDirective[],
): Generator<NginxPlace> {
  for (const directive of directives) {
    const path = `${prefix}${directive.name}${directive.block === undefined ? "" : bracketed(directive)}`;
    yield { directive, path, blocks };
    if (directive.block !== undefined) yield* placesIn(directive.block, `${path}.`, [...blocks, directive]);
  }
}

/** What tells a block from others of its name: of a server its first name or what it listens on. */
function bracketed({ name, parameters, block = [] }: NginxDirective): string {
  const named = (wanted: string) => block.find((inner) => inner.name === wanted)?.parameters[0];
  const text = name === "server" ? (named("server_name") ?? named("listen") ?? "") : parameters.join(" ");
  return text === "" ? "" : `[${text}]`;
}
