/** Shell scripts as the commands in them: what each is given, where its output goes, and what is expanded in it. */
import { defineFormat } from "./format.ts";
import { parseShell } from "./shell/parser.ts";
import type { SourceFile } from "./source-file.ts";

export interface ShellScript {
  readonly file: SourceFile;
  /** Every simple command, also those inside of functions and substitutions, in the order of the text. */
  readonly commands: readonly ShellCommand[];
}

export interface ShellCommand {
  /** `NAME=value` before the command, or alone. */
  readonly assignments: readonly ShellAssignment[];
  /** The name of the program and what it is given; empty where there are only assignments. */
  readonly words: readonly ShellWord[];
  readonly redirections: readonly ShellRedirection[];
  /** Offsets into the text. */
  readonly start: number;
  readonly end: number;
  /**
   * Where its standard output goes: to that of the script, to a file, to the next command of a pipe, or into a
   * substitution. Groups, loops and conditions around it are considered; who calls the function it is in is not.
   */
  readonly output: "inherited" | "file" | "pipe" | "captured";
  /** With `output: "pipe"`: the command, or the first of the group, that reads it. */
  readonly pipedInto: ShellCommand | undefined;
  /** The innermost function that it is part of. */
  readonly functionName: string | undefined;
}

export interface ShellAssignment {
  readonly name: string;
  readonly value: ShellWord;
}

export interface ShellWord {
  /** Quotes taken off; expansions and substitutions stay as they are written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** `$NAME` and `${NAME…}`, also those inside of another one. */
  readonly expansions: readonly ShellExpansion[];
  /** The commands of `$(…)`, backquotes and `<(…)` in it. */
  readonly substituted: readonly ShellCommand[];
}

export interface ShellExpansion {
  readonly name: string;
  /** `${#NAME}`: only how long it is. */
  readonly isLength: boolean;
  /** What follows the name in braces: `:-`, `:+`, `//`, `#`; empty for the value itself. */
  readonly operator: string;
  /** What follows the operator, as it is written. */
  readonly operand: string;
  readonly start: number;
  readonly end: number;
}

export interface ShellRedirection {
  /** Undefined where none is written: 0 for what reads and 1 for what writes. */
  readonly descriptor: number | undefined;
  /** `>`, `>>`, `<`, `<<`, `<<<`, `>&`, `&>`, … */
  readonly operator: string;
  readonly target: ShellWord;
  /** The text of a here-document, in which a quoted delimiter leaves no expansions. */
  readonly body: ShellWord | undefined;
}

/** What of an expansion is the value of the variable: not whether it is set (`+`), its length, or a mask of it (`//?/*`). */
export function expandsValue({ isLength, operator, operand }: ShellExpansion): boolean {
  if (isLength || operator.endsWith("+")) return false;
  return !(operator === "//" && /^[?.]\//.test(operand));
}

const shebang = /^#!.*\b(?:ba|da|k)?sh\b/;

export const shellFormat = defineFormat({
  kind: "shell",
  recognizes: ({ path, text }) => /\.(?:sh|bash|dash|ksh)$/.test(path) || shebang.test(text.slice(0, 100)),
  parse: (file) => [{ file, commands: parseShell(file.text, (start, end) => file.locate(start, end)) }],
});
