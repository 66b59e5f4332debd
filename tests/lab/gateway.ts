/** The gateway as an administrator runs it: the command, in a process of its own, configured by its environment. */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ChildServer } from "./child-server.ts";
import { freePort } from "./ports.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";

export const espalierCommand = fileURLToPath(new URL("../../packages/espalier/src/main.ts", import.meta.url));

export interface GatewayOptions {
  /** `SQL_URI`, the queries and whatever else differs from the defaults here: an SQL directory that anonymous clients may search. */
  readonly environment: Readonly<Record<string, string>>;
  /** The `gateway` section of its espalier.yaml, for what no variable sets. */
  readonly configuration?: object;
  /** A loopback address; 127.0.0.1 unless said. */
  readonly address?: string;
  /** A free one unless said. */
  readonly port?: number;
  /** How long the directory may take to load; 30 seconds unless said. */
  readonly readyTimeoutMs?: number;
  /** True: its log is thrown away, so that a measurement does not pay for reading it. */
  readonly discardsLog?: boolean;
}

export interface Gateway extends AsyncDisposable {
  /** ldap://address:port, or ldaps:// where the environment says `LDAP_UNENCRYPTED=false`. */
  readonly url: string;
  readonly port: number;
  /** http://address:port of /livez, /readyz, /health and /metrics. */
  readonly metricsUrl: string;
  readonly process: ChildServer;
  /** The body of /health. */
  health(): Promise<unknown>;
  /** A figure of /metrics, summed over its labels, or `undefined` where there is none of that name. */
  metric(name: string): Promise<number | undefined>;
}

const defaults = {
  DIRECTORY_BACKEND: "sql",
  AUTH_BACKENDS: "sql",
  LDAP_BASE_DN: "dc=example,dc=com",
  LDAP_COMMON_NAME: "localhost",
  LDAP_UNENCRYPTED: "true",
  REQUIRE_AUTH_FOR_SEARCH: "false",
  LOG_LEVEL: "info",
};

/** Starts it and waits until it is ready (`/readyz`). */
export async function startGateway({
  environment,
  configuration,
  address = "127.0.0.1",
  port,
  readyTimeoutMs = 30_000,
  discardsLog = false,
}: GatewayOptions): Promise<Gateway> {
  const listenPort = port ?? (await freePort(address));
  const metricsUrl = `http://127.0.0.1:${await freePort()}`;
  const settings: Record<string, string> = {
    ...defaults,
    BIND_IP: address,
    PORT: String(listenPort),
    METRICS_LISTEN: new URL(metricsUrl).host,
    ...environment,
  };
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("gateway"));
  if (configuration !== undefined) {
    // JSON is YAML too.
    await writeFile(directory.file("espalier.yaml"), JSON.stringify({ gateway: configuration }));
  }
  const gateway = cleanup.use(runEspalier(["gateway"], settings, directory, discardsLog));
  await gateway.ready(() => answersOk(`${metricsUrl}/readyz`), readyTimeoutMs);
  const resources = cleanup.move();
  return {
    url: `${settings.LDAP_UNENCRYPTED === "true" ? "ldap" : "ldaps"}://${address}:${listenPort}`,
    port: listenPort,
    metricsUrl,
    process: gateway,
    health: async () => (await fetch(`${metricsUrl}/health`)).json(),
    metric: async (name) => sumOfMetric(await (await fetch(`${metricsUrl}/metrics`)).text(), name),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Starts `espalier` with the parameters, in a folder where it finds its configuration file, if any, and keeps what it makes. */
export function runEspalier(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  directory: TemporaryDirectory,
  discardsOutput = false,
): ChildServer {
  return new ChildServer(process.execPath, [espalierCommand, ...parameters], {
    environment,
    workingDirectory: directory.path,
    discardsOutput,
  });
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** The text format of Prometheus: `name{label="value"} number`. */
function sumOfMetric(text: string, name: string): number | undefined {
  const samples = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (samples.length === 0) return undefined;
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
