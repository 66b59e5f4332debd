/** stunnel (Debian: stunnel4) as the way from plain LDAP on this machine to LDAPS servers, certificates verified. */
import { writeFile } from "node:fs/promises";
import { ChildServer } from "./child-server.ts";
import { accepts, freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface StunnelOptions {
  /** The servers, all of 127.0.0.1, by port; connections go to them in turn. */
  readonly servers: readonly number[];
  /** The PEM file of the authority that signed their certificates, which name localhost. */
  readonly authority: string;
}

export interface Stunnel extends AsyncDisposable {
  readonly port: number;
  readonly process: ChildServer;
}

/** Starts it and waits until it takes connections. */
export async function startStunnel({ servers, authority }: StunnelOptions): Promise<Stunnel> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("stunnel"));
  const port = await freePort();
  const configuration = directory.file("stunnel.conf");
  const lines = [
    "foreground = yes",
    "pid =",
    "debug = warning",
    "[ldap]",
    "client = yes",
    `accept = 127.0.0.1:${port}`,
    ...servers.map((server) => `connect = 127.0.0.1:${server}`),
    "failover = rr",
    `CAfile = ${authority}`,
    "verifyChain = yes",
    "checkHost = localhost",
    "TIMEOUTconnect = 2",
    "",
  ];
  await writeFile(configuration, lines.join("\n"));
  const process = cleanup.use(new ChildServer("stunnel4", [configuration]));
  await process.ready(() => accepts(port));
  const resources = cleanup.move();
  return { port, process, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
