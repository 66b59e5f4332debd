/** The kinds of server on which entries are renamed and deleted: those that mend references themselves, and one that does not. */
import { attribute, LdapClient } from "@espalier/ldap/client";
import { requirePrograms, startDirectory389 } from "@espalier/tests/lab";
import { startDebianSlapd } from "./debian-slapd.ts";
import type { Server } from "./served.ts";

export interface ServerKind {
  readonly name: string;
  /** Whether the server changes references itself; `meanwhile`: in the background, so that it may come too late. */
  readonly mends: "no" | "at once" | "meanwhile";
  readonly group: ReturnType<typeof requirePrograms>;
  start(ldif: string): Promise<Server & AsyncDisposable>;
}

const withSlapd = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });
const with389 = requirePrograms({ "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

export const plainSlapd: ServerKind = {
  name: "OpenLDAP",
  mends: "no",
  group: withSlapd,
  start: (ldif) => startDebianSlapd({ ldif }),
};

export const refintSlapd: ServerKind = {
  name: "OpenLDAP with refint",
  mends: "meanwhile",
  group: withSlapd,
  start: (ldif) =>
    startDebianSlapd({
      ldif,
      modules: ["refint"],
      overlays: ["overlay refint", "refint_attributes member uniqueMember owner manager"],
    }),
};

export const directory389: ServerKind = {
  name: "389-DS",
  mends: "no",
  group: with389,
  start: (ldif) => startDirectory389({ ldif }),
};

/** With the plug-in on that mends references, within the operation that breaks them. */
export const referint389: ServerKind = {
  name: "389-DS with referint",
  mends: "at once",
  group: with389,
  async start(ldif) {
    const server = await startDirectory389({ ldif });
    await using client = await LdapClient.connect({ url: server.url });
    await client.bind(server.rootDn, server.rootPassword);
    await client.modify("cn=referential integrity postoperation,cn=plugins,cn=config", [
      { operation: "replace", modification: attribute("nsslapd-pluginEnabled", "on") },
    ]);
    await server.restart();
    return server;
  },
};
