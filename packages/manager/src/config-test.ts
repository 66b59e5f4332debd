/** What a start would meet: reads the certificates, connects to every node, and says what each found. */
import { builtInSchema, isWithin, LdapError, normalizeDn } from "@espalier/ldap";
import { type LdapClient, LdapClientError } from "@espalier/ldap/client";
import {
  CertificateError,
  type ClusterConfig,
  type ClusterNode,
  clusterNodes,
  formatHostPort,
} from "@espalier/service";
import type { ServerFacts } from "./clusters/cluster.ts";
import { readFacts } from "./clusters/facts.ts";
import { NodeConnection } from "./clusters/node-connection.ts";
import { NodeEndpoint } from "./clusters/node-endpoint.ts";
import { failureReason } from "./clusters/node-failure.ts";
import { type ClusterTls, loadClusterTls } from "./clusters/tls-files.ts";
import { apiPrefix, listenAddress, type ManagerConfig } from "./config.ts";

/** One line for the administrator. `error` is what keeps the service from serving as configured. */
export interface TestFinding {
  readonly status: "ok" | "warning" | "error";
  readonly text: string;
}

export async function testManager(
  config: ManagerConfig,
  clusters: readonly ClusterConfig[],
): Promise<readonly TestFinding[]> {
  const url = `http://${formatHostPort(listenAddress(config))}${apiPrefix(config)}`;
  const tested = await Promise.all(clusters.map(testCluster));
  return [{ status: "ok", text: `Serves the API on ${url}.` }, ...tested.flat()];
}

async function testCluster(config: ClusterConfig): Promise<TestFinding[]> {
  let tls: ClusterTls;
  try {
    tls = await loadClusterTls(config);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return [{ status: "error", text: error.message }];
  }
  const tested = await Promise.all(clusterNodes(config).map((node) => testNode(node, config, tls)));
  return tested.flat().map(({ status, text }) => ({ status, text: `Cluster ${config.name}, ${text}` }));
}

/** One that cannot be reached now is a warning: a cluster has several for such days. */
async function testNode(node: ClusterNode, config: ClusterConfig, tls: ClusterTls): Promise<TestFinding[]> {
  const endpoint = new NodeEndpoint(node, config, tls);
  let client: LdapClient;
  try {
    client = await endpoint.connect();
  } catch (error) {
    const isMisconfigured = error instanceof LdapClientError && error.code === "ERR_TLS";
    return [{ status: isMisconfigured ? "error" : "warning", text: `${node.name}: ${failureReason(error)}` }];
  }
  try {
    const refused = await bindRefusal(client, config);
    if (refused !== undefined) return [{ status: "error", text: `${node.name}: ${refused}` }];
    const facts = await readFacts(new NodeConnection(node.name, client, []));
    const findings: TestFinding[] = [{ status: "ok", text: `${node.name} (${endpoint.url}): ${describe(facts)}` }];
    if (!client.secure) {
      findings.push({ status: "warning", text: `${node.name} offers no StartTLS: passwords go to it in clear text.` });
    }
    if (!holds(facts, config.base_dn)) {
      findings.push({ status: "error", text: `${node.name} does not hold ${config.base_dn}: correct base_dn.` });
    }
    return findings;
  } catch (error) {
    return [{ status: "warning", text: `${node.name}: ${failureReason(error)}` }];
  } finally {
    await client.unbind();
  }
}

/** Tries the account of the cluster, where its password is configured. */
async function bindRefusal(client: LdapClient, config: ClusterConfig): Promise<string | undefined> {
  const { bind_dn: name, bind_password: password } = config;
  if (name === undefined || password === undefined) return undefined;
  try {
    await client.bind(name, password.reveal());
    return undefined;
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    return `the directory refuses the bind of ${name}: ${error.message}`;
  }
}

function describe({ product, vendor, namingContexts }: ServerFacts): string {
  const known = { openldap: "OpenLDAP", "389ds": "389 Directory Server", espalier: "Espalier" } as const;
  const what = product ?? (vendor in known ? known[vendor as keyof typeof known] : "an LDAP server");
  return `${what}, holds ${namingContexts.length === 0 ? "what it does not say" : namingContexts.join("; ")}.`;
}

/** What a server does not show to strangers may be there all the same. */
function holds({ namingContexts }: ServerFacts, baseDn: string): boolean {
  if (baseDn === "" || namingContexts.length === 0) return true;
  const base = normalizeDn(baseDn, builtInSchema);
  return namingContexts.some((context) => isWithin(base, normalizeDn(context, builtInSchema)));
}
