/** What a node counts of itself, whatever server it is. */
import { OperationError, type SearchEntry } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { isLoss } from "../reading/pinned.ts";
import { directory389Figures } from "./directory-389.ts";
import { type Figures, unknownFigures } from "./figures.ts";
import { openLdapFigures } from "./openldap.ts";

export interface NodeFigures {
  readonly source?: "openldap" | "389ds";
  readonly figures: Figures;
  readonly problem?: string;
}

/**
 * Both kinds of server have an entry of this name, and tell themselves apart in it.
 *
 * @throws what a search throws where the node is lost
 */
export async function nodeFigures(connection: NodeConnection, signal: AbortSignal): Promise<NodeFigures> {
  const monitor = await readEntry(connection, "cn=monitor", signal);
  if (monitor?.values("opsinitiated").length === 1) {
    const snmp = await readEntry(connection, "cn=snmp,cn=monitor", signal);
    const figures = directory389Figures(monitor, snmp);
    return { source: "389ds", figures, ...(snmp === undefined ? unread("cn=snmp,cn=monitor") : {}) };
  }
  if (monitor === undefined) return { figures: unknownFigures, ...unread("cn=Monitor") };
  const figures = await openLdapFigures(connection, signal);
  const isReadable = figures.operations.all.initiated !== "unknown";
  return isReadable ? { source: "openldap", figures } : { figures, ...unread("What is below cn=Monitor") };
}

function unread(what: string): { problem: string } {
  return {
    problem: `${what} is not there, or you may not read it. On OpenLDAP, configure the monitor backend and let yourself read it; other servers may not count anything.`,
  };
}

async function readEntry(
  connection: NodeConnection,
  baseObject: string,
  signal: AbortSignal,
): Promise<SearchEntry | undefined> {
  try {
    const { entries } = await connection.searchAll({ baseObject, scope: "baseObject" }, { signal });
    return entries[0];
  } catch (error) {
    if (error instanceof OperationError && !isLoss(error)) return undefined;
    throw error;
  }
}
