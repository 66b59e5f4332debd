/** What a change touches of an entry, before it and after it, for the audit trail. */
import type { Change, PartialAttribute, Schema } from "@espalier/ldap";
import { AttributeMatching } from "./attribute-matching.ts";
import type { ModifyEntry } from "./change-set.ts";
import { EntryImage } from "./entry-image.ts";
import type { EntryState } from "./entry-state.ts";
import type { Sent } from "./send-change.ts";

/** Attributes that the change touches, as they were: of memberships that were not read, only the values it names. */
export function touchedBefore(sent: Sent, schema: Schema): readonly PartialAttribute[] {
  const { change, before } = sent;
  if (change.type !== "modify") return before?.attributes ?? [];
  return touched(change, before, "delete", schema);
}

export function touchedAfter(sent: Sent, schema: Schema): readonly PartialAttribute[] {
  const { change, after } = sent;
  if (change.type !== "modify") return change.type === "modifyDn" ? (after?.attributes ?? []) : [];
  return touched(change, after, "add", schema);
}

function touched(
  { changes }: ModifyEntry,
  state: EntryState | undefined,
  operation: "add" | "delete",
  schema: Schema,
): readonly PartialAttribute[] {
  const matching = new AttributeMatching(schema);
  const keys = new Set(changes.map((each) => matching.key(touchedType(each))));
  const read = EntryImage.of(state?.attributes ?? [], matching).only(keys);
  const evident = changes.filter((each) => each.operation === operation && read.values(touchedType(each)).length === 0);
  return [...read.attributes, ...evident.map(({ modification }) => modification)];
}

export function touchedType({ modification: { type } }: Change): string {
  return type;
}
