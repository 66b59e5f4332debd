/** An update of the old kind, in which every attribute named is to have exactly the values given, as the fewest changes. */
import type { Change, PartialAttribute } from "@espalier/ldap";
import type { AttributeMatching } from "../changes/attribute-matching.ts";
import { diffAttributes } from "../changes/diff.ts";

/** Values by attribute; none removes it. */
export type WantedTexts = Readonly<Record<string, readonly string[]>>;

export function wantedAttributes(wanted: WantedTexts): PartialAttribute[] {
  return Object.entries(wanted).map(([type, texts]) => ({ type, values: texts.map((text) => Buffer.from(text)) }));
}

/** @param present the entry's, of which those that `wanted` does not name stay as they are */
export function replacements(
  present: readonly PartialAttribute[],
  wanted: readonly PartialAttribute[],
  matching: AttributeMatching,
): Change[] {
  const named = new Set(wanted.map(({ type }) => matching.key(type)));
  return diffAttributes(
    present.filter(({ type }) => named.has(matching.key(type))),
    wanted.filter(({ values }) => values.length > 0),
    matching.schema,
  );
}

/** A password is set by itself, so that the directory hashes it and applies its policy (RFC 3062). */
export function withoutPassword(wanted: WantedTexts): { readonly others: WantedTexts; readonly password?: string } {
  const isPassword = ([type]: [string, unknown]) => type.toLowerCase() === "userpassword";
  const entries = Object.entries(wanted);
  const [password] = entries.find(isPassword)?.[1] ?? [];
  const others = Object.fromEntries(entries.filter((entry) => !isPassword(entry)));
  return password === undefined ? { others } : { others, password };
}
