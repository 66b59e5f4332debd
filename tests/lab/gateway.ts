/** The gateway as an administrator runs it: the command, in a process of its own, configured by its environment. */
import { writeFile } from "node:fs/promises";
import type { ChildServer } from "./child-server.ts";
import { runEspalier, ServiceReports } from "./espalier.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

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
  const reports = new ServiceReports(metricsUrl);
  await gateway.ready(() => reports.isReady(), readyTimeoutMs);
  const resources = cleanup.move();
  return {
    url: `${settings.LDAP_UNENCRYPTED === "true" ? "ldap" : "ldaps"}://${address}:${listenPort}`,
    port: listenPort,
    metricsUrl,
    process: gateway,
    health: () => reports.health(),
    metric: (name) => reports.metric(name),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
