/** A change that was tried as an event of the audit trail: who, where from, what, and what the directory answered. */
import { type PartialAttribute, ResultCode, resultCodeName, type Schema } from "@espalier/ldap";
import type { NewEvent, Severity } from "@espalier/service";
import { type Attributes, valueJson } from "../api/value.ts";
import type { Actor } from "../sessions/session.ts";
import type { EntryChange } from "./change-set.ts";
import { maskedRecord } from "./masked-ldif.ts";
import { newName } from "./new-name.ts";
import type { Sent } from "./send-change.ts";
import { touchedAfter, touchedBefore } from "./touched-attributes.ts";

export interface AuditContext {
  readonly cluster: string;
  readonly changeSet: string;
  readonly title: string;
  readonly actor: Pick<Actor, "address" | "requestId"> & { readonly session: Pick<Actor["session"], "name"> };
}

const appliedTypes: Readonly<Record<EntryChange["type"], string>> = {
  add: "entry.added",
  modify: "entry.modified",
  modifyDn: "entry.renamed",
  delete: "entry.deleted",
  password: "password.changed",
};

const severities: Readonly<Record<Sent["status"], Severity>> = {
  applied: "info",
  conflict: "info",
  failed: "low",
  in_doubt: "medium",
};

/** Of an event all data together have a megabyte. */
const maxLdifLength = 32_768;
const maxValueLength = 1_024;
const maxValues = 100;
const maxAttributesLength = 65_536;

/** @param schema where it is known: without it the event has no values before and after */
export function auditEvent(context: AuditContext, sent: Sent, schema: Schema | undefined): NewEvent {
  const { change, status, problem, node } = sent;
  const { cluster, changeSet, title, actor } = context;
  const cut: string[] = [];
  const ldap = problem?.ldap;
  const isKnown = schema !== undefined && status === "applied";
  const before = isKnown ? touchedBefore(sent, schema) : [];
  const after = isKnown ? touchedAfter(sent, schema) : [];
  const show = (name: string, attributes: readonly PartialAttribute[]) =>
    attributes.length === 0 ? {} : { [name]: bounded(name, attributes, cut) };
  return {
    type: status === "applied" ? appliedTypes[change.type] : "change.failed",
    severity: severities[status],
    subject: change.dn === "" ? "(root DSE)" : change.dn,
    source: "manager",
    actor: actor.session.name,
    audit: true,
    data: {
      ...{ cluster, node, address: actor.address, request_id: actor.requestId, change_set: changeSet, title },
      ...{ kind: change.type, status, ldif: boundedLdif(change, cut) },
      ...(change.type === "modifyDn" ? { new_dn: newName(change) } : {}),
      ...show("before", before),
      ...show("after", after),
      ...(cut.length === 0 ? {} : { cut }),
      ...(problem === undefined ? {} : { problem: problem.code, reason: problem.title }),
      ...(ldap === undefined ? {} : { diagnostic_message: ldap.diagnosticMessage }),
      result_code: ldap?.code ?? (status === "applied" ? ResultCode.success : null),
      result_name: ldap?.name ?? (status === "applied" ? resultCodeName(ResultCode.success) : null),
    },
  };
}

function boundedLdif(change: EntryChange, cut: string[]): string {
  const ldif = maskedRecord(change);
  if (ldif.length <= maxLdifLength) return ldif;
  const kept = ldif.slice(0, ldif.lastIndexOf("\n", maxLdifLength) + 1);
  cut.push(`ldif: ${ldif.length - kept.length} of ${ldif.length} characters are not kept here`);
  return `${kept}# … and ${ldif.length - kept.length} characters more\n`;
}

/** Secrets are hidden, long values and long lists left out with a note in `cut`. */
function bounded(name: string, attributes: readonly PartialAttribute[], cut: string[]): Attributes {
  const kept: Attributes = {};
  let length = 0;
  for (const { type, values } of attributes) {
    const shown = values.slice(0, maxValues).flatMap((value) => {
      const json = valueJson(type, value);
      const size = JSON.stringify(json).length;
      if (size <= maxValueLength && length + size <= maxAttributesLength) {
        length += size;
        return [json];
      }
      cut.push(`${name}: ${type}: a value of ${value.length} bytes`);
      return [];
    });
    if (values.length > maxValues) cut.push(`${name}: ${type}: ${values.length - maxValues} more values`);
    kept[type] = shown;
  }
  return kept;
}
