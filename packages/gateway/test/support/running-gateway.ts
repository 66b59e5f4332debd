/** A gateway in this process, over the tables of a test, on a port of its own. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LdapClient } from "@espalier/ldap/client";
import { createHealth, createLog, createMetrics, type Health, type Metrics, type NewEvent } from "@espalier/service";
import { gatewaySection } from "../../src/config.ts";
import { Gateway } from "../../src/gateway.ts";
import { tableQueries, type UserTables } from "./user-tables.ts";

/** The `gateway` section as a file would have it. */
export type GatewaySettings = Record<string, unknown>;

export interface RunningGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly url: string;
  /** What it has reported so far. */
  readonly events: readonly NewEvent[];
  /** The log's lines so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Gone with the gateway. */
  client(): Promise<LdapClient>;
}

export function gatewaySettings(tables: UserTables, settings: GatewaySettings = {}): GatewaySettings {
  return {
    base: "dc=example,dc=com",
    listen: ["ldap://127.0.0.1:0"],
    tls: { selfSignedDirectory: join(tmpdir(), "espalier-test-certificate") },
    requireAuthForSearch: false,
    refresh: { interval: "100ms" },
    sql: { url: tables.url, queries: tableQueries },
    ...settings,
  };
}

export async function runGateway(tables: UserTables, settings: GatewaySettings = {}): Promise<RunningGateway> {
  const log: Record<string, unknown>[] = [];
  const { logger } = createLog({ level: "debug", destination: (line) => void log.push(JSON.parse(line)) });
  const health = createHealth({ version: "1.2.3" });
  const metrics = createMetrics();
  const config = gatewaySection.schema.parse(gatewaySettings(tables, settings));
  const events: NewEvent[] = [];
  const sink = { emit: (event: NewEvent) => void events.push(event) };
  const gateway = new Gateway({ config, log: logger("gateway"), health, metrics, version: "1.2.3", events: sink });
  await gateway.start(new AbortController().signal);
  const url = `ldap://127.0.0.1:${gateway.listening[0]!.port}`;
  const clients: LdapClient[] = [];
  return {
    ...{ gateway, health, metrics, url, events, log },
    async client() {
      const client = await LdapClient.connect({ url });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await gateway.drain(new AbortController().signal);
    },
  };
}
