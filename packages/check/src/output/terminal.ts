/** Text for people: colours where they are wanted, and lines that end where the terminal does. */
import type { Severity } from "@espalier/service";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  code(text: string): string;
  severity(severity: Severity, text: string): string;
}

const codes: Readonly<Record<Severity, readonly [number, ...number[]]>> = {
  critical: [1, 31],
  high: [31],
  medium: [33],
  low: [36],
  info: [2],
};

export function paint(isColored: boolean): Paint {
  const style = (text: string, ...numbers: readonly number[]) =>
    isColored && text !== "" ? `\u001b[${numbers.join(";")}m${text}\u001b[0m` : text;
  return {
    bold: (text) => style(text, 1),
    dim: (text) => style(text, 2),
    good: (text) => style(text, 32),
    code: (text) => style(text, 36),
    severity: (severity, text) => style(text, ...codes[severity]),
  };
}

/** Words in lines of at most `width` columns; one that is longer has a line to itself. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
