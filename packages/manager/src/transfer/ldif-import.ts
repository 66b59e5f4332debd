/** Content and change records of LDIF, RFC 2849. Values behind `:< url` are refused: a file names no file of this machine. */
import { type LdifParseError, type LdifRecord, readLdif, type Schema } from "@espalier/ldap";
import { type ImportItem, type ImportPart, settable } from "./import-item.ts";

const limits = { maxLineBytes: 16 * 1024 * 1024, maxRecordBytes: 32 * 1024 * 1024 };

export async function* ldifParts(
  chunks: AsyncIterable<Uint8Array>,
  schema: Schema,
): AsyncGenerator<ImportPart, void, undefined> {
  let unreadable: LdifParseError[] = [];
  for await (const { line, record } of readLdif(chunks, { limits, onError: (error) => unreadable.push(error) })) {
    yield* unreadable.map(unreadablePart);
    unreadable = [];
    yield partOf(line, record, schema);
  }
  yield* unreadable.map(unreadablePart);
}

function unreadablePart({ line, message }: LdifParseError): ImportPart {
  return { line, message: message.replace(/^line \d+: /, "") };
}

function partOf(line: number, record: LdifRecord, schema: Schema): ImportPart {
  if (record.type !== "content") {
    const control = record.controls.find(({ criticality }) => criticality);
    if (control !== undefined)
      return { line, message: `the record wants the control ${control.controlType}, which an import does not send.` };
  }
  return { line, change: changeOf(record, schema) };
}

function changeOf(record: LdifRecord, schema: Schema): ImportItem["change"] {
  const { dn } = record;
  switch (record.type) {
    case "content":
    case "add":
      return { type: "add", dn, attributes: settable(record.attributes, schema) };
    case "modify":
      return { type: "modify", dn, changes: record.changes };
    case "delete":
      return { type: "delete", dn };
    case "modifyDn": {
      const { newRdn, deleteOldRdn, newSuperior } = record;
      return { type: "modifyDn", dn, newRdn, deleteOldRdn, newSuperior };
    }
  }
}
