/** The compare operation, RFC 4511 §4.10: by the attribute's equality rule, on what a search could have shown. */
import { type CompareRequest, LdapError, ResultCode } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

export function compare(request: CompareRequest, entry: Entry, snapshot: Snapshot): number {
  const { schema } = snapshot;
  const description = schema.resolve(request.attribute);
  if (!description) throw new LdapError(ResultCode.undefinedAttributeType);
  const rule = description.attribute.equality;
  if (!rule) throw new LdapError(ResultCode.inappropriateMatching);
  const assertion = rule.normalizeAssertion(request.value);
  if (assertion === undefined) throw new LdapError(ResultCode.invalidAttributeSyntax);
  const positions = description.keys
    .map((key) => entry.shape.positions.get(key))
    .filter((position) => position !== undefined);
  if (positions.length === 0) throw new LdapError(ResultCode.noSuchAttribute);
  const values = positions.flatMap((position) => entry.valuesAt(position));
  return values.some((value) => rule.normalize(value) === assertion) ? ResultCode.compareTrue : ResultCode.compareFalse;
}
