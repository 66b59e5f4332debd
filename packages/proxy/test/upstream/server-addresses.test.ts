import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BackendUrl } from "../../src/backend-url.ts";
import {
  lookUpServers,
  type Resolver,
  ServerAddresses,
  type ServiceRecord,
} from "../../src/upstream/server-addresses.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

const named: BackendUrl = { scheme: "ldaps", host: "ldap.example.com", port: 636, isSrv: false };
const srv: BackendUrl = { scheme: "ldaps", host: "example.com", port: 636, isSrv: true };

class Names implements Resolver {
  readonly asked: string[] = [];
  known: Record<string, readonly string[]> = {};
  records: readonly ServiceRecord[] = [];
  async addresses(name: string): Promise<readonly string[]> {
    this.asked.push(name);
    const found = this.known[name];
    if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    return found;
  }
  async services(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(name);
    return this.records;
  }
}

function record(name: string, priority: number, weight: number): ServiceRecord {
  return { name, port: 636, priority, weight };
}

describe("the addresses of a name", () => {
  it("are tried in the order of the resolver, the one that worked last first", async () => {
    const names = new Names();
    names.known = { "ldap.example.com": ["10.0.0.1", "10.0.0.2", "10.0.0.3"] };
    const addresses = new ServerAddresses(named, names, 30_000);
    const list = await addresses.list();
    expect(list.map(({ address }) => address)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    addresses.prefer(list[1]!);
    expect((await addresses.list()).map(({ address }) => address)).toEqual(["10.0.0.2", "10.0.0.1", "10.0.0.3"]);
  });

  it("are looked up again after the interval, and only then", async () => {
    const names = new Names();
    names.known = { "ldap.example.com": ["10.0.0.1"] };
    const addresses = new ServerAddresses(named, names, 30_000);
    const [old] = await addresses.list();
    names.known = { "ldap.example.com": ["10.0.0.2"] };
    vi.advanceTimersByTime(29_000);
    expect(await addresses.list()).toEqual([old]);
    vi.advanceTimersByTime(1_000);
    expect((await addresses.list()).map(({ address }) => address)).toEqual(["10.0.0.2"]);
    expect(addresses.has(old!)).toBe(false);
    expect(names.asked.length).toBe(2);
  });

  it("stay as they were when they cannot be looked up", async () => {
    const names = new Names();
    const addresses = new ServerAddresses(named, names, 30_000);
    await expect(addresses.list()).rejects.toThrow("ENOTFOUND");
    names.known = { "ldap.example.com": ["10.0.0.1"] };
    const known = await addresses.list();
    names.known = {};
    vi.advanceTimersByTime(30_000);
    expect(await addresses.list()).toEqual(known);
  });

  it("of an IP address are itself, and nobody is asked", async () => {
    const names = new Names();
    const addresses = new ServerAddresses({ ...named, host: "2001:db8::1" }, names, 30_000);
    expect(await addresses.list()).toEqual([{ host: "2001:db8::1", address: "2001:db8::1", port: 636 }]);
    expect(names.asked).toEqual([]);
  });
});

describe("SRV records, RFC 2782", () => {
  it("that say that there is no such service are an error that names them", async () => {
    const names = new Names();
    names.records = [record("", 0, 0)];
    await expect(lookUpServers(srv, names, () => 0)).rejects.toThrow("no SRV records _ldaps._tcp.example.com");
  });

  it("are ordered by priority, and each is there once", async () => {
    const records = fc.array(
      fc.record({ name: fc.uuid(), port: fc.constant(636), priority: fc.nat(3), weight: fc.nat(100) }),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (all, numbers) => {
          const names = new Names();
          names.records = all;
          const ordered = await lookUpServers(srv, names, () => numbers.next().value!);
          expect(new Set(ordered)).toEqual(new Set(all));
          const priorities = ordered.map(({ priority }) => priority);
          expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
        },
      ),
    );
  });

  it("come first as often as their weight says", async () => {
    const names = new Names();
    names.records = [record("a", 0, 3), record("b", 0, 1)];
    let first = 0;
    for (let at = 0; at < 1_000; at++) {
      const [server] = await lookUpServers(srv, names, () => at / 1_000);
      if (server!.name === "a") first++;
    }
    // 5 running sums are drawn from, 0 to 4: b has 0 and 1.
    expect(first).toBe(600);
  });
});
