/** The lines of a document that its reader types, and what it says comes of them. */
import { readFileSync } from "node:fs";

export interface Block {
  /** What is between ```sh and ```. */
  readonly commands: string;
  /** What is between ```text and ``` after it, if anything is. */
  readonly output: string | undefined;
}

/** @param heading of a section, without its #s */
export function blocksOf(document: URL, heading: string): readonly Block[] {
  const section = readFileSync(document, "utf8")
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${document.pathname} has no section ${heading}`);
  return [...section.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)].map(
    ([, commands = "", output]) => ({
      commands,
      output,
    }),
  );
}
