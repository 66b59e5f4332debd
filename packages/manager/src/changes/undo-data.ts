/** What is kept of a change so that it can be undone: its inverse, and how it left the entry. */
import { deserialize, serialize } from "node:v8";
import { type Change, formatRdn, type PartialAttribute, type Schema } from "@espalier/ldap";
import { AttributeMatching } from "./attribute-matching.ts";
import type { AddEntry, DeleteEntry, ModifyEntry, ModifyEntryDn } from "./change-set.ts";
import { diffAttributes } from "./diff.ts";
import { EntryImage } from "./entry-image.ts";
import { newName, ownRdn, superiorOf } from "./new-name.ts";
import type { Sent } from "./send-change.ts";

/** What must still be so for the inverse to undo the change and nothing else. */
export interface Expectation {
  readonly type: string;
  /** These and no others; or, without it, at least `present` and none of `absent`. */
  readonly exactly?: readonly Uint8Array[];
  readonly present?: readonly Uint8Array[];
  readonly absent?: readonly Uint8Array[];
}

export interface UndoData {
  /** In the order in which they are to be applied; none where nothing can be undone. */
  readonly inverse: readonly (AddEntry | ModifyEntry | ModifyEntryDn | DeleteEntry)[];
  readonly left: readonly Expectation[];
  /** `left` is every user attribute that the entry had. */
  readonly leftIsAll: boolean;
  /** Sentences: what the inverse does not bring back. */
  readonly lost: readonly string[];
}

const nothing: UndoData = { inverse: [], left: [], leftIsAll: false, lost: [] };

/** Of a change that was applied. */
export function undoDataOf({ change, before, after }: Sent, schema: Schema): UndoData {
  const matching = new AttributeMatching(schema);
  switch (change.type) {
    case "add":
      return {
        ...nothing,
        inverse: [{ type: "delete", dn: change.dn }],
        left: change.attributes.map(({ type, values }) => ({ type, exactly: values })),
        leftIsAll: true,
      };
    case "delete": {
      if (before === undefined) {
        return { ...nothing, lost: [`${change.dn} cannot be added again: what it held was not readable.`] };
      }
      const attributes = before.attributes.filter(({ type }) => matching.isGivenWithEntry(type));
      const lost = matching.isActiveDirectory
        ? `${change.dn} is added as a new entry: with another SID and GUID, in no group, and, if it is an account, without its password, and so disabled.`
        : `${change.dn} is added as a new entry: with another entryUUID, creator and time, and without what you could not read of it.`;
      return { ...nothing, inverse: [{ type: "add", dn: change.dn, attributes }], lost: [lost] };
    }
    case "modify":
      return modifyUndo(change, before?.attributes, after?.attributes, matching);
    case "modifyDn":
      return renameUndo(change, EntryImage.of(before?.attributes ?? [], matching));
    case "password":
      return {
        ...nothing,
        lost: [`The password of ${change.dn} stays as it was set: the one before it is not known.`],
      };
  }
}

function modifyUndo(
  { dn, changes }: ModifyEntry,
  before: readonly PartialAttribute[] | undefined,
  after: readonly PartialAttribute[] | undefined,
  matching: AttributeMatching,
): UndoData {
  const byKey = new Map<string, Change[]>();
  for (const change of changes) {
    const key = matching.key(change.modification.type);
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [change]);
    else others.push(change);
  }
  const was = EntryImage.of(before ?? [], matching);
  const is = EntryImage.of(after ?? [], matching);
  const inverse: Change[] = [];
  const left: Expectation[] = [];
  const lost: string[] = [];
  for (const [key, own] of byKey) {
    const type = own[0]?.modification.type ?? key;
    const then = was.only(new Set([key])).after(own);
    const isReadable = is.values(type).length > 0;
    // Who may not read an attribute sees it as absent before the change, and after it too, when it cannot be.
    if (before !== undefined && (was.values(type).length > 0 || isReadable)) {
      // What the server made of the values, where it said so.
      const now = isReadable ? is.only(new Set([key])) : then;
      inverse.push(...diffAttributes(now.attributes, was.only(new Set([key])).attributes, matching.schema));
      left.push({ type, exactly: now.values(type) });
    } else if (own.every(({ operation, modification }) => isNamed(operation, modification))) {
      inverse.push(...own.toReversed().map(opposite));
      left.push(...own.map(({ operation, modification }) => namedExpectation(operation, modification, own)));
    } else {
      lost.push(`${type} of ${dn} stays as it was set: what it was before was not readable.`);
    }
  }
  return { ...nothing, inverse: inverse.length === 0 ? [] : [{ type: "modify", dn, changes: inverse }], left, lost };
}

function isNamed(operation: Change["operation"], { values }: PartialAttribute): boolean {
  return operation === "add" || (operation === "delete" && values.length > 0);
}

function opposite({ operation, modification }: Change): Change {
  return { operation: operation === "add" ? "delete" : "add", modification };
}

/** A value that is deleted in one spelling and added in another is there. */
function namedExpectation(
  operation: Change["operation"],
  { type, values }: PartialAttribute,
  own: readonly Change[],
): Expectation {
  if (operation === "add") return { type, present: values };
  const added = own.filter((each) => each.operation === "add").flatMap(({ modification }) => modification.values);
  return added.length === 0 ? { type, absent: values } : { type };
}

function renameUndo(change: ModifyEntryDn, before: EntryImage): UndoData {
  const { dn, newRdn } = change;
  const name = newName(change);
  const oldRdn = ownRdn(dn);
  const newAvas = ownRdn(name);
  const bytes = (value: string | Uint8Array) => (typeof value === "string" ? Buffer.from(value) : value);
  const besides = before.after(
    oldRdn.map(({ type, value }) => ({ operation: "delete", modification: { type, values: [bytes(value)] } })),
  );
  const fresh = newAvas.filter(({ type, value }) => !besides.has(type, bytes(value)));
  const back: ModifyEntryDn = {
    type: "modifyDn",
    dn: name,
    newRdn: formatRdn(oldRdn),
    deleteOldRdn: fresh.length === newAvas.length,
    newSuperior: change.newSuperior === undefined ? undefined : superiorOf(dn),
  };
  // Of several values in the new name some were there before: the others go by themselves.
  const rest =
    back.deleteOldRdn || fresh.length === 0
      ? []
      : [
          {
            ...{ type: "modify" as const, dn },
            changes: fresh.map(({ type, value }): Change => {
              return { operation: "delete", modification: { type, values: [bytes(value)] } };
            }),
          },
        ];
  const lost =
    before.attributes.length === 0
      ? [`${newRdn} is taken from the entry as a value too: whether it had it before was not readable.`]
      : [];
  return { ...nothing, inverse: [back, ...rest], lost };
}

export function encodeUndoData(data: UndoData): Uint8Array {
  return serialize(data);
}

export function decodeUndoData(bytes: Uint8Array): UndoData {
  return deserialize(bytes) as UndoData;
}
