/** What logs, metrics and rules call the operations of RFC 4511. */
import { OpTag } from "@espalier/ldap";

export type OperationName =
  | "bind"
  | "unbind"
  | "search"
  | "modify"
  | "add"
  | "delete"
  | "modifyDn"
  | "compare"
  | "abandon"
  | "extended";

const names = new Map<number, OperationName>([
  [OpTag.bindRequest, "bind"],
  [OpTag.unbindRequest, "unbind"],
  [OpTag.searchRequest, "search"],
  [OpTag.modifyRequest, "modify"],
  [OpTag.addRequest, "add"],
  [OpTag.delRequest, "delete"],
  [OpTag.modifyDnRequest, "modifyDn"],
  [OpTag.compareRequest, "compare"],
  [OpTag.abandonRequest, "abandon"],
  [OpTag.extendedRequest, "extended"],
]);

/** `undefined` for the tag of a response, and for one that RFC 4511 does not have. */
export function operationName(opTag: number): OperationName | undefined {
  return names.get(opTag);
}
