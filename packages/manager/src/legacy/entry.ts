/** An entry as the old paths show it: the values of each attribute as text. */
import type { EntryJson } from "../api/entry.ts";

export type LegacyEntry = { dn: string } & Record<string, string | string[]>;

/** Bytes that are not text are base64. Secrets are left out. */
export function legacyEntry({ dn, attributes, operational = {} }: EntryJson): LegacyEntry {
  const shown = Object.entries({ ...attributes, ...operational }).flatMap(([name, values]) => {
    const texts = values.flatMap((value) => {
      if (typeof value === "string") return [value];
      return "base64" in value ? [value.base64] : [];
    });
    return texts.length < values.length ? [] : [[name, texts] as const];
  });
  return { ...Object.fromEntries(shown), dn };
}
