/** Entries as CSV, RFC 4180: the DN, then a column for each attribute description, cells as csv-cell.ts has them. */
import type { Schema } from "@espalier/ldap";
import { stringify } from "csv-stringify/sync";
import { ApiError } from "../api/problem.ts";
import { formatCell } from "./csv-cell.ts";
import type { ExportCounts } from "./export-search.ts";
import type { ExportedEntry } from "./parents-first.ts";

/** What was asked for comes first, in that order, also where no entry has it; then objectClass, then the others by name. */
export function csvColumns(found: readonly string[], asked: readonly string[], schema: Schema): string[] {
  const askedTypes = asked.map((name) => new Set(schema.subtypes(name).map(({ key }) => key)).add(name.toLowerCase()));
  const rank = (description: string) => {
    const name = (description.split(";")[0] ?? "").toLowerCase();
    const key = schema.attribute(name)?.key ?? name;
    const at = askedTypes.findIndex((types) => types.has(key) || types.has(description.toLowerCase()));
    return at === -1 ? asked.length + (key === "objectclass" ? 0 : 1) : at;
  };
  const ranks = new Set(found.map(rank));
  const unseen = asked.filter((name, at) => !ranks.has(at) && /^[a-z0-9]/i.test(name) && name !== "1.1");
  return [...found, ...unseen].sort(
    (one, other) => rank(one) - rank(other) || (one.toLowerCase() < other.toLowerCase() ? -1 : 1),
  );
}

/**
 * Values are as they are in the directory, also those that a spreadsheet would take for a formula: what is exported can be
 * imported again.
 */
export async function* csvExport(
  entries: AsyncIterable<ExportedEntry>,
  columns: readonly string[],
  counts: ExportCounts,
): AsyncGenerator<string, void, undefined> {
  const places = new Map(columns.map((column, index) => [column.toLowerCase(), index]));
  yield csvRow(["dn", ...columns]);
  for await (const { dn, attributes } of entries) {
    const cells = columns.map(() => "");
    for (const { type, values } of attributes) {
      const place = places.get(type.toLowerCase());
      if (place === undefined) {
        throw new ApiError("conflict", `${dn} has got the attribute ${type} since the export began: export again.`);
      }
      cells[place] = formatCell(type, values);
    }
    yield csvRow([dn, ...cells]);
    counts.entries += 1;
  }
}

function csvRow(cells: readonly string[]): string {
  return stringify([[...cells]], { record_delimiter: "\r\n", quoted_match: /[\r\n]|^\s|\s$/, escape_formulas: false });
}
