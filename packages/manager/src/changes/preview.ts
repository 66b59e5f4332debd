/** A change set before it is applied: as LDIF, with what a person should know. */
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import { AttributeMatching } from "./attribute-matching.ts";
import type { EntryChange } from "./change-set.ts";
import { readEntryState } from "./entry-state.ts";
import { maskedLdif } from "./masked-ldif.ts";
import { changeWarnings } from "./warnings.ts";

export interface Preview {
  readonly ldif: string;
  readonly warnings: readonly string[];
}

/** Entries that are looked at for warnings; the LDIF has all. */
const maxLookedAt = 200;
const maxWarnings = 200;

export async function previewChanges(
  cluster: Cluster,
  identity: Identity,
  changes: readonly EntryChange[],
): Promise<Preview> {
  const [facts, schema] = await Promise.all([cluster.facts(identity), cluster.schema(identity)]);
  const matching = new AttributeMatching(schema);
  const lookedAt = changes.slice(0, maxLookedAt);
  const { value: warnings } = await cluster.read(identity, async (connection) => {
    const found: string[] = [];
    for (const change of lookedAt) {
      const isLookedAt = change.type === "modify" || change.type === "delete";
      const current = isLookedAt ? await readEntryState(connection, change.dn, ["*"], facts) : undefined;
      found.push(...changeWarnings(change, current?.attributes, facts.vendor, matching));
    }
    return found;
  });
  const shown = warnings.slice(0, maxWarnings);
  if (warnings.length > shown.length) shown.push(`There are ${warnings.length - shown.length} warnings more.`);
  if (changes.length > lookedAt.length) {
    shown.push(`Only the first ${lookedAt.length} of ${changes.length} changes were looked at for warnings.`);
  }
  return { ldif: maskedLdif(changes), warnings: shown };
}
