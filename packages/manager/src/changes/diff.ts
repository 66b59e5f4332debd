/** What a person changed in an entry, as the fewest changes of single values. RFC 4511 §4.6. */
import type { Change, PartialAttribute, Schema } from "@espalier/ldap";
import { AttributeMatching, byteKey } from "./attribute-matching.ts";

/** An attribute as it was and as it is to be: all its values, whatever spellings of its description they came under. */
export interface AttributePair {
  readonly key: string;
  /** As the entry has it, or else as it is wanted. */
  readonly description: string;
  readonly read: readonly Uint8Array[];
  readonly wanted: readonly Uint8Array[];
}

/**
 * The changes that make `wanted` of `read`; none where both have the same values, in whatever order. Values are told apart by
 * their bytes, so that a change of spelling alone is one too; attributes in neither are left as they are.
 *
 * Values are deleted by name, so that the modification fails if somebody else has changed them, and before any are added:
 * `Ann` is otherwise there already for a server that is asked to add `ann`. What has no equality rule is replaced as a whole.
 */
export function diffAttributes(
  read: readonly PartialAttribute[],
  wanted: readonly PartialAttribute[],
  schema: Schema,
): Change[] {
  const matching = new AttributeMatching(schema);
  return pairAttributes(read, wanted, matching).flatMap((pair) => diffPair(pair, matching));
}

export function diffPair({ description, read, wanted }: AttributePair, matching: AttributeMatching): Change[] {
  const change = (operation: Change["operation"], values: readonly Uint8Array[]): Change => ({
    operation,
    modification: { type: description, values },
  });
  const removed = without(read, wanted);
  const added = without(wanted, read);
  if (removed.length === 0 && added.length === 0) return [];
  if (read.length > 0 && !matching.namesValues(description)) {
    const values = without(wanted, []);
    return [values.length === 0 ? change("delete", []) : change("replace", values)];
  }
  return [
    ...(removed.length === 0 ? [] : [change("delete", removed)]),
    ...(added.length === 0 ? [] : [change("add", added)]),
  ];
}

/** Each attribute of either, those of `read` first. */
function pairAttributes(
  read: readonly PartialAttribute[],
  wanted: readonly PartialAttribute[],
  matching: AttributeMatching,
): AttributePair[] {
  const pairs = new Map<string, { description: string; read: Uint8Array[]; wanted: Uint8Array[] }>();
  for (const side of ["read", "wanted"] as const) {
    for (const { type, values } of side === "read" ? read : wanted) {
      const key = matching.key(type);
      const pair = pairs.get(key) ?? { description: type, read: [], wanted: [] };
      pairs.set(key, pair);
      pair[side].push(...values);
    }
  }
  return [...pairs].map(([key, pair]) => ({ key, ...pair }));
}

/** The values that are not among `others`, each once. */
function without(values: readonly Uint8Array[], others: readonly Uint8Array[]): Uint8Array[] {
  const seen = new Set(others.map(byteKey));
  return values.filter((value) => {
    const key = byteKey(value);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
