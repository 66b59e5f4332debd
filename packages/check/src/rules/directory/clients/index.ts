/** Every client of a directory that a project configures. */
import { onceAProject } from "../../../engine/once-a-project.ts";
import type { DocumentKind } from "../../../inputs/documents.ts";
import { autheliaClients } from "./authelia.ts";
import type { LdapClient } from "./client.ts";
import { clusterClients } from "./clusters.ts";
import { environmentClients } from "./environment.ts";
import { ldapConfClients } from "./ldap-conf.ts";
import { nslcdClients } from "./nslcd.ts";
import { proxmoxClients } from "./proxmox.ts";
import { proxyClients } from "./proxy.ts";
import { sssdClients } from "./sssd.ts";
import { stunnelClients } from "./stunnel.ts";

/** What these are read from. */
export const clientKinds = [
  "sssd",
  "nslcd",
  "ldapConf",
  "proxmoxDomains",
  "authelia",
  "espalier",
  "stunnel",
  "compose",
  "dotenv",
] as const satisfies readonly DocumentKind[];

export const ldapClients = onceAProject((project): readonly LdapClient[] => {
  return [
    ...sssdClients(project),
    ...nslcdClients(project),
    ...ldapConfClients(project),
    ...proxmoxClients(project),
    ...autheliaClients(project),
    ...clusterClients(project),
    ...proxyClients(project),
    ...stunnelClients(project),
    ...environmentClients(project),
  ];
});
