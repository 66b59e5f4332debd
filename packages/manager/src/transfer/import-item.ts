/** What a file asks for, piece by piece. */
import type { PartialAttribute, Schema } from "@espalier/ldap";
import type { AddEntry, DeleteEntry, ModifyEntry, ModifyEntryDn } from "../changes/change-set.ts";

export interface ImportItem {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly change: AddEntry | ModifyEntry | ModifyEntryDn | DeleteEntry;
  /** To be set when the entry is there, by RFC 3062. */
  readonly password?: string | undefined;
}

/** A part of the file that cannot be read. */
interface UnreadablePart {
  readonly line: number;
  readonly message: string;
}

export type ImportPart = ImportItem | UnreadablePart;

/** Without what only the server sets, as an export with operational attributes has it: nobody could add that. RFC 4512 §4.1.2. */
export function settable(attributes: readonly PartialAttribute[], schema: Schema): PartialAttribute[] {
  return attributes.filter(
    ({ type }) => schema.attribute(type.split(";")[0] ?? "")?.definition.noUserModification !== true,
  );
}
