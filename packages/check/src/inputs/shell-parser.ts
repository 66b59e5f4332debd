/** Parses shell text into its simple commands. POSIX.1-2024 "Shell Command Language" with the common parts of bash. */
import type { ShellAssignment, ShellCommand, ShellExpansion, ShellRedirection, ShellWord } from "./shell.ts";
import { InputError, type Location } from "./source-file.ts";

type Locate = (start: number, end: number) => Location | undefined;

/** Deeper nesting of substitutions and groups than anybody writes. */
const maxDepth = 100;

/** @throws {InputError} for a quote, an expansion or a substitution that is not closed. */
export function parseShell(text: string, locate: Locate = () => undefined): readonly ShellCommand[] {
  const parser = new ShellParser(text, locate, 0, text.length, 0);
  parser.parseAll();
  return parser.commands.sort((left, right) => left.start - right.start);
}

/** Text in which `$` and backquotes have their meaning and quotes have none, as in a here-document. @throws {InputError} */
export function parseShellText(text: string): ShellWord {
  return new ShellParser(text, () => undefined, 0, text.length, 0).hereText();
}

interface MutableCommand {
  assignments: ShellAssignment[];
  words: ShellWord[];
  redirections: ShellRedirection[];
  start: number;
  end: number;
  output: ShellCommand["output"];
  pipedInto: ShellCommand | undefined;
  functionName: string | undefined;
  /** Whether something nearer has already said where the output goes. */
  isDirected: boolean;
}

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

type Token =
  | { readonly kind: "word"; readonly word: ShellWord; readonly isPlain: boolean }
  | { readonly kind: "operator"; readonly text: string; readonly start: number }
  | { readonly kind: "redirection"; readonly redirection: ShellRedirection }
  | { readonly kind: "end" };

/** Collects a word while it is read. */
class WordBuilder {
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

const operators = [";;&", "&&", "||", "|&", ";;", ";&", ";", "&", "|", "(", ")", "\n"];
const redirectionOperators = ["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", ">>", ">&", ">|", "<", ">"];
const separators: ReadonlySet<string> = new Set([";", "&", "&&", "||", "\n"]);
/** Reserved words between two lists of commands. */
const connectives: ReadonlySet<string> = new Set(["then", "elif", "else", "do", "!", "time"]);
const nothing: ReadonlySet<string> = new Set();

class ShellParser {
  readonly commands: ShellCommand[] = [];
  readonly #text: string;
  readonly #locate: Locate;
  readonly #end: number;
  #at: number;
  #depth: number;
  #functionName: string | undefined;
  #pending: HereDocument[] = [];
  #peeked: Token | undefined;

  constructor(text: string, locate: Locate, at: number, end: number, depth: number) {
    this.#text = text;
    this.#locate = locate;
    this.#at = at;
    this.#end = end;
    this.#depth = depth;
  }

  parseAll(): void {
    this.#list(nothing);
  }

