/** Rows of a CSV file as entries to be added: which column is which attribute, and where entries without a DN belong. */
import { escapeDnValue, isDescr, isNumericOid, ParseError, type PartialAttribute, parseDn } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { EntryChange } from "../changes/change-set.ts";
import { hasClearPassword } from "../changes/password-hash.ts";
import { creationChanges, planFormCreation } from "../entries/create.ts";
import type { NumberAllocator } from "../entries/number-allocator.ts";
import type { DirectoryView } from "../entries/view.ts";
import { parseCell } from "./csv-cell.ts";
import type { CsvRow } from "./csv-rows.ts";
import { type ImportPart, settable } from "./import-item.ts";

export interface CsvOptions {
  /** Attribute by column, where they differ; `""` leaves a column out. */
  readonly mapping: Readonly<Record<string, string>>;
  /** Of entries that have none of their own. */
  readonly objectClasses: readonly string[];
  /** With `rdn`, for rows without a column `dn`. */
  readonly parent: string | undefined;
  /** The attribute that names an entry. */
  readonly rdn: string | undefined;
  /** A creation form of the configuration, of which the columns are fields. */
  readonly form: string | undefined;
  /** False: a cell is one value, as it stands; otherwise as csv-cell.ts has it. */
  readonly severalValues: boolean;
}

export interface CsvSurroundings {
  readonly view: DirectoryView;
  readonly numbers: NumberAllocator;
  readonly now: () => number;
  /** No number is taken for a form. */
  readonly isDryRun: boolean;
}

/** The header first. @throws ApiError where the header cannot be used */
export async function* csvParts(
  rows: AsyncIterable<CsvRow>,
  options: CsvOptions,
  surroundings: CsvSurroundings,
): AsyncGenerator<ImportPart, void, undefined> {
  let columns: readonly string[] | undefined;
  for await (const row of rows) {
    if (columns === undefined) columns = columnsOf(row.cells, options);
    else yield await partOf(row, columns, options, surroundings);
  }
  if (columns === undefined) {
    throw new ApiError("invalid_request", "The file is empty: its first line names the columns.");
  }
}

/** The attribute of each column; `""` for one that is left out. */
function columnsOf(header: readonly string[], { mapping, parent, rdn, form }: CsvOptions): readonly string[] {
  const wrong = (sentence: string) => new ApiError("invalid_request", sentence);
  const absent = Object.keys(mapping).find((column) => !header.includes(column));
  if (absent !== undefined) throw wrong(`The mapping names the column ${absent}, which the file does not have.`);
  const columns = header.map((column) => (Object.hasOwn(mapping, column) ? (mapping[column] ?? "") : column.trim()));
  const strange = columns.find((name) => name !== "" && !isColumn(name));
  if (strange !== undefined) {
    throw wrong(`The column ${JSON.stringify(strange)} is not the name of an attribute: map it to one, or to nothing.`);
  }
  const twice = columns.find((name, at) => name !== "" && columns.findIndex((other) => sameName(other, name)) !== at);
  if (twice !== undefined) throw wrong(`Two columns are ${twice}.`);
  if (form === undefined && !columns.some((name) => sameName(name, "dn"))) {
    if (parent === undefined || rdn === undefined) {
      throw wrong(
        "The file has no column dn: say below which entry (parent) and by which attribute (rdn) entries are named.",
      );
    }
  }
  return columns;
}

function isColumn(name: string): boolean {
  const [type = "", ...options] = name.split(";");
  return (isDescr(type) || isNumericOid(type)) && options.every((option) => /^[\w-]+$/.test(option));
}

async function partOf(
  row: CsvRow,
  columns: readonly string[],
  options: CsvOptions,
  surroundings: CsvSurroundings,
): Promise<ImportPart> {
  const { line, cells } = row;
  if (cells.slice(columns.length).some((cell) => cell !== "")) {
    return { line, message: `the line has ${cells.length} cells, and the header ${columns.length}.` };
  }
  try {
    const fields = fieldsOf(cells, columns, options);
    const changes = await (options.form === undefined
      ? plainEntry(fields, options, surroundings)
      : entryOfForm(fields, options.form, options, surroundings));
    const add = changes.find((change) => change.type === "add");
    const set = changes.find((change) => change.type === "password");
    if (add === undefined) throw new TypeError("nothing is added");
    return { line, change: add, password: set?.newPassword };
  } catch (error) {
    if (error instanceof ApiError && error.code !== "unavailable") return { line, message: error.message };
    if (error instanceof ParseError) return { line, message: error.message };
    throw error;
  }
}

interface Field {
  readonly column: string;
  readonly values: readonly Uint8Array[];
}

/** Cells that are not empty. */
function fieldsOf(cells: readonly string[], columns: readonly string[], { severalValues }: CsvOptions): Field[] {
  return columns.flatMap((column, index) => {
    const cell = cells[index] ?? "";
    if (cell === "" || column === "") return [];
    const isOne = !severalValues || sameName(column, "dn") || (isPassword(column) && !isHash(cell));
    return [{ column, values: isOne ? [new TextEncoder().encode(cell)] : valuesOf(column, cell) }];
  });
}

function valuesOf(column: string, cell: string): Uint8Array[] {
  try {
    return parseCell(cell);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiError("invalid_request", `column ${column}: ${error.message}.`);
  }
}

async function plainEntry(
  fields: readonly Field[],
  options: CsvOptions,
  { view }: CsvSurroundings,
): Promise<EntryChange[]> {
  const isClear = ({ column, values: [value] }: Field) => isPassword(column) && !isHash(textOf(value));
  const attributes: PartialAttribute[] = fields
    .filter((field) => !sameName(field.column, "dn") && !isClear(field))
    .map(({ column, values }) => ({ type: column, values }));
  if (options.objectClasses.length > 0 && !attributes.some(({ type }) => sameName(type, "objectClass"))) {
    attributes.unshift(attribute("objectClass", ...options.objectClasses));
  }
  const given = fields.find(({ column }) => sameName(column, "dn"));
  const dn = given === undefined ? nameOf(attributes, options) : textOf(given.values[0]);
  if (dn === undefined) {
    throw new ApiError("invalid_request", `there is neither a dn nor a ${options.rdn ?? "name"} to make one of.`);
  }
  const password = fields.find(isClear);
  const entry = { dn, attributes: settable(attributes, await view.schema()) };
  return creationChanges(view, password === undefined ? entry : { ...entry, password: textOf(password.values[0]) });
}

async function entryOfForm(
  fields: readonly Field[],
  name: string,
  { parent }: CsvOptions,
  { view, numbers, now, isDryRun }: CsvSurroundings,
): Promise<readonly EntryChange[]> {
  const values = Object.fromEntries(fields.map(({ column, values }) => [column, values.map(textOf)]));
  return (await planFormCreation(view, { name, values, parent, preview: isDryRun }, numbers, now())).changes;
}

function nameOf(attributes: readonly PartialAttribute[], { parent, rdn }: CsvOptions): string | undefined {
  if (parent === undefined || rdn === undefined) return undefined;
  const value = attributes.find(({ type }) => sameName(type, rdn))?.values[0];
  if (value === undefined) return undefined;
  return `${rdn}=${escapeDnValue(textOf(value))}${parseDn(parent).length === 0 ? "" : `,${parent}`}`;
}

function textOf(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function isPassword(attribute: string): boolean {
  return sameName(attribute, "userPassword");
}

/** As an export that reveals secrets has it: it goes into the entry as it is. RFC 2307 §5.3. */
function isHash(text: string): boolean {
  return text.startsWith("{base64}") || !hasClearPassword(attribute("userPassword", text));
}
