/** Change sets as they come in, JSON or LDIF, as changes of entries. */
import { type LdifParseError, type LdifRecord, parseLdif } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { partialAttributes, valueBytes } from "../api/value.ts";
import type { EntryChange } from "./change-set.ts";
import type { ChangeRecord } from "./routes.ts";

/** @throws ApiError `invalid_request` for a hidden value */
export function changeOfRecord(record: ChangeRecord): EntryChange {
  switch (record.type) {
    case "add":
      return { type: "add", dn: record.dn, attributes: partialAttributes(record.attributes) };
    case "modify":
      return {
        ...{ type: "modify", dn: record.dn, version: record.version },
        changes: record.changes.map(({ operation, attribute, values }) => ({
          operation,
          modification: { type: attribute, values: values.map((value) => valueBytes(attribute, value)) },
        })),
      };
    case "password":
      return { ...record, newPassword: record.newPassword };
    default:
      return record;
  }
}

const maxErrors = 20;

/** Records without `changetype` are added. @throws ApiError `invalid_request` with the line of each record that cannot be used */
export function changesOfLdif(ldif: string): EntryChange[] {
  const errors: { path: string; message: string }[] = [];
  const report = (line: number, message: string) => errors.push({ path: `line ${line}`, message });
  const records = parseLdif(ldif, {
    onError: (error: LdifParseError) => report(error.line, error.message.replace(/^line \d+: /, "")),
  });
  const changes = records.flatMap(({ line, record }) => {
    if ("controls" in record && record.controls.length > 0) {
      report(line, "the record has controls, which cannot be sent from here: leave them out.");
      return [];
    }
    if (record.type === "content" && record.attributes.length === 0) {
      report(line, "the entry has no attributes.");
      return [];
    }
    return [changeOfLdif(record)];
  });
  const [first] = errors;
  if (first !== undefined) {
    const title = `The LDIF cannot be used, and nothing was done. ${first.path}: ${first.message}`;
    throw new ApiError("invalid_request", title, { errors: errors.slice(0, maxErrors) });
  }
  if (changes.length === 0) throw new ApiError("invalid_request", "The LDIF holds no records.");
  return changes;
}

function changeOfLdif(record: LdifRecord): EntryChange {
  const { dn } = record;
  switch (record.type) {
    case "content":
    case "add":
      return { type: "add", dn, attributes: record.attributes };
    case "modify":
      return { type: "modify", dn, changes: record.changes };
    case "modifyDn": {
      const { newRdn, deleteOldRdn, newSuperior } = record;
      return { type: "modifyDn", dn, newRdn, deleteOldRdn, newSuperior };
    }
    case "delete":
      return { type: "delete", dn };
  }
}
