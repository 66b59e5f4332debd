/** As whom the manager may act, as connections are bound. */
import { type Control, proxiedAuthorizationControl } from "@espalier/ldap";
import type { LdapClient, OperationResult } from "@espalier/ldap/client";
import type { ClusterConfig } from "@espalier/service";
import type { Identity } from "../clusters/identity.ts";

/** For what anybody may see: a new connection is anonymous. */
export const anonymous: Identity = { key: "anonymous", dn: "", bind: async () => {}, controls: [] };

/** `bind_dn` with the configured password: for finding people and their groups. `undefined` where there is none. */
export function serviceIdentity({ name, bind_dn: dn, bind_password: password }: ClusterConfig): Identity | undefined {
  if (dn === undefined || password === undefined) return undefined;
  return passwordIdentity({ key: `service/${name}`, dn, password: password.reveal() });
}

export interface PasswordIdentityOptions {
  readonly key: string;
  readonly dn: string;
  readonly password: string;
  readonly bindControls?: readonly Control[];
  /** Told of each bind: its result, or why it was refused. */
  readonly onBind?: (outcome: { readonly result: OperationResult } | { readonly error: unknown }) => void;
}

export function passwordIdentity({ key, dn, password, bindControls = [], onBind }: PasswordIdentityOptions): Identity {
  return {
    ...{ key, dn, controls: [] },
    async bind(client: LdapClient) {
      try {
        const result = await client.bind(dn, password, { controls: bindControls });
        onBind?.({ result });
      } catch (error) {
        onBind?.({ error });
        throw error;
      }
    },
  };
}

/** A connection of `bind_dn`'s on which every operation is `dn`'s (RFC 4370). */
export function proxiedIdentity(key: string, dn: string, service: Identity): Identity {
  return { key, dn, bind: (client) => service.bind(client), controls: [proxiedAuthorizationControl(`dn:${dn}`)] };
}

/** `service` itself, on connections of its own. */
export function delegatedIdentity(key: string, service: Identity): Identity {
  return { key, dn: service.dn, bind: (client) => service.bind(client), controls: [] };
}
