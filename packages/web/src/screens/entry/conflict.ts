/** What becomes of an attribute that two people have changed: theirs, mine, or single values of both. */
import type { Attributes, Value } from "@espalier/manager/api";

export interface ConflictAttribute {
  readonly name: string;
  /** Absent where it is not known. */
  readonly read?: readonly Value[];
  readonly yours: readonly Value[];
  readonly theirs: readonly Value[];
}

/** Values by attribute; undefined where nobody has decided. */
export type Choices = Readonly<Record<string, readonly Value[] | undefined>>;

/** What only one of both has changed is as that one wants it; the rest is to be decided. */
export function firstChoices(attributes: readonly ConflictAttribute[]): Choices {
  return Object.fromEntries(attributes.map((attribute) => [attribute.name, firstChoice(attribute)]));
}

function firstChoice({ read, yours, theirs }: ConflictAttribute): readonly Value[] | undefined {
  if (isSame(yours, theirs)) return theirs;
  if (read === undefined) return undefined;
  if (isSame(yours, read)) return theirs;
  return isSame(theirs, read) ? yours : undefined;
}

/** With the value taken where it was not, or left out where it was; of an attribute with one value it takes the other's place. */
export function toggled(
  chosen: readonly Value[] | undefined,
  value: Value,
  isSingle: boolean,
): readonly Value[] | undefined {
  if (chosen === undefined || isSingle) return has(chosen ?? [], value) ? [] : [value];
  return has(chosen, value) ? chosen.filter((each) => keyOf(each) !== keyOf(value)) : [...chosen, value];
}

export function has(values: readonly Value[], value: Value): boolean {
  return values.some((each) => keyOf(each) === keyOf(value));
}

export interface Resolution {
  /** As it is now: theirs. */
  readonly read: Attributes;
  readonly wanted: Attributes;
}

/** What is to be sent; undefined as long as something is to be decided. */
export function resolutionOf(attributes: readonly ConflictAttribute[], choices: Choices): Resolution | undefined {
  if (attributes.some(({ name }) => choices[name] === undefined)) return undefined;
  const present = (pairs: readonly (readonly [string, readonly Value[]])[]): Attributes =>
    Object.fromEntries(pairs.filter(([, values]) => values.length > 0).map(([name, values]) => [name, [...values]]));
  return {
    read: present(attributes.map(({ name, theirs }) => [name, theirs])),
    wanted: present(attributes.map(({ name }) => [name, choices[name]!])),
  };
}

function isSame(one: readonly Value[], other: readonly Value[]): boolean {
  const keys = (values: readonly Value[]) => JSON.stringify([...new Set(values.map(keyOf))].sort());
  return keys(one) === keys(other);
}

function keyOf(value: Value): string {
  return JSON.stringify(value);
}
