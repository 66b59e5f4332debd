/** LDIF files, RFC 2849, with the line of every value: the codec is that of @espalier/ldap, which counts records only. */
import { type LdifParseError, type PlacedLdifRecord, parseLdif } from "@espalier/ldap/ldif";
import { defineFormat } from "./format.ts";
import type { Location, SourceFile } from "./source-file.ts";

export interface LdifFile {
  readonly file: SourceFile;
  readonly records: readonly LdifFileRecord[];
  /** Records that cannot be read, which are not among the others. */
  readonly errors: readonly LdifFileError[];
}

export interface LdifFileRecord extends PlacedLdifRecord {
  /** Of the line that begins it. */
  readonly location: Location;
  /** Of each value of an attribute, letter case aside, in the order in which the record has them. */
  locate(attribute: string, index: number): Location;
}

interface LdifFileError {
  /** A clause, without a full stop. */
  readonly message: string;
  readonly location: Location;
}

export const ldifFormat = defineFormat({
  kind: "ldif",
  recognizes: ({ path }) => /\.ldif$/i.test(path),
  parse: (file) => [parseLdifFile(file)],
});

export function parseLdifFile(file: SourceFile): LdifFile {
  const errors: LdifFileError[] = [];
  const onError = ({ line, message }: LdifParseError) => {
    errors.push({ message: message.replace(/^line \d+: /, "").replace(/\.$/, ""), location: file.locateLine(line) });
  };
  const records = parseLdif(file.text, { onError }).map((placed) => {
    const lines = new Map<string, number[]>();
    for (const { name, line } of linesOfBlock(file.text, file.locateLine(placed.line).start, placed.line)) {
      const before = lines.get(name);
      if (before === undefined) lines.set(name, [line]);
      else before.push(line);
    }
    return {
      ...placed,
      location: file.locateLine(placed.line),
      locate: (attribute: string, index: number) =>
        file.locateLine(lines.get(attribute.toLowerCase())?.[index] ?? placed.line),
    };
  });
  return { file, records, errors };
}

/** The lines that name something, up to an empty one; comments and what continues a line are none. */
function* linesOfBlock(
  text: string,
  start: number,
  firstLine: number,
): Generator<{ readonly name: string; readonly line: number }> {
  let line = firstLine;
  for (let at = start; at < text.length; line += 1) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const content = text.slice(at, end);
    if (content === "" || content === "\r") return;
    const colon = content.indexOf(":");
    if (colon > 0 && !content.startsWith(" ") && !content.startsWith("#")) {
      yield { name: content.slice(0, colon).toLowerCase(), line };
    }
    at = end + 1;
  }
}
