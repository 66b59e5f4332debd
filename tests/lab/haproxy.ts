/** HAProxy (Debian: haproxy) as its manual sets it up for LDAP servers: what the proxy is measured beside. */
import { readFile, writeFile } from "node:fs/promises";
import type { ServerCertificate } from "./certificates.ts";
import { ChildServer } from "./child-server.ts";
import { accepts, freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface HaproxyOptions {
  /** The servers, all of 127.0.0.1, by port. */
  readonly servers: readonly number[];
  /** The PEM file of the authority that signed the servers' certificates. Without it they are spoken to in plain text. */
  readonly authority?: string;
  /** With it clients connect with TLS. */
  readonly certificate?: ServerCertificate;
}

export interface Haproxy extends AsyncDisposable {
  readonly port: number;
  readonly process: ChildServer;
}

/** Starts it and waits until it takes connections. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("haproxy"));
  const port = await freePort();
  const configuration = directory.file("haproxy.cfg");
  const { certificate } = options;
  if (certificate !== undefined) {
    const pem = await Promise.all([readFile(certificate.certificate), readFile(certificate.privateKey)]);
    await writeFile(directory.file("listener.pem"), Buffer.concat(pem), { mode: 0o600 });
  }
  const bind =
    certificate === undefined ? `127.0.0.1:${port}` : `127.0.0.1:${port} ssl crt ${directory.file("listener.pem")}`;
  await writeFile(configuration, haproxyConfiguration(bind, options));
  const process = cleanup.use(new ChildServer("haproxy", ["-db", "-f", configuration]));
  await process.ready(() => accepts(port));
  const resources = cleanup.move();
  return { port, process, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/**
 * A server is down after one failed check and its sessions are ended then, a connection that fails is tried at another server:
 * whatever HAProxy has that makes a lost server cost its clients less.
 */
function haproxyConfiguration(bind: string, { servers, authority }: HaproxyOptions): string {
  const tls = authority === undefined ? "" : `ssl verify required ca-file ${authority} verifyhost localhost `;
  return [
    "global",
    "  maxconn 8000",
    "defaults",
    "  mode tcp",
    "  timeout connect 2s",
    "  timeout check 2s",
    "  timeout client 1h",
    "  timeout server 1h",
    "  retries 3",
    "  option redispatch 1",
    "listen ldap",
    `  bind ${bind}`,
    "  balance leastconn",
    "  option ldap-check",
    `  default-server ${tls}check inter 2s fall 1 rise 2 on-marked-down shutdown-sessions`,
    ...servers.map((port, index) => `  server s${index + 1} 127.0.0.1:${port}`),
    "",
  ].join("\n");
}
