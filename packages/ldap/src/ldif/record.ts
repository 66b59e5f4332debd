/** LDIF records as data, RFC 2849; `increment` from RFC 4525 §2.2. */
import { ParseError } from "../error.ts";
import type { Change, Control, PartialAttribute } from "../message/message.ts";

/** An entry. `attributes` may be empty: `ldapsearch … 1.1` prints a DN alone. */
export interface LdifContentRecord {
  readonly type: "content";
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
}
export interface LdifAddRecord {
  readonly type: "add";
  readonly dn: string;
  readonly controls: readonly Control[];
  readonly attributes: readonly PartialAttribute[];
}
export interface LdifDeleteRecord {
  readonly type: "delete";
  readonly dn: string;
  readonly controls: readonly Control[];
}
export interface LdifModifyRecord {
  readonly type: "modify";
  readonly dn: string;
  readonly controls: readonly Control[];
  readonly changes: readonly Change[];
}
/** `changetype: modrdn` or `moddn`, which mean the same. */
export interface LdifModifyDnRecord {
  readonly type: "modifyDn";
  readonly dn: string;
  readonly controls: readonly Control[];
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior: string | undefined;
}

export type LdifChangeRecord = LdifAddRecord | LdifDeleteRecord | LdifModifyRecord | LdifModifyDnRecord;
/** A DN is the text of the file; its syntax is not judged here. */
export type LdifRecord = LdifContentRecord | LdifChangeRecord;

/** A record with the line, counted from 1, on which it begins. */
export interface PlacedLdifRecord {
  readonly line: number;
  readonly record: LdifRecord;
}

/** Text that is not LDIF. `line` is counted from 1 and is also at the start of the message. */
export class LdifParseError extends ParseError {
  readonly line: number;
  constructor(line: number, sentence: string, options: { cause?: unknown } = {}) {
    super("ERR_LDIF", `line ${line}: ${sentence}`, options);
    this.line = line;
  }
}

/** AttributeDescription of RFC 4512 §2.5, with the underscore and the `;range=0-*` that servers are seen to use. */
const attributeDescription = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:;[A-Za-z0-9._=*-]+)*$/;

export function isAttributeDescription(text: string): boolean {
  return attributeDescription.test(text);
}
