/** The documents of a YAML file as texts, which together are the file: a change of one leaves the others as they are. */
import { Parser } from "yaml";

/** Each with its `---`, and with the directives before that. A file without any has one, which is empty. */
export function documentTexts(text: string): readonly string[] {
  const starts: number[] = [];
  let directive: number | undefined;
  for (const token of new Parser().parse(text)) {
    if (token.type === "directive") directive ??= token.offset;
    if (token.type !== "document") continue;
    starts.push(starts.length === 0 ? 0 : (directive ?? token.offset));
    directive = undefined;
  }
  return starts.length === 0 ? [text] : starts.map((start, index) => text.slice(start, starts[index + 1]));
}
