/** A search filter (RFC 4515) as rows and groups that a person can fill in, and back. */
import type { Filter } from "@espalier/ldap";

export const conditions = [
  { value: "is", label: "is", takesValue: true },
  { value: "isNot", label: "is not", takesValue: true },
  { value: "contains", label: "contains", takesValue: true },
  { value: "beginsWith", label: "begins with", takesValue: true },
  { value: "endsWith", label: "ends with", takesValue: true },
  { value: "isThere", label: "is there", takesValue: false },
  { value: "isNotThere", label: "is not there", takesValue: false },
  { value: "atLeast", label: "at least", takesValue: true },
  { value: "atMost", label: "at most", takesValue: true },
] as const;

export type Condition = (typeof conditions)[number]["value"];

export interface BuilderRow {
  readonly kind: "row";
  /** Tells rows apart while they are edited. */
  readonly id: string;
  readonly attribute: string;
  readonly condition: Condition;
  /** Empty where the condition takes none. */
  readonly value: string;
}

export interface BuilderGroup {
  readonly kind: "group";
  readonly id: string;
  readonly match: "all" | "any" | "none";
  readonly parts: readonly BuilderPart[];
}

export type BuilderPart = BuilderRow | BuilderGroup;

/** How deep groups within groups are drawn, the outermost counted. */
export const maxDepth = 5;
const maxParts = 100;

export function takesValue(condition: Condition): boolean {
  return conditions.some(({ value, takesValue }) => value === condition && takesValue);
}

/** `undefined` for a row that is not filled in yet, and for a group of nothing but such rows. */
export function filterOf(part: BuilderPart): Filter | undefined {
  if (part.kind === "row") return filterOfRow(part);
  const filters = part.parts.flatMap((each) => filterOf(each) ?? []);
  if (filters.length === 0) return undefined;
  if (part.match === "all") return { type: "and", filters };
  if (part.match === "any") return { type: "or", filters };
  const [only] = filters;
  const negated = filters.length === 1 && only !== undefined && !isRowWhenNegated(only) && isItem(only);
  return { type: "not", filter: negated ? only : { type: "or", filters } };
}

/** The whole builder: a row alone is a filter without a group around it. */
export function filterOfBuilder(root: BuilderGroup): Filter | undefined {
  const filter = filterOf(root);
  const [only] = filter?.type === "and" ? filter.filters : [];
  const isAlone = filter?.type === "and" && filter.filters.length === 1;
  return isAlone && only !== undefined && root.parts.every(({ kind }) => kind === "row") ? only : filter;
}

function filterOfRow({ attribute, condition, value: text }: BuilderRow): Filter | undefined {
  if (attribute === "" || (takesValue(condition) && text === "")) return undefined;
  const value = encoder.encode(text);
  const nothing = { initial: undefined, any: [], final: undefined };
  switch (condition) {
    case "is":
      return { type: "equalityMatch", attribute, value };
    case "isNot":
      return { type: "not", filter: { type: "equalityMatch", attribute, value } };
    case "contains":
      return { type: "substrings", attribute, ...nothing, any: [value] };
    case "beginsWith":
      return { type: "substrings", attribute, ...nothing, initial: value };
    case "endsWith":
      return { type: "substrings", attribute, ...nothing, final: value };
    case "isThere":
      return { type: "present", attribute };
    case "isNotThere":
      return { type: "not", filter: { type: "present", attribute } };
    case "atLeast":
      return { type: "greaterOrEqual", attribute, value };
    case "atMost":
      return { type: "lessOrEqual", attribute, value };
  }
}

/** The builder that is the filter; or why it cannot be drawn, a sentence. */
export function builderOf(filter: Filter): BuilderGroup | string {
  const counted = { parts: 0 };
  try {
    const part = partOf(filter, "0", 1, counted);
    return part.kind === "group" ? part : { kind: "group", id: "root", match: "all", parts: [part] };
  } catch (error) {
    if (error instanceof NotDrawn) return error.message;
    throw error;
  }
}

/** What the builder has no row for. */
class NotDrawn extends Error {}

function partOf(filter: Filter, id: string, depth: number, counted: { parts: number }): BuilderPart {
  counted.parts += 1;
  if (counted.parts > maxParts) throw new NotDrawn(`It has more than ${maxParts} parts.`);
  if (depth > maxDepth + 1) throw new NotDrawn(`Its groups are nested more than ${maxDepth} deep.`);
  const group = (match: BuilderGroup["match"], filters: readonly Filter[]): BuilderGroup => {
    if (depth > maxDepth) throw new NotDrawn(`Its groups are nested more than ${maxDepth} deep.`);
    if (filters.length === 0) throw new NotDrawn("It has a group of nothing, which is always true or always false.");
    const parts = filters.map((each, index) => partOf(each, `${id}.${index}`, depth + 1, counted));
    return { kind: "group", id, match, parts };
  };
  const row = (attribute: string, condition: Condition, value = ""): BuilderRow => ({
    ...{ kind: "row", id, attribute, condition, value },
  });
  switch (filter.type) {
    case "and":
      return group("all", filter.filters);
    case "or":
      return group("any", filter.filters);
    case "not": {
      const negated = filter.filter;
      if (negated.type === "or") return group("none", negated.filters);
      if (negated.type === "equalityMatch") return row(negated.attribute, "isNot", textOf(negated.value));
      if (negated.type === "present") return row(negated.attribute, "isNotThere");
      if (isItem(negated)) return group("none", [negated]);
      throw new NotDrawn("It says “not” of a whole group that is not “any of”.");
    }
    case "equalityMatch":
      return row(filter.attribute, "is", textOf(filter.value));
    case "greaterOrEqual":
      return row(filter.attribute, "atLeast", textOf(filter.value));
    case "lessOrEqual":
      return row(filter.attribute, "atMost", textOf(filter.value));
    case "present":
      return row(filter.attribute, "isThere");
    case "substrings": {
      const { attribute, initial, any, final } = filter;
      const [only] = any;
      const count = any.length + (initial === undefined ? 0 : 1) + (final === undefined ? 0 : 1);
      if (count > 1) throw new NotDrawn("It has a pattern of several pieces, with * between them.");
      if (initial !== undefined) return row(attribute, "beginsWith", textOf(initial));
      if (final !== undefined) return row(attribute, "endsWith", textOf(final));
      return row(attribute, "contains", textOf(only ?? new Uint8Array()));
    }
    case "approxMatch":
      throw new NotDrawn("It has an approximate match (~=).");
    case "extensibleMatch":
      throw new NotDrawn("It has an extensible match (:=), which names a matching rule.");
  }
}

/** What "not" makes into a row by itself: "is not", "is not there". */
function isRowWhenNegated({ type }: Filter): boolean {
  return type === "equalityMatch" || type === "present";
}

function isItem({ type }: Filter): boolean {
  return type !== "and" && type !== "or" && type !== "not";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(value: Uint8Array): string {
  if (value.length === 0) throw new NotDrawn("It compares with a value that is empty.");
  try {
    return decoder.decode(value);
  } catch {
    throw new NotDrawn("It compares with bytes that are not text.");
  }
}
