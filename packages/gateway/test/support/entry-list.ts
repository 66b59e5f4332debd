/** What a snapshot holds, in a form that two of them can be compared in. */

import { candidatesFor } from "../../src/search/candidates.ts";
import type { Entry } from "../../src/snapshot/entry.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";

/** Values by attribute type. */
export interface ListedEntry {
  readonly dn: string;
  readonly user: Readonly<Record<string, readonly string[]>>;
  readonly operational: Readonly<Record<string, readonly string[]>>;
}

const timestamps = ["createTimestamp", "modifyTimestamp"];

/** Without timestamps: they say when a gateway saw something, and no two see it at the same time. */
export function listEntries(snapshot: Snapshot): ListedEntry[] {
  return snapshot.entries().map(listEntry);
}

export function listEntry(entry: Entry): ListedEntry {
  const { types, userTypes } = entry.shape;
  const values = types.map((type, position) => [type, entry.textsAt(position)] as const);
  return {
    dn: entry.dn,
    user: Object.fromEntries(values.slice(0, userTypes)),
    operational: Object.fromEntries(values.slice(userTypes).filter(([type]) => !timestamps.includes(type))),
  };
}

/** The DNs that each index gives for each value that any entry holds, and that `others` held. */
export function listIndexes(snapshot: Snapshot, others: readonly ListedEntry[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const type of ["uid", "cn", "mail", "uidNumber", "gidNumber", "memberUid", "member", "memberOf", "entryUUID"]) {
    for (const { user, operational } of others) {
      for (const value of user[type] ?? operational[type] ?? []) {
        const filter = { type: "equalityMatch", attribute: type, value: Buffer.from(value) } as const;
        const entries = candidatesFor(filter, snapshot)?.entries() ?? [];
        found[`${type}=${value}`] = entries.map((entry) => entry.dn).sort();
      }
    }
  }
  return found;
}
