/** What `check --live` and `up` look at: every listener, server, public address, disk and queue that the configuration has. */
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { CheckConfig } from "@espalier/check/config";
import type { EndpointTarget, LiveTargets, NodeTarget, StorageTarget } from "@espalier/check/live";
import { baseOf, type GatewayConfig, listenersOf } from "@espalier/gateway/config";
import type { ProxyConfig } from "@espalier/proxy/config";
import {
  type ClusterConfig,
  clusterNodes,
  formatHostPort,
  type ListenAddress,
  parseHostPort,
  parseStoreUrl,
  type StoreConfig,
} from "@espalier/service";
import type { Configuration } from "../configuration.ts";

export type LiveConfiguration = Omit<Configuration, "warnings" | "log" | "metrics"> & {
  readonly check?: CheckConfig | undefined;
};

export function liveTargetsOf(configuration: LiveConfiguration, queue?: LiveTargets["queue"]): LiveTargets {
  const { gateway, proxy, clusters = [], manager, notify, store, check } = configuration;
  const more = check?.caFile === undefined ? [] : [check.caFile];
  const known = [
    ...more,
    ...clusters.flatMap(authoritiesOf),
    ...(proxy?.upstream.caPath === undefined ? [] : [proxy.upstream.caPath]),
  ];
  const nodes = clusters.flatMap((cluster) => clusterTargets(cluster, more));
  const addresses = new Set(nodes.map(formatHostPort));
  const published = [manager?.publicUrl, notify?.publicUrl].flatMap((url) =>
    url?.startsWith("https:") ? [`https://${new URL(url).host}`] : [],
  );
  return {
    endpoints: [...new Set([...published, ...(check?.endpoints ?? [])])].map((url) => endpointTarget(url, known)),
    nodes: [
      ...(gateway === undefined ? [] : gatewayTargets(gateway, known)),
      ...(proxy === undefined ? [] : [...proxyTargets(proxy, known), ...backendTargets(proxy, more, addresses)]),
      ...nodes,
    ],
    storage: [...storageOf("store", store && sqlitePath(store)), ...storageOf("backups", check?.backups?.directory)],
    backups: check?.backups,
    queue,
    host: true,
  };
}

/** A listener on every address is asked on loopback. */
const loopback: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function listenerTarget(
  { scheme, host, port }: ListenAddress<"ldap" | "ldaps">,
  startTls: boolean,
  commonName = hostname(),
): Pick<NodeTarget, "name" | "host" | "port" | "shownHost" | "security" | "verification" | "isReplica"> {
  // Those of two machines that share a store must not be taken for one.
  const shownHost = loopback[host] === undefined ? host : commonName;
  return {
    name: formatHostPort({ host: shownHost, port }),
    host: loopback[host] ?? host,
    ...{ port, shownHost },
    security: scheme === "ldaps" ? "ldaps" : startTls ? "starttls-if-offered" : "none",
    verification: "unknown",
    isReplica: false,
  };
}

function gatewayTargets(gateway: GatewayConfig, known: readonly string[]): NodeTarget[] {
  const { tls, commonName } = gateway;
  const isSelfSigned = tls.certPath === undefined && tls.certContent === undefined;
  // Clients of a self-signed certificate trust a copy of it.
  const own = isSelfSigned ? [join(resolve(tls.selfSignedDirectory), "self-signed", "server.crt")] : [];
  return listenersOf(gateway).map((listener) => ({
    ...listenerTarget(listener, true, commonName),
    ...{ group: "gateway", serverName: commonName, caFiles: [...own, ...known], base: baseOf(gateway) },
  }));
}

function proxyTargets({ listen, tls }: ProxyConfig, known: readonly string[]): NodeTarget[] {
  return listen.map((listener) => ({
    ...listenerTarget(listener, tls.certPath !== undefined),
    ...{ group: "proxy listeners", caFiles: known },
  }));
}

function backendTargets(proxy: ProxyConfig, more: readonly string[], clusterNodes: ReadonlySet<string>): NodeTarget[] {
  const { upstream, health, identity, tiers } = proxy;
  const { dn, password } = identity;
  const account = health.bind ?? (dn === undefined || password === undefined ? undefined : { dn, password });
  const backends = tiers.flatMap(({ backends }) => backends);
  return backends.map(({ name, url: { scheme, host, port, isSrv } }) => ({
    ...{ group: "proxy", name, host, port, isSrv },
    security: scheme === "ldaps" ? "ldaps" : upstream.startTls ? "starttls" : "none",
    verification: upstream.verify ? "on" : "off",
    caFiles: upstream.caPath === undefined ? more : [upstream.caPath],
    ...{ certFile: upstream.certPath, keyFile: upstream.keyPath, bind: account },
    ...(health.base === "" ? {} : { base: health.base }),
    // A server of a cluster is compared there.
    isReplica: (backends.length > 1 || isSrv) && !clusterNodes.has(formatHostPort({ host, port })),
  }));
}

function clusterTargets(cluster: ClusterConfig, more: readonly string[]): NodeTarget[] {
  const { name: group, tls, bind_dn: dn, bind_password: password, base_dn: base } = cluster;
  const files = typeof tls === "object" ? tls : {};
  const nodes = clusterNodes(cluster);
  return nodes.map(({ name, host, port, security }) => ({
    ...{ group, name, host, port, security },
    verification: security === "ldaps" || security === "starttls" ? "on" : "off",
    serverName: files.server_name,
    caFiles: files.ca_file === undefined ? more : [files.ca_file],
    ...{ certFile: files.cert_file, keyFile: files.key_file },
    bind: dn === undefined || password === undefined ? undefined : { dn, password },
    ...(base === "" ? {} : { base }),
    isReplica: nodes.length > 1,
  }));
}

function authoritiesOf({ tls }: ClusterConfig): string[] {
  return typeof tls === "object" && tls.ca_file !== undefined ? [tls.ca_file] : [];
}

const protocols = {
  ldaps: { protocol: "ldaps", port: 636 },
  ldap: { protocol: "starttls", port: 389 },
  https: { protocol: "https", port: 443 },
} as const;

/** @throws RangeError for what the configuration's schema does not let through */
function endpointTarget(url: string, caFiles: readonly string[]): EndpointTarget {
  const [, scheme = "", authority = ""] = /^(\w+):\/\/(.+)$/.exec(url) ?? [];
  const known = protocols[scheme as keyof typeof protocols];
  const address = known === undefined ? undefined : parseHostPort(authority, known.port);
  if (address === undefined) throw new RangeError(`${url} is no address of an endpoint`);
  return { url, protocol: known.protocol, ...address, serverName: address.host, caFiles };
}

function sqlitePath({ url }: StoreConfig): string | undefined {
  const target = parseStoreUrl(url.reveal());
  return target.database === "sqlite" ? target.path : undefined;
}

function storageOf(name: string, path: string | undefined): StorageTarget[] {
  return path === undefined ? [] : [{ name, path: name === "store" ? dirname(resolve(path)) : resolve(path) }];
}
