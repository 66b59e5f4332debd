/** What a compiled filter looks at: an entry by attribute keys. */
import type { Dn } from "../dn/dn.ts";
import type { PartialAttribute } from "../message/message.ts";
import type { Schema } from "../schema/schema.ts";

export interface FilterTarget {
  readonly dn: Dn | string;
  /**
   * The values of one attribute description, without those of its subtypes; empty when the entry has none. The key is as
   * `Schema.resolve` gives it: the type's first name and sorted options, all in lower case.
   */
  values(attributeKey: string): readonly Uint8Array[];
  /** The keys with options that the entry has values for, `cn;lang-de`; may be left out when there are none. */
  readonly taggedKeys?: readonly string[];
}

/** An entry as messages and LDIF have it. */
export interface Entry {
  readonly objectName: string;
  readonly attributes: readonly PartialAttribute[];
}

/** Values of descriptions that mean the same attribute are put together. */
export function entryTarget(entry: Entry, schema: Schema): FilterTarget {
  const attributes = new Map<string, readonly Uint8Array[]>();
  for (const { type, values } of entry.attributes) {
    const key = schema.resolve(type)?.key;
    if (key !== undefined) attributes.set(key, [...(attributes.get(key) ?? []), ...values]);
  }
  return {
    dn: entry.objectName,
    values: (key) => attributes.get(key) ?? [],
    taggedKeys: [...attributes.keys()].filter((key) => key.includes(";")),
  };
}
