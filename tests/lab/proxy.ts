/** The proxy as an administrator runs it: the command, in a process of its own, with one line or with espalier.yaml. */
import { writeFile } from "node:fs/promises";
import type { ChildServer } from "./child-server.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { espalierCommand, runEspalier, ServiceReports } from "./espalier.ts";
import { freePort } from "./ports.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";

export interface ProxyOptions {
  /** What follows `espalier proxy --listen URL` on the command line. */
  readonly parameters?: readonly string[];
  /** The `proxy` section of its espalier.yaml without `listen`, in place of a command line. */
  readonly configuration?: object;
  /** A loopback address; 127.0.0.1 unless said. */
  readonly address?: string;
  /** A free one unless said. */
  readonly port?: number;
  /** "ldap" unless said; ldaps needs a certificate in the configuration. */
  readonly scheme?: "ldap" | "ldaps";
  readonly environment?: Readonly<Record<string, string>>;
  /** True: its log is thrown away, so that a measurement does not pay for reading it. There are no events then. */
  readonly discardsLog?: boolean;
}

/** An event as it stands in the log: its `type`, `severity`, `subject` and the rest of it. */
export interface ProxyEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly subject: string;
}

export interface ProxyServer extends AsyncDisposable {
  /** ldap://address:port, or ldaps:// */
  readonly url: string;
  readonly port: number;
  readonly process: ChildServer;
  /** The body of /health. */
  health(): Promise<unknown>;
  /** A figure of /metrics, summed over its labels, or `undefined` where there is none of that name. */
  metric(name: string): Promise<number | undefined>;
  /** The lines of its log. */
  log(): Readonly<Record<string, unknown>>[];
  /** What it reported so far, of one type or of all. */
  events(type?: string): ProxyEvent[];
  /** `espalier proxy WORDS` at its control socket: `control("drain", "a")`. */
  control(...words: string[]): Promise<CommandResult>;
  /** Changes the `proxy` section of its espalier.yaml and has it read (SIGHUP). */
  reconfigure(configuration: object): Promise<void>;
  /** Starts a second process in the same place, on the same port, as a restart without a gap does. */
  startSuccessor(): Promise<ProxyServer>;
}

/** Starts it and waits until it is ready (`/readyz`). */
export async function startProxy(options: ProxyOptions): Promise<ProxyServer> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("proxy"));
  const { address = "127.0.0.1", scheme = "ldap", configuration } = options;
  const port = options.port ?? (await freePort(address));
  const place: Place = { directory, port, url: `${scheme}://${address}:${port}` };
  if (configuration !== undefined) await writeConfiguration(place, configuration);
  const proxy = cleanup.use(await startIn(place, options));
  const resources = cleanup.move();
  return { ...proxy, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** What a process and its successor share. */
interface Place {
  readonly directory: TemporaryDirectory;
  readonly port: number;
  readonly url: string;
}

async function startIn(place: Place, options: ProxyOptions): Promise<ProxyServer> {
  const { directory, port, url } = place;
  const { parameters = [], configuration, environment = {}, discardsLog } = options;
  const metricsUrl = `http://127.0.0.1:${await freePort()}`;
  const commandLine = configuration === undefined ? ["proxy", "--listen", url, ...parameters] : ["proxy"];
  const settings = { METRICS_LISTEN: new URL(metricsUrl).host, ...environment };
  await using cleanup = new AsyncDisposableStack();
  const process = cleanup.use(runEspalier(commandLine, settings, directory, discardsLog));
  const reports = new ServiceReports(metricsUrl);
  await process.ready(() => reports.isReady());
  const resources = cleanup.move();
  const log = () => process.log.split("\n").flatMap(parseLine);
  return {
    ...{ url, port, process, log },
    health: () => reports.health(),
    metric: (name) => reports.metric(name),
    events: (type) => log().filter((line): line is ProxyEvent => isEvent(line, type)),
    control: (...words) =>
      runCommand(globalThis.process.execPath, [espalierCommand, "proxy", ...words], {
        workingDirectory: directory.path,
      }),
    async reconfigure(changed) {
      await writeConfiguration(place, changed);
      process.signal("SIGHUP");
    },
    startSuccessor: () => startIn(place, options),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** JSON is YAML too. */
async function writeConfiguration({ directory, url }: Place, proxy: object): Promise<void> {
  await writeFile(directory.file("espalier.yaml"), JSON.stringify({ proxy: { listen: [url], ...proxy } }));
}

function parseLine(line: string): Readonly<Record<string, unknown>>[] {
  try {
    return [JSON.parse(line)];
  } catch {
    // What is not JSON is Node's own word, or a line of which only the beginning has arrived.
    return [];
  }
}

function isEvent({ message, type }: Readonly<Record<string, unknown>>, wanted: string | undefined): boolean {
  return typeof type === "string" && message === `event ${type}` && (wanted === undefined || type === wanted);
}
