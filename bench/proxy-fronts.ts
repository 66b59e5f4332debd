/** What stands in front of the servers, each in its turn: Espalier's proxy, HAProxy and stunnel, set up for the same work. */
import { fileURLToPath } from "node:url";
import { ChildServer, startHaproxy, startProxy, startStunnel } from "@espalier/tests/lab";

/** How Espalier's proxy is set up. */
export type ProxyMode = "session" | "proxyauthz";

export interface Front extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export interface FrontOptions {
  /** The ports of the ldaps servers, all of 127.0.0.1. */
  readonly servers: readonly number[];
  /** The PEM file of the authority that signed their certificates. */
  readonly authority: string;
}

const bareProxy = fileURLToPath(new URL("bare-proxy.ts", import.meta.url));

export interface ServiceAccount {
  readonly serviceDn: string;
  readonly servicePassword: string;
}

/** The `proxy` section without `listen`, but for what differs from row to row. */
export function proxyConfiguration(
  { servers, authority }: FrontOptions,
  mode: ProxyMode,
  { serviceDn, servicePassword }: ServiceAccount,
  more: object = {},
): object {
  const account = mode === "proxyauthz" ? { dn: serviceDn, password: servicePassword } : {};
  return {
    tiers: [{ backends: servers.map((port, index) => ({ name: `s${index + 1}`, url: `ldaps://127.0.0.1:${port}` })) }],
    upstream: { caPath: authority },
    identity: { mode, ...account },
    // The peers log nothing.
    accessLog: false,
    ...more,
  };
}

export async function startEspalier(configuration: object, name: string): Promise<Front> {
  const proxy = await startProxy({ configuration, discardsLog: true, environment: { LOG_LEVEL: "warn" } });
  return { name, port: proxy.port, pid: proxy.process.pid, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

export async function startHaproxyFront(options: FrontOptions): Promise<Front> {
  const haproxy = await startHaproxy(options);
  const { port, process } = haproxy;
  return { name: "HAProxy", port, pid: process.pid, [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose]() };
}

export async function startStunnelFront(options: FrontOptions): Promise<Front> {
  const stunnel = await startStunnel(options);
  return {
    name: "stunnel",
    port: stunnel.port,
    pid: stunnel.process.pid,
    [Symbol.asyncDispose]: () => stunnel[Symbol.asyncDispose](),
  };
}

/** The least that this runtime can do: see bare-proxy.ts. */
export async function startBareFront({ servers: [server], authority }: FrontOptions): Promise<Front> {
  const proxy = new ChildServer(process.execPath, [bareProxy, String(server), authority]);
  await proxy.ready(() => proxy.log.endsWith("\n"));
  const { port } = JSON.parse(proxy.log);
  return { name: "bare Node", port, pid: proxy.pid, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}
