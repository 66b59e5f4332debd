/** A connection to a server of a cluster, encrypted as its configuration says, bound as who backs it up or restores it. */
import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import { LdapError, Oid } from "@espalier/ldap";
import { LdapClient, LdapClientError, type TlsOptions } from "@espalier/ldap/client";
import { type ClusterConfig, type ClusterNode, clusterNodes, formatHostPort, type Secret } from "@espalier/service";
import { BackupError } from "./backup-error.ts";

export interface Login {
  readonly dn: string;
  readonly password: Secret;
}

export interface OpenedNode extends AsyncDisposable {
  readonly client: LdapClient;
  /** `ldaps://ldap1.example.com:636` */
  readonly url: string;
  readonly rootDse: RootDse;
}

export const activeDirectory = "Active Directory";
/** MS-ADTS §3.1.1.3.4.3.1. */
const activeDirectoryCapability = "1.2.840.113556.1.4.800";

export interface RootDse {
  readonly namingContexts: readonly string[];
  readonly subschemaSubentry: string | undefined;
  readonly supportedControls: ReadonlySet<string>;
  /** `OpenLDAP`, `389`, {@link activeDirectory}, or what it says of itself. */
  readonly server: string;
}

/**
 * To read, the last node that answers, as the manager does; to write, the first and no other.
 *
 * @throws BackupError that names every node that was tried
 */
export async function openCluster(
  cluster: ClusterConfig,
  login: Login | undefined,
  use: "read" | "write",
): Promise<OpenedNode> {
  const nodes = clusterNodes(cluster);
  const candidates = use === "write" ? nodes.slice(0, 1) : [...nodes].reverse();
  const failures: string[] = [];
  for (const node of candidates) {
    try {
      return await openNode(node, cluster, login ?? ownLogin(cluster));
    } catch (error) {
      if (!(error instanceof LdapError || error instanceof LdapClientError)) throw error;
      failures.push(`${node.name}: ${error.message}`);
    }
  }
  throw new BackupError("failed", `The directory ${cluster.name} cannot be reached. ${failures.join(" ")}`);
}

function ownLogin({ bind_dn: dn, bind_password: password }: ClusterConfig): Login | undefined {
  return dn === undefined || password === undefined ? undefined : { dn, password };
}

async function openNode(node: ClusterNode, cluster: ClusterConfig, login: Login | undefined): Promise<OpenedNode> {
  const { host, port, security } = node;
  const tls = await tlsOf(cluster, security);
  const client = await LdapClient.connect({
    ...{ host, port, secure: security === "ldaps", tls },
    startTls: security === "starttls" || (security === "starttls-if-offered" && (await offersStartTls(node, cluster))),
    connectTimeoutMs: Math.max(cluster.connect_timeout, 5_000),
    operationTimeoutMs: cluster.timeout,
  });
  try {
    if (login !== undefined) await client.bind(login.dn, login.password.reveal());
    return {
      client,
      url: `${security === "ldaps" ? "ldaps" : "ldap"}://${formatHostPort(node)}`,
      rootDse: await readRootDse(client),
      [Symbol.asyncDispose]: () => client.unbind(),
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Asked on a connection of its own: 389 Directory Server refuses StartTLS right behind a search. */
async function offersStartTls({ host, port }: ClusterNode, cluster: ClusterConfig): Promise<boolean> {
  await using client = await LdapClient.connect({
    host,
    port,
    secure: false,
    connectTimeoutMs: cluster.connect_timeout,
  });
  const { entries } = await client.searchAll({
    baseObject: "",
    scope: "baseObject",
    attributes: ["supportedExtension"],
  });
  return entries[0]?.texts("supportedExtension").includes(Oid.startTls) ?? false;
}

async function tlsOf({ tls }: ClusterConfig, security: ClusterNode["security"]): Promise<TlsOptions> {
  const files = typeof tls === "object" ? tls : {};
  const read = async (path: string) =>
    readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new BackupError("refused", `${path}, which the cluster's tls names, cannot be read (${error.code}).`);
    });
  return {
    minVersion: "TLSv1.2",
    ca: files.ca_file === undefined ? getCACertificates("system") : await read(files.ca_file),
    // Clear text is allowed to such a node: whoever could show a false certificate could as well offer no TLS.
    rejectUnauthorized: security !== "starttls-if-offered",
    ...(files.server_name === undefined ? {} : { servername: files.server_name }),
    ...(files.cert_file === undefined ? {} : { cert: await read(files.cert_file) }),
    ...(files.key_file === undefined ? {} : { key: await read(files.key_file) }),
  };
}

export async function readRootDse(client: LdapClient): Promise<RootDse> {
  const { entries } = await client.searchAll({ baseObject: "", scope: "baseObject", attributes: ["*", "+"] });
  const [entry] = entries;
  const isOpenLdap = entry?.texts("objectClass").some((name) => name.toLowerCase() === "openldaprootdse") === true;
  const isActiveDirectory = entry?.texts("supportedCapabilities").includes(activeDirectoryCapability) === true;
  const vendor = entry?.text("vendorName") ?? "unknown";
  return {
    namingContexts: entry?.texts("namingContexts") ?? [],
    subschemaSubentry: entry?.text("subschemaSubentry"),
    supportedControls: new Set(entry?.texts("supportedControl")),
    server: isOpenLdap ? "OpenLDAP" : vendor.startsWith("389") ? "389" : isActiveDirectory ? activeDirectory : vendor,
  };
}

/** As configured, or the first naming context. @throws BackupError */
export function baseOf(cluster: ClusterConfig, { namingContexts }: RootDse): string {
  const base = cluster.base_dn === "" ? namingContexts[0] : cluster.base_dn;
  if (base !== undefined && base !== "") return base;
  throw new BackupError("refused", `The directory ${cluster.name} says no naming context: set its base_dn.`);
}