  hereText(): ShellWord {
    const word = new WordBuilder(this.#at);
    while (this.#at < this.#end) this.#inText(word, false);
    return word.build(this.#at);
  }

  /** Reads commands up to, and not with, one of `ends`: operators or reserved words. What does not belong is passed over. */
  #list(ends: ReadonlySet<string>): MutableCommand[] {
    if (++this.#depth > maxDepth) this.#fail("this is nested too deeply to be read", this.#at);
    const found: MutableCommand[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") break;
      const name = nameOf(token);
      if (name !== undefined && ends.has(name)) break;
      if (token.kind === "operator" && token.text !== "(") this.#next();
      else if (name !== undefined && connectives.has(name)) this.#next();
      else found.push(...this.#pipeline());
    }
    this.#depth -= 1;
    return found;
  }

  #pipeline(): MutableCommand[] {
    let left = this.#command();
    const found = [...left];
    for (;;) {
      const token = this.#peek();
      if (token.kind !== "operator" || (token.text !== "|" && token.text !== "|&")) return found;
      this.#next();
      this.#skipNewlines();
      const right = this.#command();
      direct(left, "pipe", right[0]);
      found.push(...right);
      left = right;
    }
  }

  /** A simple command, or those of a compound one. */
  #command(): MutableCommand[] {
    const token = this.#peek();
    const name = nameOf(token);
    switch (name) {
      case "(":
        return this.#group(")");
      case "{":
        return this.#group("}");
      case "if":
        return this.#group("fi");
      case "while":
      case "until":
        return this.#group("done");
      case "for":
      case "select":
        return this.#loop();
      case "case":
        return this.#case();
      case "function":
        this.#next();
        return this.#functionAfter(this.#next());
      default:
        return this.#simple();
    }
  }

  #group(closing: string): MutableCommand[] {
    this.#next();
    const found = this.#list(new Set([closing]));
    this.#next();
    return this.#redirected(found);
  }

  #loop(): MutableCommand[] {
    this.#next();
    for (let token = this.#peek(); token.kind !== "end"; token = this.#peek()) {
      const name = nameOf(token);
      if (name === "do" || name === "{" || (token.kind === "operator" && separators.has(token.text))) break;
      this.#next();
    }
    while (isSeparator(this.#peek())) this.#next();
    return this.#group(nameOf(this.#peek()) === "{" ? "}" : "done");
  }

  #case(): MutableCommand[] {
    this.#next();
    this.#next();
    this.#skipNewlines();
    if (nameOf(this.#peek()) === "in") this.#next();
    const found: MutableCommand[] = [];
    const ends = new Set([";;", ";&", ";;&", "esac"]);
    for (;;) {
      this.#skipNewlines();
      const token = this.#peek();
      if (token.kind === "end") break;
      if (nameOf(token) === "esac") {
        this.#next();
        break;
      }
      if (nameOf(token) === "(") this.#next();
      while (this.#peek().kind !== "end" && nameOf(this.#peek()) !== ")") this.#next();
      this.#next();
      found.push(...this.#list(ends));
      if (nameOf(this.#peek()) !== "esac") this.#next();
    }
    return this.#redirected(found);
  }

  #functionAfter(name: Token): MutableCommand[] {
    if (nameOf(this.#peek()) === "(") {
      this.#next();
      if (nameOf(this.#peek()) === ")") this.#next();
    }
    this.#skipNewlines();
    const outer = this.#functionName;
    this.#functionName = name.kind === "word" ? name.word.text : undefined;
    const found = this.#command();
    this.#functionName = outer;
    // Defining it runs nothing: where its output goes is decided by who calls it.
    for (const command of found) command.isDirected = true;
    return [];
  }

  #redirected(found: MutableCommand[]): MutableCommand[] {
    const redirections: ShellRedirection[] = [];
    for (let token = this.#peek(); token.kind === "redirection"; token = this.#peek()) {
      redirections.push(token.redirection);
      this.#next();
    }
    const output = outputOf(redirections);
    if (output !== undefined) direct(found, output);
    return found;
  }

  #simple(): MutableCommand[] {
    const assignments: ShellAssignment[] = [];
    const words: ShellWord[] = [];
    const redirections: ShellRedirection[] = [];
    let start: number | undefined;
    let end = this.#at;
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") break;
      if (token.kind === "operator") {
        const [only] = words;
        if (token.text === "(" && words.length === 1 && only !== undefined && assignments.length === 0) {
          return this.#functionAfter({ kind: "word", word: only, isPlain: true });
        }
        // A stray parenthesis, as a command cannot have one: passed over, so that reading goes on.
        if (token.text === "(") {
          this.#next();
          continue;
        }
        break;
      }
      this.#next();
      if (token.kind === "redirection") {
        redirections.push(token.redirection);
        start ??= token.redirection.target.start;
        end = Math.max(end, token.redirection.target.end);
        continue;
      }
      const { word } = token;
      start ??= word.start;
      end = word.end;
      const assignment = words.length === 0 ? this.#assignmentOf(word) : undefined;
      if (assignment === undefined) words.push(word);
      else assignments.push(assignment);
      if (words.length === 1 && token.isPlain && word.text === "[[") this.#conditional(words);
      end = words.at(-1)?.end ?? end;
      end = Math.max(end, word.end);
    }
    if (start === undefined) return [];
    const output = outputOf(redirections);
    const command: MutableCommand = {
      ...{ assignments, words, redirections, start, end },
      output: output ?? "inherited",
      pipedInto: undefined,
      functionName: this.#functionName,
      isDirected: output !== undefined,
    };
    this.commands.push(command);
    return [command];
  }

  /** A word that begins with a name and `=`, neither of them in quotes. */
  #assignmentOf(word: ShellWord): ShellAssignment | undefined {
    const written = this.#text.slice(word.start, word.end);
    const [whole, name] = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=/.exec(written) ?? [];
    if (whole === undefined || name === undefined) return undefined;
    return { name, value: { ...word, text: word.text.slice(whole.length), start: word.start + whole.length } };
  }

  /** `[[ … ]]`, in which parentheses, `<`, `>`, `&&` and `||` belong to the condition. */
  #conditional(words: ShellWord[]): void {
    for (;;) {
      while (this.#at < this.#end && /\s/.test(this.#text[this.#at]!)) this.#at += 1;
      if (this.#at >= this.#end) return;
      const word = new WordBuilder(this.#at);
      if (this.#match(/\]\](?=[\s;&|)]|$)/y) !== undefined) {
        words.push({ ...word.build(this.#at), text: "]]" });
        return;
      }
      while (this.#at < this.#end && !/\s/.test(this.#text[this.#at]!)) this.#piece(word);
      words.push(word.build(this.#at));
    }
  }

  #skipNewlines(): void {
    for (let token = this.#peek(); token.kind === "operator" && token.text === "\n"; token = this.#peek()) this.#next();
  }

  #peek(): Token {
    this.#peeked ??= this.#token();
    return this.#peeked;
  }

  #next(): Token {
    const token = this.#peek();
    this.#peeked = undefined;
    return token;
  }

  #token(): Token {
    this.#skipBlanks();
    if (this.#at >= this.#end) return { kind: "end" };
    const start = this.#at;
    if (this.#text.startsWith("((", start)) {
      this.#arithmetic(start, 2);
      return { kind: "operator", text: ";", start };
    }
    const descriptor = this.#match(/\d+(?=[<>])/y);
    const redirection = redirectionOperators.find((operator) => this.#text.startsWith(operator, this.#at));
    if (redirection !== undefined && !/^[<>]\(/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#at += redirection.length;
      return { kind: "redirection", redirection: this.#redirection(descriptor, redirection) };
    }
    const operator = operators.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (operator !== undefined) {
      this.#at += operator.length;
      if (operator === "\n") this.#readHereDocuments();
      return { kind: "operator", text: operator, start };
    }
    const word = this.#word(start, descriptor ?? "");
    return { kind: "word", word: word.build(this.#at), isPlain: word.isPlain };
  }

  #skipBlanks(): void {
    for (;;) {
      const blank = this.#match(/(?:[^\S\n]|\\\r?\n)+|#[^\n]*/y);
      if (blank === undefined) return;
    }
  }

  #redirection(descriptor: string | undefined, operator: string): ShellRedirection {
    this.#skipBlanks();
    const target = this.#word(this.#at, "");
    const redirection: MutableRedirection = {
      descriptor: descriptor === undefined ? undefined : Number(descriptor),
      operator,
      target: target.build(this.#at),
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
    for (const { redirection, delimiter, isLiteral, stripsTabs } of pending) {
      const start = this.#at;
      let end = this.#end;
      let next = this.#end;
      for (let line = start; line < this.#end; ) {
        const newline = this.#text.indexOf("\n", line);
        const lineEnd = newline < 0 || newline > this.#end ? this.#end : newline;
        const text = this.#text.slice(line, lineEnd).replace(/\r$/, "");
        if ((stripsTabs ? text.replace(/^\t+/, "") : text) === delimiter) {
          end = line;
          next = Math.min(lineEnd + 1, this.#end);
          break;
        }
        line = lineEnd + 1;
      }
      redirection.body = isLiteral
        ? { text: this.#text.slice(start, end), start, end, expansions: [], substituted: [] }
        : this.#nested(start, end, (parser) => parser.hereText());
      this.#at = next;
    }
  }

  /** Reads a stretch by itself; its commands are commands of this text. */
  #nested<T>(start: number, end: number, read: (parser: ShellParser) => T): T {
    const parser = new ShellParser(this.#text, this.#locate, start, end, this.#depth + 1);
    parser.#functionName = this.#functionName;
    const result = read(parser);
    this.commands.push(...parser.commands);
    return result;
  }

  #word(start: number, before: string): WordBuilder {
    const word = new WordBuilder(start);
    word.text = before;
    while (this.#at < this.#end) {
      const character = this.#text[this.#at]!;
      if (character === "(" && (/[?*+@!]$/.test(word.text) || /^\w+(?:\[[^\]]*\])?\+?=$/.test(word.text))) {
        this.#parenthesized(word);
        continue;
      }
      if ((character === "<" || character === ">") && this.#text[this.#at + 1] === "(") {
        this.#at += 1;
        this.#substitution(word, this.#at - 1);
        continue;
      }
      if (/[\s;&|<>()]/.test(character)) break;
      this.#piece(word);
    }
    return word;
  }

  /** An array `=( … )` or a pattern `@( … )`. */
  #parenthesized(word: WordBuilder): void {
    const start = this.#at;
    if (++this.#depth > maxDepth) this.#fail("this is nested too deeply to be read", start);
    this.#plain(word, 1);
    for (;;) {
      if (this.#at >= this.#end) this.#fail("this parenthesis is not closed", start);
      const character = this.#text[this.#at]!;
      if (character === ")") break;
      if (character === "#" && /\s/.test(this.#text[this.#at - 1]!)) this.#match(/[^\n]*/y);
      else if (character === "(") this.#parenthesized(word);
      else this.#piece(word);
    }
    this.#plain(word, 1);
    this.#depth -= 1;
  }

  /** One piece of a word: a quoted stretch, an expansion, or a character. */
  #piece(word: WordBuilder): void {
    const start = this.#at;
    const character = this.#text[start]!;
    if (character === "'") {
      const close = this.#text.indexOf("'", start + 1);
      if (close < 0 || close >= this.#end) this.#fail("this quote is not closed", start);
      word.text += this.#text.slice(start + 1, close);
      word.isPlain = false;
      this.#at = close + 1;
    } else if (character === "$" && this.#text[start + 1] === "'") {
      const quoted = this.#match(/\$'(?:[^'\\]|\\[\s\S])*'/y);
      if (quoted === undefined) this.#fail("this quote is not closed", start);
      word.text += quoted!.slice(2, -1);
      word.isPlain = false;
    } else if (character === '"' || (character === "$" && this.#text[start + 1] === '"')) {
      this.#at += character === "$" ? 2 : 1;
      word.isPlain = false;
      while (this.#text[this.#at] !== '"' || this.#at >= this.#end) {
        if (this.#at >= this.#end) this.#fail("this quote is not closed", start);
        this.#inText(word, true);
      }
      this.#at += 1;
    } else if (character === "\\") {
      if (this.#text[start + 1] !== "\n") word.text += this.#text.slice(start + 1, Math.min(start + 2, this.#end));
      word.isPlain = false;
      this.#at = Math.min(start + 2, this.#end);
    } else if (character === "$" || character === "`") this.#dollar(word);
    else this.#plain(word, 1);
  }

  /** One piece inside of double quotes or of a here-document. */
  #inText(word: WordBuilder, isQuoted: boolean): void {
    const character = this.#text[this.#at]!;
    if (character === "\\" && this.#at + 1 < this.#end) {
      const escaped = this.#text[this.#at + 1]!;
      const isEscape = escaped === "$" || escaped === "`" || escaped === "\\" || (isQuoted && escaped === '"');
      if (escaped !== "\n") word.text += isEscape ? escaped : `\\${escaped}`;
      this.#at += 2;
    } else if (character === "$" || character === "`") this.#dollar(word);
    else this.#plain(word, 1);
  }

  #dollar(word: WordBuilder): void {
    const start = this.#at;
    if (this.#text[start] === "`") this.#backquotes(word);
    else if (this.#text.startsWith("$((", start)) {
      this.#arithmetic(start, 3);
      word.text += this.#text.slice(start, this.#at);
    } else if (this.#text[start + 1] === "(") {
      this.#at += 1;
      this.#substitution(word, start);
    } else if (this.#text[start + 1] === "{") this.#braces(word);
    else {
      const name = this.#match(/\$([A-Za-z_]\w*|[@*#?$!0-9-])/y)?.slice(1);
      if (name === undefined) {
        this.#plain(word, 1);
        return;
      }
      word.text += `$${name}`;
      word.expansions.push({ name, isLength: false, operator: "", operand: "", start, end: this.#at });
    }
    word.isPlain = false;
  }

  /** `$( … )` or `<( … )`, with the parser at the parenthesis. */
  #substitution(word: WordBuilder, start: number): void {
    const [peeked, pending] = [this.#peeked, this.#pending];
    this.#peeked = undefined;
    this.#pending = [];
    this.#at += 1;
    const found = this.#list(new Set([")"]));
    const closing = this.#next();
    if (nameOf(closing) !== ")") this.#fail("this substitution is not closed", start);
    this.#peeked = peeked;
    this.#pending = pending;
    this.#capture(word, start, found);
  }

  #backquotes(word: WordBuilder): void {
    const start = this.#at;
    const quoted = this.#match(/`(?:[^`\\]|\\[\s\S])*`/y);
    if (quoted === undefined || this.#at > this.#end) this.#fail("this backquote is not closed", start);
    const end = this.#at;
    const found = this.#nested(start + 1, end - 1, (parser) => parser.#list(nothing));
    this.#at = end;
    this.#capture(word, start, found);
  }

  #capture(word: WordBuilder, start: number, found: MutableCommand[]): void {
    direct(found, "captured");
    word.substituted.push(...found);
    word.text += this.#text.slice(start, this.#at);
    word.isPlain = false;
  }

  #braces(word: WordBuilder): void {
    const start = this.#at;
    if (++this.#depth > maxDepth) this.#fail("this is nested too deeply to be read", start);
    this.#at += 2;
    const length = this.#match(/#(?=[A-Za-z_@*0-9])/y) ?? "";
    const name = this.#match(/!?(?:[A-Za-z_]\w*|[@*#?$!0-9-]+)(?:\[[^\]\n]*\])?/y) ?? "";
    const operator = this.#match(/:?[-+=?]|\/\/|##|%%|\^\^|,,|[:/#%^,@]/y) ?? "";
    const operandStart = this.#at;
    const operand = new WordBuilder(operandStart);
    while (this.#text[this.#at] !== "}" || this.#at >= this.#end) {
      if (this.#at >= this.#end) this.#fail("this expansion is not closed", start);
      if (this.#text[this.#at] === "'") this.#apostrophe(operand);
      else this.#piece(operand);
    }
    this.#at += 1;
    this.#depth -= 1;
    word.expansions.push({
      name: name.replace(/^!|\[.*$/g, ""),
      isLength: length !== "",
      operator,
      operand: this.#text.slice(operandStart, this.#at - 1),
      start,
      end: this.#at,
    });
    word.expansions.push(...operand.expansions);
    word.substituted.push(...operand.substituted);
    word.text += this.#text.slice(start, this.#at);
    word.isPlain = false;
  }

  /** In `"${A:-it's}"` it is a character, in `${A:-'it s'}` it is a quote: one that closes before the brace is taken for a quote. */
  #apostrophe(word: WordBuilder): void {
    if (this.#match(/'[^'}\n]*'/y) === undefined) this.#plain(word, 1);
  }

  /** Goes behind `(( … ))`, with the parser at its beginning. */
  #arithmetic(start: number, opening: number): void {
    this.#at = start + opening;
    for (let depth = 2; depth > 0; this.#at += 1) {
      if (this.#at >= this.#end) this.#fail("this arithmetic expression is not closed", start);
      if (this.#text[this.#at] === "(") depth += 1;
      else if (this.#text[this.#at] === ")") depth -= 1;
    }
  }

  #plain(word: WordBuilder, length: number): void {
    word.text += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  /** Goes behind a match of the sticky expression. */
  #match(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const text = expression.exec(this.#text)?.[0];
    if (text === undefined || text === "" || this.#at + text.length > this.#end) return undefined;
    this.#at += text.length;
    return text;
  }

  #fail(message: string, start: number): never {
    throw new InputError(`this cannot be read as a shell script: ${message}`, this.#locate(start, start + 1));
  }
}

/** The operator, or the word where it is without quotes. */
function nameOf(token: Token): string | undefined {
  if (token.kind === "operator") return token.text;
  return token.kind === "word" && token.isPlain ? token.word.text : undefined;
}

function isSeparator(token: Token): boolean {
  return token.kind === "operator" && separators.has(token.text);
}

const terminals = /^\/dev\/(?:stdout|stderr|tty|fd\/[12])$|^\/proc\/(?:self|1|\$\$|\d+)\/fd\/[12]$/;

function outputOf(redirections: readonly ShellRedirection[]): ShellCommand["output"] | undefined {
  let output: ShellCommand["output"] | undefined;
  for (const { descriptor, operator, target } of redirections) {
    if (!/^(?:>>?|>\||&>>?|>&)$/.test(operator) || (descriptor ?? 1) !== 1) continue;
    const isDuplicate = operator === ">&" && /^(?:\d+|-)$/.test(target.text);
    output = isDuplicate || terminals.test(target.text) ? "inherited" : "file";
  }
  return output;
}

function direct(commands: readonly MutableCommand[], output: ShellCommand["output"], into?: ShellCommand): void {
  for (const command of commands) {
    if (command.isDirected) continue;
    command.output = output;
    command.pipedInto = into;
    command.isDirected = true;
  }
}
