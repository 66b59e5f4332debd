/** As whom a connection acts. */
import type { Control } from "@espalier/ldap";
import type { LdapClient } from "@espalier/ldap/client";

export interface Identity {
  /** The same for all connections that may be lent to each other; another for every session and every change of secret. */
  readonly key: string;
  /** Who the directory takes the person for. */
  readonly dn: string;
  /** Binds a new connection. @throws OperationError, LdapClientError */
  bind(client: LdapClient): Promise<void>;
  /** Sent with every operation: proxied authorization (RFC 4370) where the connection is a service account's. */
  readonly controls: readonly Control[];
}
