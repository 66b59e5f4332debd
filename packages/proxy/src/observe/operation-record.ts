/** One operation of a client as it ended: what the access log, the metrics and the hygiene report are made of. */
import type { SearchScope } from "@espalier/ldap";
import type { OperationName } from "./operation-name.ts";

/** Who asked. A `ClientTransport` is one. */
export interface ClientFacts {
  /** Of the connection, unique in this process. */
  readonly id: number;
  /** The client's own address and port, also behind the PROXY protocol. */
  readonly address: string;
  readonly port: number;
  /** What it connected to. */
  readonly localAddress: string;
  readonly localPort: number;
  /** The listener it came in by, as configured. */
  readonly listener: string;
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly clientSubject?: string } | undefined;
}

export interface OperationRecord {
  readonly client: ClientFacts;
  /** The client's. */
  readonly messageId: number;
  readonly operation: OperationName;
  /** The base of a search, the name of a bind, the entry of the others, as the client spelt it. */
  readonly target?: string;
  readonly scope?: SearchScope;
  /** Of a search, as `describeFilter` writes it: values of secret attributes are not in it. */
  readonly filter?: string;
  /** Of a search with the paged results control (RFC 2696). */
  readonly isPaged?: boolean;
  /** Of a bind: `simple`, or the SASL mechanism. */
  readonly authentication?: string;
  /** Of an extended operation. */
  readonly oid?: string;
  /** Who the client was when it asked; "" is anonymous. For a bind, who it was before. */
  readonly boundAs: string;
  /** Which backend answered, or was last tried; absent where the proxy answered itself. */
  readonly backend?: string;
  /** Why that one: a `RouteReason`. */
  readonly reason?: string;
  /** How many backends it was sent to: 0 for what the proxy answered itself, 2 for a read that was moved. */
  readonly attempts: number;
  /** `undefined` where the client got no answer: abandoned, unbind, or the client is gone. */
  readonly resultCode: number | undefined;
  readonly diagnosticMessage: string;
  /** Entries passed on, for a search. */
  readonly entries: number;
  /** Bytes of LDAP passed on to the client. */
  readonly bytes: number;
  /** From the request to its last answer, `queuedMs` included. */
  readonly durationMs: number;
  /** Time it waited for a connection to a backend. */
  readonly queuedMs: number;
  /** A write whose outcome is unknown: sent, never answered, and not sent again. */
  readonly inDoubt?: boolean;
  /** What of the proxy refused it: `firewall`, a limit, … The metrics count by it, so it is from a short list. */
  readonly refusedBy?: string;
  /** The firewall's rule, where that refused it. */
  readonly rule?: string;
}
