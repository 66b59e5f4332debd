/** Values of attributes as the page shows and compares them. */
import type { Attributes, Value } from "@espalier/manager/api";

/** One line for a person. */
export function valueText(value: Value): string {
  if (typeof value === "string") return value;
  if ("base64" in value) return `${Math.floor((value.base64.length * 3) / 4).toLocaleString()} bytes`;
  return value.scheme === undefined ? "hidden" : `hidden (${value.scheme})`;
}

/** Attribute names are the same in any letter case. */
export function valuesOf(attributes: Attributes, name: string): readonly Value[] {
  const wanted = name.toLowerCase();
  for (const [key, values] of Object.entries(attributes)) if (key.toLowerCase() === wanted) return values;
  return [];
}

function textOf(attributes: Attributes, name: string): string | undefined {
  return valuesOf(attributes, name).find((value): value is string => typeof value === "string");
}

/** What people call an entry. */
export function titleOf(dn: string, attributes: Attributes): string {
  return textOf(attributes, "displayName") ?? textOf(attributes, "cn") ?? textOf(attributes, "uid") ?? dn;
}
