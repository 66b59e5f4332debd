/** The entry by which replication is tested: known again by its name and by what it says, and by nothing else removed. */
import { type Filter, filter, type PartialAttribute } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { textsOf } from "../reading/entry-json.ts";

const prefix = "espalier-replication-test-";
const dnPattern = /^cn=espalier-replication-test-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12},/i;
const marker = /^Replication test of Espalier, made (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\. It may be removed\.$/;

export function canaryDn(id: string, under: string): string {
  return `cn=${prefix}${id},${under}`;
}

/** `applicationProcess`, RFC 4519 §3.1: every server has it, and nobody logs in as one. */
export function canaryAttributes(id: string, madeAt: number): PartialAttribute[] {
  const text = (type: string, value: string) => ({ type, values: [new TextEncoder().encode(value)] });
  return [
    text("objectClass", "applicationProcess"),
    text("cn", `${prefix}${id}`),
    text("description", `Replication test of Espalier, made ${new Date(madeAt).toISOString()}. It may be removed.`),
  ];
}

export const canaryFilter: Filter = filter`(&(objectClass=applicationProcess)(cn=espalier-replication-test-*))`;

/** When it was made, milliseconds since 1970; `undefined` for every entry that is not such a one. */
export function canaryMadeAt(entry: SearchEntry): number | undefined {
  const [description, ...more] = textsOf(entry, "description");
  const made = marker.exec(description ?? "")?.[1];
  const isOne = dnPattern.test(entry.objectName) && more.length === 0;
  return made !== undefined && isOne ? Date.parse(made) : undefined;
}
