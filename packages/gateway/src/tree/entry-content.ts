/** What an entry says, before it is encoded: text values under their attribute types, in the order they are sent. */

export interface EntryContent {
  readonly dn: string;
  /** User attributes, RFC 4512 §2.5; `objectClass` first. No attribute is without values. */
  readonly attributes: readonly ContentAttribute[];
  /** Operational attributes, RFC 4512 §3.4: sent only when asked for. */
  readonly operational: readonly ContentAttribute[];
}

/** Values of which no two are equal by the attribute's equality rule: RFC 4512 §2.2 has it so, and indexes rely on it. */
export type ContentAttribute = readonly [type: string, values: readonly string[]];
