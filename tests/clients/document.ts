/** The files that a page of docs/clients tells the reader to write, so that tests run what the page says. */
import { readFileSync } from "node:fs";

export class ClientDocument {
  readonly #page: string;
  /** By the file they are for: a fenced block belongs to the last file that the paragraph above it names in backticks. */
  readonly #blocks = new Map<string, string[]>();

  /** @param page its name without `.md` */
  constructor(page: string) {
    this.#page = page;
    const text = readFileSync(new URL(`../../docs/clients/${page}.md`, import.meta.url), "utf8");
    for (const [, paragraph = "", block = ""] of text.matchAll(/((?:^(?!```)[^\n]+\n)+)\n```\w*\n(.*?)^```$/gms)) {
      const file = [...paragraph.matchAll(/`(\/[^`\s]+)`/g)].at(-1)?.[1];
      if (file === undefined) continue;
      this.#blocks.set(file, [...(this.#blocks.get(file) ?? []), block]);
    }
  }

  /**
   * What the page has for `file`, or the alternative to that which comes later, with `replacements` made wherever their text stands: addresses, paths, passwords.
   *
   * @throws Error where the page has no such file, or the file has nothing of what is to be replaced.
   */
  file(file: string, replacements: Readonly<Record<string, string>> = {}, alternative = 0): string {
    const block = this.#blocks.get(file)?.[alternative];
    if (block === undefined) throw new Error(`${this.#page}.md has no block for ${file}`);
    return Object.entries(replacements).reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} of ${this.#page}.md does not contain ${from}`);
      return text.replaceAll(from, to);
    }, block);
  }
}
