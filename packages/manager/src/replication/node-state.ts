/** What one server says of its replication, whatever server it is. */

import type { Csn } from "@espalier/ldap";
import { OperationError, type SearchEntry, type SearchParameters } from "@espalier/ldap/client";
import { readFacts } from "../clusters/facts.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { isLoss } from "../reading/pinned.ts";
import { directory389State } from "./directory-389.ts";
import { openLdapState } from "./openldap.ts";
import type { Link } from "./topology.ts";

export interface NodeState {
  /** Where {@link newest} is from. */
  readonly source: "contextCSN" | "nsds50ruv" | undefined;
  /** The newest change that it has of each server id; `undefined` where it does not say. */
  readonly newest: ReadonlyMap<string, Csn> | undefined;
  readonly generation?: string | undefined;
  /** Why `newest` is not known, a sentence. */
  readonly problem?: string | undefined;
  /** From whom it takes changes, and to whom it sends them; `undefined` where it does not say. */
  readonly links: readonly Link[] | undefined;
  /** Why `links` are not known. */
  readonly linksProblem?: string | undefined;
  readonly consumers?: readonly Consumer[] | undefined;
  readonly agreements?: readonly Agreement[] | undefined;
}

/** OpenLDAP: what cn=Monitor says of one of its syncrepl consumers. Times in milliseconds since 1970. */
export interface Consumer {
  readonly provider: string;
  readonly isConnected: boolean;
  readonly phase: string | undefined;
  readonly lastConnectAt: number | undefined;
  readonly lastContactAt: number | undefined;
  readonly nextConnectAt: number | undefined;
  readonly lastCookieReceived: string | undefined;
}

/** 389 Directory Server: one of its replication agreements. */
export interface Agreement {
  readonly name: string;
  readonly consumer: string;
  readonly isEnabled: boolean;
  /** `green`, `amber`, `red` in the server's words. */
  readonly state: "ok" | "warning" | "error" | "unknown";
  readonly message: string | undefined;
  readonly lastUpdateStartAt: number | undefined;
  readonly lastUpdateEndAt: number | undefined;
  readonly isUpdating: boolean | undefined;
  readonly changesSent: number | undefined;
}

export interface TimedNodeState extends NodeState {
  /** How long its root DSE took. */
  readonly responseMs: number;
}

/** @throws what a search throws where the node is lost; ApiError where it shows no root DSE */
export async function readNodeState(
  connection: NodeConnection,
  baseDn: string,
  signal: AbortSignal,
): Promise<TimedNodeState> {
  const startedAt = performance.now();
  const facts = await readFacts(connection);
  const responseMs = Math.round((performance.now() - startedAt) * 10) / 10;
  const read = optionalReader(connection, signal);
  switch (facts.vendor) {
    case "389ds":
      return { responseMs, ...(await directory389State(read, baseDn)) };
    case "espalier":
      return { responseMs, ...silent("It serves a database, and replicates with nobody.") };
    case "active-directory":
      return { responseMs, ...silent("Replication of Active Directory is not read.") };
    default:
      return { responseMs, ...(await openLdapState(read, baseDn)) };
  }
}

function silent(problem: string): NodeState {
  return { source: undefined, newest: undefined, problem, links: undefined, linksProblem: problem };
}

/** Entries, or `undefined` where there is nothing of the kind, or one may not read it. */
export type OptionalReader = (parameters: SearchParameters) => Promise<readonly SearchEntry[] | undefined>;

function optionalReader(connection: NodeConnection, signal: AbortSignal): OptionalReader {
  return async (parameters) => {
    try {
      return (await connection.searchAll(parameters, { signal })).entries;
    } catch (error) {
      if (error instanceof OperationError && !isLoss(error)) return undefined;
      throw error;
    }
  };
}
