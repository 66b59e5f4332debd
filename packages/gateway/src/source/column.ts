/** Values of a row's columns, which drivers give in different shapes, read as what the column is to be. */
import type { Row } from "./source.ts";

/** A value that cannot be what its column is for. The text names the column and never quotes the value. */
export class ColumnError extends Error {
  override readonly name = "ColumnError";
}

/** Greatest uid and gid: 2³²-1 is `(uid_t) -1`, which means "none" to the system. */
const maxId = 0xffff_fffe;

const spellings = new Map<string, readonly string[]>();

/** The column, given in snake case, as the row spells it: `uid_number`, `uidNumber`, or `uidnumber` as PostgreSQL folds that. */
export function columnOf(row: Row, column: string): unknown {
  let names = spellings.get(column);
  if (names === undefined) {
    const camel = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    names = [...new Set([column, camel, camel.toLowerCase()])];
    spellings.set(column, names);
  }
  for (const name of names) {
    const value = row[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Text, or `undefined` for NULL, an absent column and the empty string. Bytes are UTF-8. */
export function textColumn(row: Row, column: string): string | undefined {
  const text = scalarText(columnOf(row, column), column);
  return text === "" ? undefined : text;
}

function scalarText(value: unknown, column: string): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
      return String(value);
    case "undefined":
      return undefined;
  }
  if (value === null) return undefined;
  if (value instanceof Uint8Array) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(value);
    } catch {
      throw new ColumnError(`${column} is not UTF-8`);
    }
  }
  throw new ColumnError(`${column} is not text`);
}

/** A uid or gid: an integer from 1 to 4294967294, however the driver gives it. */
export function idColumn(row: Row, column: string): number {
  const value = columnOf(row, column);
  const id = typeof value === "number" && Number.isInteger(value) ? value : integerText(value, column);
  if (id === 0) throw new ColumnError(`${column} is 0, which is root's`);
  if (id < 0 || id > maxId) throw new ColumnError(`${column} is not between 1 and ${maxId}`);
  return id;
}

function integerText(value: unknown, column: string): number {
  const text = scalarText(value, column)?.trim() ?? "";
  if (text === "") throw new ColumnError(`${column} is missing`);
  // numeric(10, 2) gives 2001.00
  if (!/^-?\d+(\.0+)?$/.test(text)) throw new ColumnError(`${column} is not an integer`);
  return Number(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const runsOfControls = new RegExp(`${controls.source}+`, "g");

/** The characters that would end a field or a line of passwd(5), and all that control a terminal. */
export function refuseControls(text: string, column: string): void {
  if (controls.test(text)) throw new ColumnError(`${column} has a control character`);
  if (text.includes(":")) throw new ColumnError(`${column} has a colon, which passwd(5) cannot hold`);
}

/** Text for people, on one line: control characters become a space. */
export function lineColumn(row: Row, column: string): string | undefined {
  const text = textColumn(row, column);
  // To look for them costs a tenth of replacing them, and hardly any text has one.
  const line = (text !== undefined && controls.test(text) ? text.replace(runsOfControls, " ") : text)?.trim();
  return line === "" ? undefined : line;
}

/** A time: a driver's `Date`, or text that begins as ISO 8601 does, in UTC unless it says otherwise. What is no time is left out. */
export function timeColumn(row: Row, column: string): Date | undefined {
  const value = columnOf(row, column);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value;
  if (typeof value !== "string") return undefined;
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?)?$/.exec(value.trim());
  if (parts === null) return undefined;
  const time = new Date(`${parts[1]}T${parts[2] ?? "00:00"}${parts[3] ?? "Z"}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/**
 * Several texts in one column: an array, JSON text of one, or text parted by `separator`. NULLs and empty items, which
 * an aggregate over an outer join gives, are left out.
 */
export function listColumn(row: Row, column: string, separator: RegExp | undefined): readonly string[] {
  const value = columnOf(row, column);
  const items = Array.isArray(value)
    ? (value as unknown[])
    : listItems(scalarText(value, column) ?? "", column, separator);
  return items.map((item) => scalarText(item, column)?.trim() ?? "").filter((item) => item !== "");
}

function listItems(text: string, column: string, separator: RegExp | undefined): readonly unknown[] {
  if (!text.trimStart().startsWith("[")) return separator === undefined ? [text] : text.split(separator);
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    throw new ColumnError(`${column} begins as a JSON array does and is none`);
  }
}
