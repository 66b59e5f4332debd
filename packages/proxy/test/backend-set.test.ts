/** Which backends there are when SRV records say so, and what becomes of them when the records change. RFC 2782. */
import { createLog, type NewEvent } from "@espalier/service";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../../../tests/lab/until.ts";
import { systemClock } from "../src/backend/clock.ts";
import { BackendSet } from "../src/backend-set.ts";
import { type ProxyConfig, proxySection } from "../src/config.ts";
import { ReplicationLag } from "../src/health/replication-lag.ts";
import type { Tier } from "../src/routing/tier.ts";
import type { ServiceRecord } from "../src/upstream/server-addresses.ts";
import { RecordingServer } from "./dispatch/recording-server.ts";

function configOf(backends: readonly unknown[]): ProxyConfig {
  return proxySection.schema.parse({
    listen: ["ldap://127.0.0.1:0"],
    tiers: [{ strategy: "weighted", backends }, { backends: ["ldap://127.0.0.1:1"] }],
    upstream: { resolveInterval: "1s" },
    ...{ allowPlaintext: true, control: "off" },
  } as never);
}

/** A set over DNS that says what `records` is set to. */
function scene() {
  const dns: { records: readonly ServiceRecord[] | Error; asked: string[] } = { records: [], asked: [] };
  let tiers: readonly Tier[] = [];
  const lines: string[] = [];
  const events: NewEvent[] = [];
  const set = new BackendSet({
    log: createLog({ destination: (line) => lines.push(line) }).logger("proxy"),
    resolver: {
      addresses: async () => ["127.0.0.1"],
      async services(name) {
        dns.asked.push(name);
        if (dns.records instanceof Error) throw dns.records;
        return dns.records;
      },
    },
    changed: (_, changed) => {
      tiers = changed;
    },
  });
  onTestFinished(() => set.close(0));
  return {
    ...{ dns, set, lines, events },
    apply: (config: ProxyConfig) =>
      set.apply(config, {
        tls: { ca: undefined, cert: undefined, key: undefined, verify: true },
        lag: new ReplicationLag(systemClock),
        acceptingCount: () => 0,
        events: { emit: (event) => void events.push(event) },
        clock: systemClock,
        random: Math.random,
      }),
    shown: () =>
      tiers.map(({ strategy, backends }) => [
        strategy.name,
        ...backends.map(({ name, weight }) => `${name} ${weight}`),
      ]),
  };
}

const record = (name: string, port: number, priority: number, weight = 0): ServiceRecord => ({
  ...{ name, port, priority, weight },
});

describe("the servers of SRV records", () => {
  it("are a tier for each priority, behind each other, with those that are configured in the first", async () => {
    const s = scene();
    s.dns.records = [record("b.example.com.", 1389, 20), record("A.example.com", 1389, 10, 3), record("c", 1389, 10)];
    await s.apply(configOf(["srv+ldap://example.com", { name: "fixed", url: "ldap://127.0.0.1:2" }]));
    expect(s.dns.asked).toEqual(["_ldap._tcp.example.com"]);
    expect(s.shown()).toEqual([
      ["weighted", "fixed 1", "a.example.com:1389 3", "c:1389 1"],
      ["weighted", "b.example.com:1389 1"],
      ["round-robin", "127.0.0.1:1 1"],
    ]);
  });

  it("change with the records: those that stay keep their connections, those that are gone are drained", async () => {
    await using one = await RecordingServer.start();
    await using other = await RecordingServer.start();
    const portOf = ({ url }: RecordingServer) => Number(new URL(url.replace("ldap:", "http:")).port);
    const s = scene();
    s.dns.records = [record("localhost", portOf(one), 0)];
    await s.apply(configOf(["srv+ldap://example.com"]));
    const [before] = s.set.backends;
    expect(before!.state.health).toBe("up");
    s.dns.records = [record("localhost", portOf(one), 0), record("localhost", portOf(other), 0)];
    await until("the new one is up", () => s.set.backends.filter(({ state }) => state.health === "up").length === 2);
    expect(s.set.backends).toContain(before);
    s.dns.records = [record("localhost", portOf(other), 0)];
    await until("the old one has no connection", () => one.connections === 0);
    expect(s.set.backends).not.toContain(before);
    expect(s.shown()[0]).toEqual(["weighted", `localhost:${portOf(other)} 1`]);
  });

  it("stay as they were while they cannot be looked up, and the log says why", async () => {
    const s = scene();
    s.dns.records = [record("a", 1389, 0)];
    await s.apply(configOf(["srv+ldap://example.com"]));
    s.dns.records = new Error("queryServfail");
    await until("a look-up has failed", () => s.lines.length > 0);
    expect(s.lines.join("")).toContain("The servers of srv+ldap://example.com cannot be looked up: queryServfail");
    expect(s.shown()[0]).toEqual(["weighted", "a:1389 1"]);
  });

  it("are waited for where there were none at the start", async () => {
    const s = scene();
    s.dns.records = new Error("queryNxdomain");
    await s.apply(configOf(["srv+ldap://example.com"]));
    expect(s.shown()).toEqual([["weighted"], ["round-robin", "127.0.0.1:1 1"]]);
    s.dns.records = [record("a", 1389, 0)];
    await until("they are there", () => s.shown()[0]!.length === 2);
  });

  it("are not looked up any more when the proxy has ended", async () => {
    const s = scene();
    s.dns.records = [record("a", 1389, 0)];
    await s.apply(configOf(["srv+ldap://example.com"]));
    await s.set.close(0);
    expect(s.set.backends).toEqual([]);
    await s.apply(configOf(["srv+ldap://example.com"]));
    expect(s.set.backends).toEqual([]);
  });
});
