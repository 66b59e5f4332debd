/** stunnel's configuration file: options before the first section are for all, and for those sections that do not set them. */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface StunnelOption {
  readonly name: string;
  readonly value: string;
  /** Of the value. */
  readonly location: Location;
}

export interface StunnelFile {
  readonly file: SourceFile;
  /** The first has no name: what stands before all sections. */
  readonly sections: readonly { readonly name: string; readonly options: readonly StunnelOption[] }[];
}

export const stunnelFormat = defineFormat({
  kind: "stunnel",
  recognizes: ({ path, text }) =>
    /(?:^|\/)[^/]*stunnel[^/]*\.conf$|(?:^|\/)stunnel\/[^/]+\.conf$/.test(path) && /=/.test(text),
  parse: (file) => [parseStunnel(file)],
});

/** @throws {InputError} for a line that is neither an option nor a section. */
export function parseStunnel(file: SourceFile): StunnelFile {
  const options: StunnelOption[] = [];
  const sections = [{ name: "", options }];
  let at = 0;
  for (const line of file.text.split("\n")) {
    const start = at;
    at += line.length + 1;
    const text = line.trim();
    if (text === "" || text.startsWith(";") || text.startsWith("#")) continue;
    const section = /^\[(.+)\]$/.exec(text)?.[1];
    if (section !== undefined) {
      sections.push({ name: section.trim(), options: [] });
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 0)
      throw new InputError("this is neither an option (name = value) nor a [section]", file.locate(start, at - 1));
    const written = line.slice(equals + 1);
    const value = written.trim();
    const valueStart = start + equals + 1 + (value === "" ? 0 : written.length - written.trimStart().length);
    const location = file.locate(valueStart, valueStart + value.length);
    sections.at(-1)!.options.push({ name: line.slice(0, equals).trim(), value, location });
  }
  return { file, sections };
}
