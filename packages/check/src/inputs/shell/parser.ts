/** Parses shell text into its simple commands. POSIX.1-2024 "Shell Command Language" with the common parts of bash. */
import type { ShellAssignment, ShellCommand, ShellRedirection, ShellWord } from "../shell.ts";
import { type Locate, ShellCursor } from "./cursor.ts";
import { ShellTokens, type Token } from "./tokens.ts";
import { ShellWords, type SubstitutionReader, WordBuilder } from "./words.ts";

/** @throws {InputError} for a quote, an expansion or a substitution that is not closed. */
export function parseShell(text: string, locate: Locate = () => undefined): readonly ShellCommand[] {
  const parser = new ShellParser(new ShellCursor(text, locate, 0, text.length, 0));
  parser.parseAll();
  return parser.commands.sort((left, right) => left.start - right.start);
}

/** Text in which `$` and backquotes have their meaning and quotes have none, as in a here-document. @throws {InputError} */
export function parseShellText(text: string): ShellWord {
  return new ShellParser(new ShellCursor(text, () => undefined, 0, text.length, 0)).hereText();
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

const separators: ReadonlySet<string> = new Set([";", "&", "&&", "||", "\n"]);
/** Reserved words between two lists of commands. */
const connectives: ReadonlySet<string> = new Set(["then", "elif", "else", "do", "!", "time"]);
const nothing: ReadonlySet<string> = new Set();

class ShellParser implements SubstitutionReader {
  readonly commands: ShellCommand[] = [];
  readonly #cursor: ShellCursor;
  readonly #words: ShellWords;
  readonly #tokens: ShellTokens;
  #functionName: string | undefined;

  constructor(cursor: ShellCursor) {
    this.#cursor = cursor;
    this.#words = new ShellWords(cursor, this);
    this.#tokens = new ShellTokens(cursor, this.#words, (start, end) =>
      this.#nested(start, end, (parser) => parser.hereText()),
    );
  }

  parseAll(): void {
    this.#list(nothing);
  }

  hereText(): ShellWord {
    return this.#words.text();
  }

  parenthesized(start: number): readonly ShellCommand[] {
    return this.#tokens.within(() => {
      this.#cursor.at += 1;
      const found = this.#list(new Set([")"]));
      if (nameOf(this.#tokens.next()) !== ")") this.#cursor.fail("this substitution is not closed", start);
      direct(found, "captured");
      return found;
    });
  }

  between(start: number, end: number): readonly ShellCommand[] {
    const found = this.#nested(start, end, (parser) => parser.#list(nothing));
    direct(found, "captured");
    return found;
  }

  /** Reads a stretch by itself; its commands are commands of this text. */
  #nested<T>(start: number, end: number, read: (parser: ShellParser) => T): T {
    const { text, locate, depth } = this.#cursor;
    const parser = new ShellParser(new ShellCursor(text, locate, start, end, depth + 1));
    parser.#functionName = this.#functionName;
    const result = read(parser);
    this.commands.push(...parser.commands);
    return result;
  }

  /** Reads commands up to, and not with, one of `ends`: operators or reserved words. What does not belong is passed over. */
  #list(ends: ReadonlySet<string>): MutableCommand[] {
    this.#cursor.enter();
    const found: MutableCommand[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind === "end") break;
      const name = nameOf(token);
      if (name !== undefined && ends.has(name)) break;
      if (token.kind === "operator" && token.text !== "(") this.#tokens.next();
      else if (name !== undefined && connectives.has(name)) this.#tokens.next();
      else found.push(...this.#pipeline());
    }
    this.#cursor.leave();
    return found;
  }

  #pipeline(): MutableCommand[] {
    let left = this.#command();
    const found = [...left];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind !== "operator" || (token.text !== "|" && token.text !== "|&")) return found;
      this.#tokens.next();
      this.#skipNewlines();
      const right = this.#command();
      direct(left, "pipe", right[0]);
      found.push(...right);
      left = right;
    }
  }

  /** A simple command, or those of a compound one. */
  #command(): MutableCommand[] {
    switch (nameOf(this.#tokens.peek())) {
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
        this.#tokens.next();
        return this.#functionAfter(this.#tokens.next());
      default:
        return this.#simple();
    }
  }

  #group(closing: string): MutableCommand[] {
    this.#tokens.next();
    const found = this.#list(new Set([closing]));
    this.#tokens.next();
    return this.#redirected(found);
  }

  #loop(): MutableCommand[] {
    const tokens = this.#tokens;
    tokens.next();
    for (let token = tokens.peek(); token.kind !== "end"; token = tokens.peek()) {
      const name = nameOf(token);
      if (name === "do" || name === "{" || isSeparator(token)) break;
      tokens.next();
    }
    while (isSeparator(tokens.peek())) tokens.next();
    return this.#group(nameOf(tokens.peek()) === "{" ? "}" : "done");
  }

  #case(): MutableCommand[] {
    const tokens = this.#tokens;
    tokens.next();
    tokens.next();
    this.#skipNewlines();
    if (nameOf(tokens.peek()) === "in") tokens.next();
    const found: MutableCommand[] = [];
    const ends = new Set([";;", ";&", ";;&", "esac"]);
    for (;;) {
      this.#skipNewlines();
      const token = tokens.peek();
      if (token.kind === "end") break;
      if (nameOf(token) === "esac") {
        tokens.next();
        break;
      }
      if (nameOf(token) === "(") tokens.next();
      while (tokens.peek().kind !== "end" && nameOf(tokens.peek()) !== ")") tokens.next();
      tokens.next();
      found.push(...this.#list(ends));
      if (nameOf(tokens.peek()) !== "esac") tokens.next();
    }
    return this.#redirected(found);
  }

  #functionAfter(name: Token): MutableCommand[] {
    if (nameOf(this.#tokens.peek()) === "(") {
      this.#tokens.next();
      if (nameOf(this.#tokens.peek()) === ")") this.#tokens.next();
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
    for (let token = this.#tokens.peek(); token.kind === "redirection"; token = this.#tokens.peek()) {
      redirections.push(token.redirection);
      this.#tokens.next();
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
    let end = this.#cursor.at;
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind === "end") break;
      if (token.kind === "operator") {
        const [only] = words;
        if (token.text === "(" && words.length === 1 && only !== undefined && assignments.length === 0) {
          return this.#functionAfter({ kind: "word", word: only, isPlain: true });
        }
        // A stray parenthesis, as a command cannot have one: passed over, so that reading goes on.
        if (token.text === "(") {
          this.#tokens.next();
          continue;
        }
        break;
      }
      this.#tokens.next();
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
    const written = this.#cursor.text.slice(word.start, word.end);
    const [whole, name] = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=/.exec(written) ?? [];
    if (whole === undefined || name === undefined) return undefined;
    return { name, value: { ...word, text: word.text.slice(whole.length), start: word.start + whole.length } };
  }

  /** `[[ … ]]`, in which parentheses, `<`, `>`, `&&` and `||` belong to the condition. */
  #conditional(words: ShellWord[]): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.match(/\s+/y);
      if (cursor.isAtEnd) return;
      const word = new WordBuilder(cursor.at);
      if (cursor.match(/\]\](?=[\s;&|)]|$)/y) !== undefined) {
        words.push({ ...word.build(cursor.at), text: "]]" });
        return;
      }
      while (!cursor.isAtEnd && !/\s/.test(cursor.character)) this.#words.piece(word);
      words.push(word.build(cursor.at));
    }
  }

  #skipNewlines(): void {
    for (
      let token = this.#tokens.peek();
      token.kind === "operator" && token.text === "\n";
      token = this.#tokens.peek()
    ) {
      this.#tokens.next();
    }
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
