/** Values of attributes as the page shows and compares them. */
import type { Attributes, Value } from "@espalier/manager/api";

/** One line for a person. */
export function valueText(value: Value): string {
  if (typeof value === "string") return value;
  if ("base64" in value) {
    const bytes = bytesOf(value.base64);
    return bytes === 1 ? "1 byte" : `${bytes.toLocaleString()} bytes`;
  }
  return value.scheme === undefined ? "hidden" : `hidden (${value.scheme})`;
}

/** RFC 4648 §4: four characters stand for three bytes, less one for each that pads. */
function bytesOf(base64: string): number {
  return (base64.length * 3) / 4 - (/=*$/.exec(base64)?.[0].length ?? 0);
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
