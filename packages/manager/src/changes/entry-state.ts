/** An entry at one moment: the attributes that matter to a change, and its version. */
import { type Control, LdapError, type PartialAttribute, ResultCode } from "@espalier/ldap";
import type { ServerFacts } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";

export interface EntryState {
  readonly attributes: readonly PartialAttribute[];
  readonly version: string | undefined;
}

/** @param attributes besides the version; `*` for all user attributes */
export async function readEntryState(
  connection: NodeConnection,
  dn: string,
  attributes: readonly string[],
  { versionAttribute }: Pick<ServerFacts, "versionAttribute">,
): Promise<EntryState | undefined> {
  try {
    const { entries } = await connection.searchAll({
      ...{ baseObject: dn, scope: "baseObject", filter: "(objectClass=*)" },
      attributes: [...attributes, versionAttribute],
    });
    const [entry] = entries;
    return entry === undefined ? undefined : entryState(entry.attributes, versionAttribute);
  } catch (error) {
    if (error instanceof LdapError && error.resultCode === ResultCode.noSuchObject) return undefined;
    throw error;
  }
}

/** What a pre-read or post-read control (RFC 4527) holds; `undefined` where there is none. */
export function controlState(
  control: Control | undefined,
  decode: (control: Control) => { readonly attributes: readonly PartialAttribute[] },
  { versionAttribute }: Pick<ServerFacts, "versionAttribute">,
): EntryState | undefined {
  if (control === undefined) return undefined;
  try {
    return entryState(decode(control).attributes, versionAttribute);
  } catch {
    return undefined;
  }
}

function entryState(attributes: readonly PartialAttribute[], versionAttribute: string): EntryState {
  const isVersion = ({ type }: PartialAttribute) => type.toLowerCase() === versionAttribute.toLowerCase();
  const value = attributes.find(isVersion)?.values[0];
  return {
    attributes: attributes.filter((attribute) => !isVersion(attribute)),
    version: value === undefined ? undefined : Buffer.from(value).toString(),
  };
}
