/**
 * The shape of a search filter: the filter without its values, in the notation of RFC 4515 with `?` for a value.
 *
 * | shape | filters |
 * | --- | --- |
 * | `(uid=*)` | presence |
 * | `(uid=?)`, `(uid>=?)`, `(uid<=?)`, `(uid~=?)` | equality, ordering, approximate |
 * | `(cn=?*)`, `(cn=*?)`, `(cn=?*?)`, `(cn=*?*)` | substrings, by whether the beginning and the end of the value are given |
 * | `(cn:rule:=?)`, `(cn:dn:=?)`, … | extensible match |
 * | `(&(…)(…))`, `(\|(…)(…))`, `(!(…))` | of such parts, in any order |
 */
import { type Filter, parseFilter } from "@espalier/ldap";
import { attributeKey } from "./attribute-key.ts";

/** Written as the attribute of a shape: any attribute. */
const anyAttribute = "?";

/** `(attribute=?)` and so on of one filter that is not made of others. */
export function itemShape(item: FilterItem): string {
  return `(${attributeOf(item)}${patternOf(item)})`;
}

/** As `itemShape`, of any attribute: `(?=*?*)`. */
export function anyAttributeShape(item: FilterItem): string {
  return `(${anyAttribute}${patternOf(item)})`;
}

export type FilterItem = Exclude<Filter, { type: "and" | "or" | "not" }>;

export function isItem(filter: Filter): filter is FilterItem {
  return filter.type !== "and" && filter.type !== "or" && filter.type !== "not";
}

/** The shape of the whole; `undefined` where it has more than `maxItems` items. Parts are sorted: their order means nothing. */
export function filterShape(filter: Filter, maxItems: number): string | undefined {
  let items = 0;
  const shapeOf = (part: Filter): string | undefined => {
    if (isItem(part)) return ++items > maxItems ? undefined : itemShape(part);
    const parts: string[] = [];
    for (const inner of part.type === "not" ? [part.filter] : part.filters) {
      const shape = shapeOf(inner);
      if (shape === undefined) return undefined;
      parts.push(shape);
    }
    return `(${connectives[part.type]}${parts.sort().join("")})`;
  };
  return shapeOf(filter);
}

/**
 * A shape as an administrator writes it, in the one spelling that the functions above give, and how many items it has.
 *
 * @throws RangeError with a sentence for the administrator.
 */
export function parseShape(text: string): { readonly shape: string; readonly items: number } {
  // 1.1 is the OID that means no attribute (RFC 4511 §4.5.1.8), so that no filter has it.
  const parsed = readShape(text.replaceAll(/\(\?(?=[<>~:]?=|:)/g, "(1.1"));
  if (parsed === undefined) {
    throw new RangeError(
      `"${text}" is not the shape of a filter, which has ? for each value: (uid=?), (cn=*?*), (?=*), (&(objectClass=?)(uid=?)).`,
    );
  }
  const shape = filterShape(parsed, Number.POSITIVE_INFINITY)!.replaceAll(/\(1\.1(?=[<>~:]?=|:)/g, `(${anyAttribute}`);
  return { shape, items: countItems(parsed) };
}

/** `undefined` also where a value is anything but `?`: it would be taken for any value. */
function readShape(text: string): Filter | undefined {
  let filter: Filter;
  try {
    filter = parseFilter(text);
  } catch {
    return undefined;
  }
  return everyItem(filter, (item) => valuesOf(item).every((value) => Buffer.from(value).toString("latin1") === "?"))
    ? filter
    : undefined;
}

function everyItem(filter: Filter, test: (item: FilterItem) => boolean): boolean {
  if (isItem(filter)) return test(filter);
  return (filter.type === "not" ? [filter.filter] : filter.filters).every((part) => everyItem(part, test));
}

function countItems(filter: Filter): number {
  let items = 0;
  everyItem(filter, () => ++items > 0);
  return items;
}

function valuesOf(item: FilterItem): readonly Uint8Array[] {
  switch (item.type) {
    case "present":
      return [];
    case "substrings":
      return [item.initial, ...item.any, item.final].filter((part) => part !== undefined);
    default:
      return [item.value];
  }
}

const connectives = { and: "&", or: "|", not: "!" } as const;

function attributeOf(item: FilterItem): string {
  return item.attribute === undefined ? "" : attributeKey(item.attribute);
}

/** What stands behind the attribute. Values, and so how many parts a substring has in its middle, are left out. */
function patternOf(item: FilterItem): string {
  switch (item.type) {
    case "present":
      return "=*";
    case "equalityMatch":
      return "=?";
    case "greaterOrEqual":
      return ">=?";
    case "lessOrEqual":
      return "<=?";
    case "approxMatch":
      return "~=?";
    case "substrings":
      if (item.initial !== undefined) return item.final === undefined ? "=?*" : "=?*?";
      return item.final === undefined ? "=*?*" : "=*?";
    case "extensibleMatch":
      return `${item.dnAttributes ? ":dn" : ""}${item.matchingRule === undefined ? "" : `:${item.matchingRule.toLowerCase()}`}:=?`;
  }
}
