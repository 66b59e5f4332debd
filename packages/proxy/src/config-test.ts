/** What a start would meet: opens the certificates, connects to every backend, and says what each found. */
import { Oid, type PartialAttribute } from "@espalier/ldap";
import { formatHostPort } from "@espalier/service";
import { formatBackendUrl } from "./backend-url.ts";
import type { BackendSettings, ProxyConfig } from "./config.ts";
import { formatListener } from "./firewall-config.ts";
import { loadListenerCertificate } from "./listener-certificate.ts";
import { serviceAccount } from "./proxy-backend.ts";
import { BackendConnections } from "./upstream/backend-connections.ts";
import { lookUpServers, systemResolver } from "./upstream/server-addresses.ts";
import { loadUpstreamTls, type UpstreamTls } from "./upstream-tls.ts";

/** One line for the administrator. `error` is what keeps the proxy from serving as configured. */
export interface TestFinding {
  readonly status: "ok" | "warning" | "error";
  readonly text: string;
}

export async function testProxy(config: ProxyConfig): Promise<readonly TestFinding[]> {
  const listeners = config.listen.map(formatListener);
  const findings: TestFinding[] = [
    { status: "ok", text: `Serves clients on ${listeners.join(", ")}.` },
    ...(await testCertificate(config)),
  ];
  let tls: UpstreamTls;
  try {
    tls = await loadUpstreamTls(config.upstream);
  } catch (error) {
    return [...findings, { status: "error", text: `Certificates for backends: ${messageOf(error)}` }];
  }
  for (const [index, { backends }] of config.tiers.entries()) {
    const tested = await Promise.all(backends.map((backend) => testBackend(backend, config, tls)));
    for (const { status, text } of tested.flat()) findings.push({ status, text: `Tier ${index + 1}, ${text}` });
  }
  return findings;
}

async function testCertificate({ tls }: ProxyConfig): Promise<TestFinding[]> {
  const warnings: TestFinding[] = [];
  try {
    const warn = (text: string) => void warnings.push({ status: "warning", text });
    const certificate = await loadListenerCertificate(tls, { warn });
    if (certificate === undefined) return [];
    const { subject, notAfter, daysLeft } = certificate.loaded;
    const until = `${notAfter.toISOString().slice(0, 10)} (${daysLeft} days)`;
    return [{ status: "ok", text: `Certificate of ${subject}, valid until ${until}.` }, ...warnings];
  } catch (error) {
    return [{ status: "error", text: `Certificate: ${messageOf(error)}` }];
  }
}

/** One that cannot be reached now is a warning: the proxy is there for such days. */
async function testBackend(backend: BackendSettings, config: ProxyConfig, tls: UpstreamTls): Promise<TestFinding[]> {
  if (!backend.url.isSrv) return testServer(backend, config, tls);
  try {
    const servers = await lookUpServers(backend.url, systemResolver, Math.random);
    const tested = servers.map(({ name, port }) => {
      const url = { ...backend.url, host: name, port, isSrv: false };
      return testServer({ ...backend, name: formatHostPort({ host: name, port }), url }, config, tls);
    });
    return (await Promise.all(tested)).flat();
  } catch (error) {
    return [{ status: "warning", text: `${backend.name}: ${messageOf(error)}` }];
  }
}

async function testServer(
  { name, url }: BackendSettings,
  config: ProxyConfig,
  tls: UpstreamTls,
): Promise<TestFinding[]> {
  const { upstream, health, limits, identity } = config;
  const connections = new BackendConnections({
    name,
    url: formatBackendUrl(url),
    startTls: upstream.startTls && url.scheme === "ldap",
    tls,
    connectTimeoutMs: upstream.connectTimeout,
    checkTimeoutMs: health.timeout,
    maxConnections: 2,
    sharedConnections: 1,
    bindConnections: 1,
    maxPending: 1,
    maxAgeMs: upstream.maxAge,
    keepAliveMs: upstream.connectTimeout,
    resolveIntervalMs: upstream.resolveInterval,
    maxMessageBytes: limits.upstreamMessageBytes,
    sendsProxyHeader: upstream.proxyProtocol,
    service: serviceAccount(identity),
  });
  try {
    const { before } = await connections.check(rootDseSearch, upstream.connectTimeout);
    const entry = before.find((op) => op.type === "searchResultEntry");
    const findings: TestFinding[] = [{ status: "ok", text: `${name}: ${serverOf(entry?.attributes ?? [])}` }];
    if (identity.mode === "proxyauthz") {
      findings.push(...(await testAccount(connections, name, config, entry?.attributes ?? [])));
    }
    return findings;
  } catch (error) {
    return [{ status: "warning", text: `${name}: ${messageOf(error)}` }];
  } finally {
    await connections.close(0);
  }
}

async function testAccount(
  connections: BackendConnections,
  name: string,
  { upstream, identity }: ProxyConfig,
  rootDse: readonly PartialAttribute[],
): Promise<TestFinding[]> {
  if (!texts(rootDse, "supportedControl").includes(Oid.proxiedAuthorization)) {
    const text = `${name}: does not offer proxied authorization (RFC 4370): use identity.mode session or identity`;
    return [{ status: "error", text }];
  }
  try {
    await connections.shared({ kind: "service" }, {}, performance.now() + upstream.connectTimeout);
    return [{ status: "ok", text: `${name}: takes the account ${identity.dn}.` }];
  } catch (error) {
    return [{ status: "error", text: `${name}: ${messageOf(error)}` }];
  }
}

const rootDseSearch = {
  type: "searchRequest",
  baseObject: "",
  scope: "baseObject",
  derefAliases: "neverDerefAliases",
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "present", attribute: "objectClass" },
  attributes: ["*", "+"],
} as const;

/** What a server says of itself. */
function serverOf(rootDse: readonly PartialAttribute[]): string {
  const product = [...texts(rootDse, "vendorName"), ...texts(rootDse, "vendorVersion")].join(" ");
  const suffixes = texts(rootDse, "namingContexts").join(", ");
  return `answers${product === "" ? "" : `, ${product}`}${suffixes === "" ? "" : `, with ${suffixes}`}.`;
}

function texts(attributes: readonly PartialAttribute[], type: string): string[] {
  const found = attributes.find((each) => each.type.toLowerCase() === type.toLowerCase());
  return (found?.values ?? []).map((value) => Buffer.from(value).toString());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
