/**
 * What is looked at on a running system. The command makes it of the whole configuration (`liveTargetsOf`), since the services'
 * sections are theirs; `observe` looks.
 */

import { formatHostPort, type NodeSecurity, type Secret } from "@espalier/service";
import type { ObservedBackups } from "../backup/observe-backups.ts";
import type { EndpointProtocol } from "../observed/endpoint.ts";
import type { ObservedQueue } from "../observed/system.ts";

/** Something that presents a certificate. */
export interface EndpointTarget {
  /** What findings name. */
  readonly url: string;
  readonly protocol: EndpointProtocol;
  /** Where it is connected to. */
  readonly host: string;
  readonly port: number;
  /** The name that its certificate must have; undefined where nobody has said by which name clients know it. */
  readonly serverName?: string | undefined;
  /** PEM files of authorities that are trusted beside those of the system. */
  readonly caFiles: readonly string[];
}

/** A directory server, spoken to as its configured clients do. */
export interface NodeTarget {
  /** The cluster, proxy or gateway that it belongs to. */
  readonly group: string;
  /** What findings name. */
  readonly name: string;
  /** Where it is connected to. */
  readonly host: string;
  readonly port: number;
  /** What URLs call it in place of `host`: of a listener on every address, which is asked on loopback. */
  readonly shownHost?: string | undefined;
  /** `host` is a domain whose SRV records name the servers (RFC 2782); the port and the name are then theirs. */
  readonly isSrv?: boolean;
  readonly security: NodeSecurity;
  /** Whether its clients look at its certificate; `unknown` of a listener of our own, whose clients are configured elsewhere. */
  readonly verification: "on" | "off" | "unknown";
  readonly serverName?: string | undefined;
  readonly caFiles: readonly string[];
  /** What clients show it, where they have a certificate. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly bind?: { readonly dn: string; readonly password: Secret } | undefined;
  /** The first naming context of the server unless told. */
  readonly base?: string | undefined;
  /** Whether it holds the same as the others of its group, so that one may be behind another. */
  readonly isReplica: boolean;
}

export interface StorageTarget {
  /** `store`, `backups`. */
  readonly name: string;
  readonly path: string;
}

export interface LiveTargets {
  readonly endpoints: readonly EndpointTarget[];
  /** Those that speak TLS are looked at as endpoints too. */
  readonly nodes: readonly NodeTarget[];
  readonly storage: readonly StorageTarget[];
  /** The folder of backups and their receipts, and how old they may be. */
  readonly backups?: ObservedBackups | undefined;
  /** How the queue of notifications is: this package does not know how it is kept. */
  readonly queue?: ((signal: AbortSignal) => Promise<ObservedQueue>) | undefined;
  /** Whether the machine itself is looked at, where it can be: in a container it is not. */
  readonly host: boolean;
}

/** `ldaps://ldap1.example.com:636`. */
export function nodeUrl({
  security,
  shownHost,
  host,
  port,
}: Pick<NodeTarget, "security" | "host" | "port" | "shownHost">): string {
  return `${security === "ldaps" ? "ldaps" : "ldap"}://${formatHostPort({ host: shownHost ?? host, port })}`;
}
