/** INI files: `[sections]` of `key = value` lines, each value with its place. */
import { ConfigNode, type Key } from "./config-node.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

interface IniDialect {
  /** Lines that are passed over. */
  readonly comment: RegExp;
}

/**
 * A map of the sections, each of them a map of texts. A section that is there twice is one; of a key that is there twice
 * the last counts. Keys are in lower case.
 *
 * @throws {InputError} for a line that is neither a key with a value nor a section, and for a key outside of all sections.
 */
export function parseIni(file: SourceFile, { comment }: IniDialect): ConfigNode {
  const sections = new Map<string, { readonly location: Location; readonly keys: Map<string, ConfigNode> }>();
  let current: { readonly name: string; readonly keys: Map<string, ConfigNode> } | undefined;
  for (const line of linesOf(file)) {
    if (line.text.trim() === "" || comment.test(line.text)) continue;
    const trimmed = line.text.trim();
    const at = line.locate(line.text.indexOf(trimmed), trimmed.length);
    if (trimmed.startsWith("[")) {
      if (!trimmed.endsWith("]"))
        throw new InputError("this section has no closing bracket at the end of its line", at);
      const name = trimmed.slice(1, -1).trim();
      const section = sections.get(name) ?? { location: at, keys: new Map() };
      sections.set(name, section);
      current = { name, keys: section.keys };
      continue;
    }
    const equals = line.text.indexOf("=");
    if (equals < 0) throw new InputError("this line is neither `key = value` nor a [section]", at);
    const key = line.text.slice(0, equals).trim().toLowerCase();
    if (key === "") throw new InputError("this line has no name before its `=`", at);
    if (current === undefined) throw new InputError("this stands before the first [section]", at);
    const keyLocation = line.locate(line.text.indexOf(line.text.trimStart()), key.length);
    current.keys.set(key, valueNode([current.name, key], line, equals + 1, keyLocation));
  }
  const content = new Map(
    [...sections].map(([name, { location, keys }]) => {
      return [
        name,
        new ConfigNode({ path: [name], sourcePath: [name], location, keyLocation: location, content: keys }),
      ];
    }),
  );
  return new ConfigNode({ path: [], sourcePath: [], location: file.locate(0, file.text.length), content });
}

interface Line {
  readonly text: string;
  locate(start: number, length: number): Location;
}

/** The lines without their ends, nor the mark at the beginning that some editors write. */
export function* linesOf(file: SourceFile): Generator<Line> {
  let start = file.text.startsWith("\ufeff") ? 1 : 0;
  while (start < file.text.length) {
    const end = file.text.indexOf("\n", start);
    const next = end < 0 ? file.text.length : end + 1;
    const from = start;
    yield {
      text: file.text.slice(from, end < 0 ? next : end).replace(/\r$/, ""),
      locate: (at, length) => file.locate(from + at, from + at + length),
    };
    start = next;
  }
}

/** The text that begins at a column of a line, without the blanks around it. */
export function valueNode(path: readonly Key[], line: Line, column: number, keyLocation: Location): ConfigNode {
  const rest = line.text.slice(column);
  const value = rest.trim();
  const start = value === "" ? line.text.length : column + rest.indexOf(value);
  const location = line.locate(start, value.length);
  return new ConfigNode({ path, sourcePath: path, location, keyLocation, written: value, content: value });
}
