/** JSON in one spelling only: the JSON Canonicalization Scheme, RFC 8785. What is hashed must not depend on who wrote it. */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * No white space, members in the order of their names' UTF-16 code units (§3.2.3), numbers and strings as ECMAScript spells
 * them (§3.2.2). A surrogate by itself, which the RFC excludes, becomes its `\u` escape.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const object = value as { readonly [key: string]: JsonValue };
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key]!)}`);
  return `{${members.join(",")}}`;
}
