/** A change whose entry is not as it was read, in three columns: what was read, what is wanted, what is there. */
import type { Change, PartialAttribute } from "@espalier/ldap";
import { type Attributes, attributesJson, type Value, valueJson } from "../api/value.ts";
import type { AttributeMatching } from "./attribute-matching.ts";
import { EntryImage } from "./entry-image.ts";
import { valuesByKey } from "./form-changes.ts";

/** One attribute that either side has changed. */
interface ThreeWayAttribute {
  readonly name: string;
  /** Absent where it is not known. */
  readonly read?: readonly Value[];
  readonly yours: readonly Value[];
  readonly theirs: readonly Value[];
  /** `theirs` is not what was read. Hidden values are the same as far as it can be seen. */
  readonly changedByOthers: boolean;
}

/** `details` of the problem `conflict`. */
export interface ThreeWay {
  readonly read?: Attributes;
  readonly wanted: Attributes;
  readonly current: Attributes;
  readonly attributes: readonly ThreeWayAttribute[];
  /** Nobody else has changed an attribute that these changes touch, but to the same. */
  readonly mergeable: boolean;
}

/** @param current has at least the attributes of `read` and of `changes` */
export function threeWay(
  changes: readonly Change[],
  read: Attributes | undefined,
  current: readonly PartialAttribute[],
  matching: AttributeMatching,
): ThreeWay {
  const touched = new Map(changes.map(({ modification: { type } }) => [matching.key(type), type]));
  const known = read === undefined ? undefined : valuesByKey(read, matching);
  const names = new Map(touched);
  for (const [key, { description }] of known ?? []) names.set(key, description);

  const there = EntryImage.of(current, matching).only(new Set(names.keys()));
  const columns = [...names].map(([key, description]) => {
    const json = (values: readonly Uint8Array[]) => values.map((value) => valueJson(description, value));
    const theirs = json(there.values(description));
    const before = known?.get(key)?.values ?? (known === undefined ? undefined : []);
    const isTouched = touched.has(key);
    const yours = isTouched ? yourValues(changes, description, before, there, matching) : (before ?? theirs);
    const isTheirs = before === undefined || !sameValues(before, theirs);
    return { name: description, read: before, yours, theirs, isTouched, isTheirs };
  });
  const attributes = columns
    .filter(({ isTouched, isTheirs }) => isTouched || isTheirs)
    .map(({ name, read: before, yours, theirs, isTheirs }) => ({
      ...{ name, yours, theirs, changedByOthers: before !== undefined && isTheirs },
      ...(before === undefined ? {} : { read: before }),
    }));
  return {
    ...(read === undefined ? {} : { read }),
    wanted: present(columns.map(({ name, yours }) => [name, yours])),
    current: attributesJson(there.attributes),
    attributes,
    mergeable:
      known !== undefined &&
      columns.every(
        ({ isTouched, isTheirs, yours, theirs }) => !isTouched || !isTheirs || sameValues(yours, theirs, isKnown),
      ),
  };
}

/** The changes that are still to be made where others have made some of them already; see {@link ThreeWay.mergeable}. */
export function mergedChanges(
  changes: readonly Change[],
  { attributes }: ThreeWay,
  matching: AttributeMatching,
): Change[] {
  const made = new Set(
    attributes
      .filter(({ changedByOthers, yours, theirs }) => changedByOthers && sameValues(yours, theirs, isKnown))
      .map(({ name }) => matching.key(name)),
  );
  return changes.filter(({ modification: { type } }) => !made.has(matching.key(type)));
}

/** What the changes make of the values that were read, or where those are hidden or not known, of those that are there. */
function yourValues(
  changes: readonly Change[],
  description: string,
  read: readonly Value[] | undefined,
  there: EntryImage,
  matching: AttributeMatching,
): readonly Value[] {
  const key = matching.key(description);
  const own = changes.filter(({ modification: { type } }) => matching.key(type) === key);
  const bytes = read?.map(bytesOf);
  const isWhole = bytes?.every((value) => value !== undefined) === true;
  const start = isWhole
    ? EntryImage.of([{ type: description, values: bytes as Uint8Array[] }], matching)
    : there.only(new Set([key]));
  return start
    .after(own)
    .values(description)
    .map((value) => valueJson(description, value));
}

function bytesOf(value: Value): Uint8Array | undefined {
  if (typeof value === "string") return Buffer.from(value);
  return "base64" in value ? Buffer.from(value.base64, "base64") : undefined;
}

function isKnown(value: Value): boolean {
  return bytesOf(value) !== undefined;
}

/** Hidden values are the same as far as it can be seen, unless `isComparable` says that they are not to be compared. */
function sameValues(
  left: readonly Value[],
  right: readonly Value[],
  isComparable: (value: Value) => boolean = () => true,
): boolean {
  if (![...left, ...right].every(isComparable)) return false;
  const keyOf = (value: Value) => {
    const bytes = bytesOf(value);
    return bytes === undefined ? JSON.stringify(value) : `=${Buffer.from(bytes).toString("base64")}`;
  };
  const sorted = (values: readonly Value[]) => [...new Set(values.map(keyOf))].sort();
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function present(columns: readonly (readonly [string, readonly Value[]])[]): Attributes {
  return Object.fromEntries(
    columns.filter(([, values]) => values.length > 0).map(([name, values]) => [name, [...values]]),
  );
}
