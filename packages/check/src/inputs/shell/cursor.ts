/** Where reading is in a stretch of shell text. */
import { InputError, type Location } from "../source-file.ts";

export type Locate = (start: number, end: number) => Location | undefined;

/** Deeper nesting of substitutions and groups than anybody writes. */
const maxDepth = 100;

export class ShellCursor {
  readonly text: string;
  readonly locate: Locate;
  readonly end: number;
  at: number;
  depth: number;

  constructor(text: string, locate: Locate, at: number, end: number, depth: number) {
    this.text = text;
    this.locate = locate;
    this.at = at;
    this.end = end;
    this.depth = depth;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  get character(): string {
    return this.text[this.at]!;
  }

  get next(): string | undefined {
    return this.text[this.at + 1];
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Goes behind a match of the sticky expression. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const text = expression.exec(this.text)?.[0];
    if (text === undefined || text === "" || this.at + text.length > this.end) return undefined;
    this.at += text.length;
    return text;
  }

  /** One level further in, until `leave`. @throws {InputError} where that is too deep. */
  enter(): void {
    this.depth += 1;
    if (this.depth > maxDepth) this.fail("this is nested too deeply to be read", this.at);
  }

  leave(): void {
    this.depth -= 1;
  }

  fail(message: string, start: number): never {
    throw new InputError(`this cannot be read as a shell script: ${message}`, this.locate(start, start + 1));
  }
}
