/** What a document tells its reader to type. */
import { readFileSync } from "node:fs";

/** The lines of each plain block of a section, in order; those that a backslash parts are joined. */
export function typedLines(page: string, heading: string): string[][] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  const [, below] = text.split(`\n## ${heading}\n`);
  if (below === undefined) throw new Error(`docs/${page} has no section ${heading}`);
  const [section = ""] = below.split("\n## ");
  return [...section.matchAll(/\n```\n([\s\S]*?)```\n/g)].map(([, block = ""]) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .trimEnd()
      .split("\n"),
  );
}
