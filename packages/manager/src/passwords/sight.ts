/**
 * What can be seen of an entry. An attribute that a server does not give may not be there, or be hidden: the entry matches
 * `(!(attribute=*))` only where the server lets its absence be seen (RFC 4511 §4.5.1.7).
 */
import { type Filter, LdapError, type Schema } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";

export interface Sight {
  readonly entry: SearchEntry;
  /** The values; none where the entry surely has none, and `undefined` where that is not to be seen. */
  values(attribute: string): readonly string[] | undefined;
  /** The first of them. */
  first(attribute: string): string | undefined;
}

/** @throws ApiError `no_such_entry`; OperationError */
export async function lookAt(
  connection: NodeConnection,
  dn: string,
  attributes: readonly string[],
  schema: Schema,
  signal: AbortSignal,
): Promise<Sight> {
  const known = attributes.filter((name) => schema.attribute(name) !== undefined);
  const search = { baseObject: dn, scope: "baseObject", attributes: ["objectClass", ...known] } as const;
  const [entry] = (await connection.searchAll(search, { signal })).entries;
  if (entry === undefined) throw new ApiError("no_such_entry", "There is no such entry, or you may not see it.");
  const missing = known.filter((name) => entry.values(name).length === 0);
  const isAbsent = await Promise.all(missing.map((name) => surelyLacks(connection, dn, name, signal)));
  const absent = new Set(missing.filter((_, index) => isAbsent[index]));
  const values = (name: string): readonly string[] | undefined => {
    const found = entry.values(name);
    if (found.length === 0) return absent.has(name) ? [] : undefined;
    return found.map((value) => Buffer.from(value).toString("utf8"));
  };
  return { entry, values, first: (name) => values(name)?.[0] };
}

async function surelyLacks(
  connection: NodeConnection,
  dn: string,
  attribute: string,
  signal: AbortSignal,
): Promise<boolean> {
  const filter: Filter = { type: "not", filter: { type: "present", attribute } };
  try {
    const search = { baseObject: dn, scope: "baseObject", filter, attributes: ["1.1"] } as const;
    return (await connection.searchAll(search, { signal })).entries.length > 0;
  } catch (error) {
    if (error instanceof LdapError) return false;
    throw error;
  }
}
