/** The search of an export: paged (RFC 2696) on one connection, one page in memory at a time. */
import { type Filter, formatDn, LdapError, parentDn, parseDn, ResultCode, type SearchScope } from "@espalier/ldap";
import type { SearchEntry, SearchPage } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { isSecretAttribute } from "../api/value.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import type { ExportedEntry } from "./parents-first.ts";

export interface ExportParameters {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  /** Attribute selectors; all user attributes where there are none. */
  readonly attributes: readonly string[];
  readonly includesOperational: boolean;
  readonly revealsSecrets: boolean;
}

/** What an export was of, for its last line and the audit trail. */
export interface ExportCounts {
  entries: number;
  /** Values of secret attributes that were left out. */
  withheld: number;
  /** Parts of the subtree that are on other servers. */
  references: number;
}

const pageSize = 200;
/** Say whether an entry has others below it: X.501 §13.4.4.2, and 389-DS's. */
const leafAttributes = ["hasSubordinates", "numSubordinates"];

export async function* exportedEntries(
  connection: NodeConnection,
  parameters: ExportParameters,
  counts: ExportCounts,
  signal: AbortSignal,
): AsyncGenerator<ExportedEntry, void, undefined> {
  const { revealsSecrets } = parameters;
  const selected = selection(parameters);
  for await (const page of searchPages(connection, parameters, [...selected, ...leafAttributes], signal)) {
    counts.references += page.references.length;
    for (const entry of page.entries) {
      const attributes = entry.attributes.filter(({ type, values }) => {
        if (values.length === 0) return false;
        if (isBeside(type, parameters)) return false;
        if (revealsSecrets || !isSecretAttribute(type)) return true;
        counts.withheld += values.length;
        return false;
      });
      const partial = attributes.find(({ type }) => /;range=\d+-\d/i.test(type));
      if (partial !== undefined) {
        throw new ApiError(
          "refused_by_directory",
          `The server gives only a part of ${partial.type} of ${entry.objectName}.`,
        );
      }
      yield { dn: entry.objectName, attributes, isLeaf: isLeaf(entry) };
    }
  }
}

/** Attribute descriptions that the entries have, as they are spelt there first, without reading their values. */
export async function exportedTypes(
  connection: NodeConnection,
  parameters: ExportParameters,
  signal: AbortSignal,
): Promise<string[]> {
  const found = new Map<string, string>();
  for await (const page of searchPages(connection, parameters, selection(parameters), signal, true)) {
    for (const { attributes } of page.entries) {
      for (const { type } of attributes) if (!found.has(type.toLowerCase())) found.set(type.toLowerCase(), type);
    }
  }
  return [...found.values()].filter(
    (type) => !isBeside(type, parameters) && (parameters.revealsSecrets || !isSecretAttribute(type)),
  );
}

/** Whether the search has the entry above `dn`. It is asked between two pages. */
export async function givesParentOf(
  connection: NodeConnection,
  { filter }: ExportParameters,
  dn: string,
  signal: AbortSignal,
): Promise<boolean> {
  const above = parentDn(parseDn(dn));
  if (above === undefined) return false;
  const search = { baseObject: formatDn(above), scope: "baseObject", filter, attributes: ["1.1"] } as const;
  try {
    return (await connection.searchAll(search, { signal })).entries.length > 0;
  } catch (error) {
    if (error instanceof LdapError && error.resultCode === ResultCode.noSuchObject) return false;
    throw error;
  }
}

function searchPages(
  connection: NodeConnection,
  { base, scope, filter }: ExportParameters,
  attributes: readonly string[],
  signal: AbortSignal,
  typesOnly = false,
): AsyncIterable<SearchPage> {
  return connection.paged({ baseObject: base, scope, filter, attributes, typesOnly }, { pageSize }, { signal });
}

function selection({ attributes, includesOperational }: ExportParameters): string[] {
  return [...(attributes.length === 0 ? ["*"] : attributes), ...(includesOperational ? ["+"] : [])];
}

/** What is asked for to tell leaves: servers differ in whether it is one of their operational attributes. */
function isBeside(type: string, { attributes }: ExportParameters): boolean {
  const isSame = (name: string) => name.toLowerCase() === type.toLowerCase();
  return leafAttributes.some(isSame) && !attributes.some(isSame);
}

function isLeaf(entry: SearchEntry): boolean | undefined {
  const count = entry.text("numSubordinates");
  if (count !== undefined) return count === "0";
  const has = entry.text("hasSubordinates");
  return has === undefined ? undefined : has === "FALSE";
}
