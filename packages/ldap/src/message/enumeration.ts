/** The ENUMERATED types of RFC 4511 as names: the index is the value on the wire. */
import type { Change, DerefAliases, SearchScope } from "./message.ts";

/** RFC 4511 §4.5.1.2. */
export const searchScopes: readonly SearchScope[] = ["baseObject", "singleLevel", "wholeSubtree"];

/** RFC 4511 §4.5.1.3. */
export const derefAliasesValues: readonly DerefAliases[] = [
  "neverDerefAliases",
  "derefInSearching",
  "derefFindingBaseObj",
  "derefAlways",
];

/** RFC 4511 §4.6; `increment`, RFC 4525 §2. */
export const changeOperations: readonly Change["operation"][] = ["add", "delete", "replace", "increment"];
