/** Entries as LDIF content records, RFC 2849, which ldapadd and slapadd take as they are: see `writeLdif` about `version: 1`. */
import { formatLdifRecord } from "@espalier/ldap";
import type { ExportCounts } from "./export-search.ts";
import type { ExportedEntry } from "./parents-first.ts";

/** Its last line says that it is whole. */
export async function* ldifExport(
  entries: AsyncIterable<ExportedEntry>,
  counts: ExportCounts,
): AsyncGenerator<string, void, undefined> {
  for await (const { dn, attributes } of entries) {
    yield `${formatLdifRecord({ type: "content", dn, attributes })}\n`;
    counts.entries += 1;
  }
  const withheld = counts.withheld === 0 ? "" : `; ${counts.withheld} secret values were left out`;
  const references = counts.references === 0 ? "" : `; ${counts.references} parts are on other servers`;
  yield `# end: ${counts.entries} entries${withheld}${references}\n`;
}
