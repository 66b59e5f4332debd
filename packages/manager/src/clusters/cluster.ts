/** A cluster of LDAP servers that hold the same directory: which node answers, and as whom. */
import type { Schema } from "@espalier/ldap";
import type { ClusterConfig } from "@espalier/service";
import type { Identity } from "./identity.ts";
import type { NodeConnection } from "./node-connection.ts";

export type Vendor = "openldap" | "389ds" | "active-directory" | "espalier" | "other";

/** What a node says of itself in its root DSE (RFC 4512 §5.1). */
export interface ServerFacts {
  readonly vendor: Vendor;
  /** `vendorName` and `vendorVersion` as they are, where they are. */
  readonly product: string | undefined;
  readonly namingContexts: readonly string[];
  readonly supportedControls: ReadonlySet<string>;
  readonly supportedExtensions: ReadonlySet<string>;
  readonly supportedFeatures: ReadonlySet<string>;
  /** Where the schema is. */
  readonly subschemaSubentry: string | undefined;
  /** The attribute whose value changes with every change of an entry, in the best kind that the server has. */
  readonly versionAttribute: "entryCSN" | "modifyTimestamp";
}

export interface Answered<T> {
  readonly value: T;
  /** The name of the node that answered. */
  readonly node: string;
}

export interface WorkOptions {
  /** Only this node: for what is about one server. @throws ApiError `not_found` for a name that is none */
  readonly node?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A connection that is kept for its borrower: a paged search goes on where it began (RFC 2696 §3). */
export interface PinnedConnection {
  readonly connection: NodeConnection;
  release(): void;
}

export interface NodeStatus {
  readonly name: string;
  /** `ldaps://ldap1.example.com:636` */
  readonly url: string;
  /** `unknown` until it has been asked. */
  readonly state: "up" | "down" | "unknown";
  /** Why it is down, a sentence. */
  readonly reason: string | undefined;
  /** When it was last asked, and how long it took to answer; milliseconds. */
  readonly checkedAt: number | undefined;
  readonly responseMs: number | undefined;
  /** Writes go to it first. */
  readonly isWriteNode: boolean;
}

export interface Cluster {
  readonly name: string;
  readonly config: ClusterConfig;
  /** As configured, or the first naming context. @throws ApiError `unavailable` */
  baseDn(identity: Identity): Promise<string>;
  /** Kept for some minutes. */
  facts(identity: Identity): Promise<ServerFacts>;
  /** Kept for some minutes; a lenient reading, with the built-in schema where the server shows none. */
  schema(identity: Identity): Promise<Schema>;
  /**
   * Runs `work` on the node that reads go to: the one that this identity has written to lately, else the cluster's order.
   * Work whose node is lost, busy or unavailable is run again on the next one, so it must be of reads only and may begin anew.
   *
   * @throws ApiError `unavailable`, `timed_out`; what `work` throws, with LDAP errors as {@link ApiError}
   */
  read<T>(
    identity: Identity,
    work: (connection: NodeConnection) => Promise<T>,
    options?: WorkOptions,
  ): Promise<Answered<T>>;
  /**
   * Runs `work` on the node that writes go to. Another is tried only where the cluster is declared multi-master and nothing
   * can have been sent.
   *
   * @throws ApiError `read_only`, `unavailable`, `in_doubt` when the answer to an operation was lost
   */
  write<T>(
    identity: Identity,
    work: (connection: NodeConnection) => Promise<T>,
    options?: WorkOptions,
  ): Promise<Answered<T>>;
  /** A connection of one's own until it is released. @throws ApiError */
  pin(identity: Identity, options?: WorkOptions): Promise<PinnedConnection>;
  /** Of each node, in the order of configuration. */
  nodes(): readonly NodeStatus[];
}

export interface Clusters {
  readonly all: readonly Cluster[];
  /** @throws ApiError `no_such_cluster` */
  get(name: string): Cluster;
}
