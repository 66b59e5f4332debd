import { X509Certificate } from "node:crypto";
/** The life of a proxy: start, reload, drain, and what its administrator changes meanwhile. */
import { readFileSync } from "node:fs";
import { LdapClient, OperationError } from "@espalier/ldap/client";
import { describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../tests/lab/certificates.ts";
import { freePort } from "../../../tests/lab/ports.ts";
import { until } from "../../../tests/lab/until.ts";
import { RecordingServer } from "./dispatch/recording-server.ts";
import { RunningProxy } from "./running-proxy.ts";

const base = "dc=example,dc=com";
const search = { baseObject: base, scope: "baseObject" } as const;
const ann = { dn: `uid=ann,${base}`, password: "ann-password" } as const;

/** Two servers, and a proxy with a tier of each. */
async function scene(more: object = {}) {
  const cleanup = new AsyncDisposableStack();
  const a = cleanup.use(await RecordingServer.start());
  const b = cleanup.use(await RecordingServer.start());
  const named = { a: { name: "a", url: a.url }, b: { name: "b", url: b.url } };
  const written = { tiers: [{ backends: [named.a] }, { backends: [named.b] }], drainTimeout: "2s", ...more };
  const proxy = cleanup.use(await RunningProxy.start(written));
  const connect = async () => {
    const client = await LdapClient.connect({ url: proxy.url });
    cleanup.defer(() => client.destroy());
    return client;
  };
  return { a, b, named, written, proxy, connect, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

/** The result code of a search. */
const found = async (client: LdapClient) => {
  try {
    return (await client.searchAll(search)).result.resultCode;
  } catch (error) {
    if (error instanceof OperationError) return error.resultCode;
    throw error;
  }
};

describe("a proxy", () => {
  it("has checked its backends once when it serves, and says so", async () => {
    await using s = await scene();
    const { tiers, ...status } = await s.proxy.status();
    expect(status).toEqual({
      version: "1.2.3",
      pid: process.pid,
      startedAt: expect.stringMatching(/^20.*Z$/),
      listeners: [s.proxy.url],
      clients: 0,
      isPanicking: false,
      writeNode: "a",
    });
    expect(
      tiers.map(({ strategy, backends }) => [strategy, backends.map(({ name, health }) => [name, health])]),
    ).toEqual([
      ["round-robin", [["a", "up"]]],
      ["round-robin", [["b", "up"]]],
    ]);
    expect((await s.proxy.healthReport()).checks.backends).toEqual({ status: "ok", up: 2, notUp: [], writeNode: "a" });
    expect(await s.proxy.metrics()).toContain('espalier_proxy_write_node{backend="a"} 1');
  });

  it("serves with a backend that is not there, and is degraded", async () => {
    const lost = `ldap://127.0.0.1:${await freePort()}`;
    await using server = await RecordingServer.start();
    await using proxy = await RunningProxy.start({ tiers: [{ backends: [{ name: "lost", url: lost }, server.url] }] });
    await using client = await LdapClient.connect({ url: proxy.url });
    expect(await found(client)).toBe(0);
    expect(await proxy.healthReport()).toMatchObject({
      status: "degraded",
      checks: { backends: { up: 1, notUp: ["lost"] } },
    });
  });

  it("is unhealthy when no backend is left, and tries all the same", async () => {
    const url = `ldap://127.0.0.1:${await freePort()}`;
    await using proxy = await RunningProxy.start({ tiers: [{ backends: [url] }] });
    expect(await proxy.healthReport()).toMatchObject({
      status: "unhealthy",
      checks: { backends: { status: "error" } },
    });
    await using client = await LdapClient.connect({ url: proxy.url });
    expect(await found(client)).toBe(52);
  });

  it("ends without its clients when they have nothing under way, and takes its socket with it", async () => {
    await using s = await scene();
    const client = await s.connect();
    expect(await found(client)).toBe(0);
    await s.proxy.drain();
    await until("the client is told", () => client.closeReason !== undefined);
    await expect(s.proxy.status()).rejects.toThrow(/No proxy answers/);
  });
});

describe("a reload", () => {
  it("keeps clients and the backends that stay, adds new ones and drains those that are gone", async () => {
    await using s = await scene();
    const client = await s.connect();
    await client.bind(ann.dn, ann.password);
    await using c = await RecordingServer.start();
    const [before] = (await s.proxy.status()).tiers[0]!.backends;
    await s.proxy.reload({ ...s.written, tiers: [{ backends: [s.named.a, { name: "c", url: c.url }] }] });
    const { tiers } = await s.proxy.status();
    expect(tiers.map(({ backends }) => backends.map(({ name, health }) => [name, health]))).toEqual([
      [
        ["a", "up"],
        ["c", "up"],
      ],
    ]);
    expect(tiers[0]!.backends[0]!.since).toBe(before!.since);
    await until("b has no connection", () => s.b.connections === 0);
    expect((await client.whoAmI()).authzId).toBe(`dn:${ann.dn}`);
  });

  it("moves a client that is bound at a backend which is gone, as whom it was", async () => {
    await using s = await scene();
    const client = await s.connect();
    await client.bind(ann.dn, ann.password);
    await s.proxy.reload({ ...s.written, tiers: [{ backends: [s.named.b] }] });
    expect(await found(client)).toBe(0);
    expect(s.b.of(base)).toMatchObject([{ operation: "search", as: ann.dn }]);
    await until("a has no connection", () => s.a.connections === 0);
  });

  it("makes the connections of a backend anew where its settings change, and it takes the writes as before", async () => {
    await using s = await scene({ write: { backends: ["a", "b"] } });
    await s.proxy.ask({ command: "failover", backend: "b" });
    const client = await s.connect();
    expect(await found(client)).toBe(0);
    await s.proxy.reload({ ...s.written, write: { backends: ["a", "b"] }, upstream: { maxPending: 7 } });
    expect((await s.proxy.status()).writeNode).toBe("b");
    expect(await found(client)).toBe(0);
  });

  it("leaves aside whom an administrator has set aside, also where his settings change", async () => {
    await using s = await scene();
    await s.proxy.ask({ command: "maint", backend: "a" });
    await s.proxy.reload({ ...s.written, upstream: { maxPending: 7 } });
    const { tiers } = await s.proxy.status();
    expect(tiers.map(({ backends }) => backends.map(({ admin }) => admin))).toEqual([["maint"], ["ready"]]);
  });

  it("checks new backends before they take the place of others", async () => {
    await using s = await scene();
    const client = await s.connect();
    let isDone = false;
    const reloading = s.proxy.reload({ ...s.written, upstream: { maxPending: 7 } }).then(() => {
      isDone = true;
    });
    while (!isDone) {
      expect((await s.proxy.status()).isPanicking).toBe(false);
      expect(await found(client)).toBe(0);
    }
    await reloading;
    expect((await s.proxy.status()).tiers[0]!.backends[0]).toMatchObject({ health: "up" });
  });

  it("sets weights as they are configured", async () => {
    await using s = await scene();
    await s.proxy.ask({ command: "weight", backend: "a", weight: 0 });
    await s.proxy.reload(s.written);
    expect((await s.proxy.status()).tiers[0]!.backends[0]!.weight).toBe(1);
  });

  it("has its firewall rules count for clients that are connected", async () => {
    await using s = await scene();
    const client = await s.connect();
    expect(await found(client)).toBe(0);
    await s.proxy.reload({ ...s.written, firewall: [{ deny: ["search"] }] });
    expect(await found(client)).toBe(53);
  });

  it("shows a new certificate, and reports it", async () => {
    await using server = await RecordingServer.start();
    await using folder = await RunningProxy.start({ tiers: [{ backends: [server.url] }] });
    const authority = await createCertificateAuthority(folder.folder.path);
    const one = await authority.issue("one", ["localhost"]);
    const other = await authority.issue("other", ["localhost"]);
    const ca = readFileSync(authority.certificate, "utf8");
    const written = (certificate: typeof one) => ({
      listen: ["ldaps://127.0.0.1:0"],
      tiers: [{ backends: [server.url] }],
      tls: { certPath: certificate.certificate, keyPath: certificate.privateKey },
    });
    await using proxy = await RunningProxy.start(written(one));
    const url = proxy.url.replace("127.0.0.1", "localhost");
    await using before = await LdapClient.connect({ url, tls: { ca } });
    await proxy.reload(written(other));
    expect(proxy.events.filter(({ type }) => type === "certificate.reloaded")).toMatchObject([
      { severity: "info", subject: "CN=localhost", source: "proxy" },
    ]);
    expect(await found(before)).toBe(0);
    await using after = await LdapClient.connect({ url, tls: { ca } });
    expect(await found(after)).toBe(0);
    const { validToDate } = new X509Certificate(readFileSync(other.certificate));
    expect(await proxy.metrics()).toContain(
      `espalier_proxy_certificate_expires_timestamp_seconds ${validToDate.getTime() / 1_000}\n`,
    );
  });

  it("with a certificate that cannot be used changes nothing", async () => {
    await using s = await scene();
    const bad = { ...s.written, tiers: [{ backends: [s.named.b] }], upstream: { caPath: "/nowhere/ca.pem" } };
    await expect(s.proxy.reload(bad)).rejects.toThrow(/authorities in \/nowhere\/ca\.pem cannot be read \(ENOENT\)/);
    expect((await s.proxy.status()).tiers).toHaveLength(2);
  });

  it("says what it cannot change", async () => {
    await using s = await scene();
    await s.proxy.reload({ ...s.written, limits: { connections: 5 } });
    expect(s.proxy.log.join("")).toContain("need a restart");
  });
});

describe("an administrator", () => {
  it("drains a backend: what comes goes elsewhere, and it is none that should be up", async () => {
    await using s = await scene();
    const client = await s.connect();
    expect(await found(client)).toBe(0);
    expect(await s.proxy.ask({ command: "drain", backend: "a" })).toEqual({
      ok: true,
      message: "a gets nothing new; what is under way there ends.",
    });
    expect(await found(client)).toBe(0);
    expect([s.a.of(base).length, s.b.of(base).length]).toEqual([1, 1]);
    expect((await s.proxy.healthReport()).checks.backends).toMatchObject({ status: "ok", up: 1 });
    await s.proxy.ask({ command: "ready", backend: "a" });
    expect(await found(client)).toBe(0);
    expect(s.a.of(base)).toHaveLength(2);
  });

  it("gives a backend no weight, and it no work", async () => {
    await using s = await scene();
    const client = await s.connect();
    expect(await s.proxy.ask({ command: "weight", backend: "a", weight: 0 })).toEqual({
      ok: true,
      message: "a has weight 0, it had 1; the next reload sets it as configured.",
    });
    expect(await found(client)).toBe(0);
    expect([s.a.of(base).length, s.b.of(base).length]).toEqual([0, 1]);
  });

  it("sends the writes elsewhere, which the next process keeps to", async () => {
    await using s = await scene();
    const client = await s.connect();
    await s.proxy.ask({ command: "failover", backend: "b" });
    await client.del(`cn=x,${base}`);
    expect(s.b.of(`cn=x,${base}`)).toMatchObject([{ operation: "delete" }]);
    expect(s.proxy.events).toMatchObject([{ type: "write-node.changed", subject: "b", actor: "administrator" }]);
    await s.proxy.drain();
    const next = await RunningProxy.start(s.written, s.proxy.folder);
    expect((await next.status()).writeNode).toBe("b");
    await next.drain();
  });

  it("disconnects a client by its number or its address, and closes the connections to a backend", async () => {
    await using s = await scene();
    const [one, other] = [await s.connect(), await s.connect()];
    expect([await found(one), await found(other)]).toEqual([0, 0]);
    expect(await s.proxy.ask({ command: "kick", of: "client", which: "1" })).toMatchObject({
      message: "1 client connection was closed.",
    });
    await until("it is gone", () => one.closeReason !== undefined);
    expect(other.closeReason).toBeUndefined();
    expect(await s.proxy.ask({ command: "kick", of: "backend", which: "a" })).toMatchObject({
      message: expect.stringMatching(/^[1-9]\d* connections to a were closed\.$/),
    });
    expect(await found(other)).toBe(0);
    await s.proxy.ask({ command: "kick", of: "address", which: "127.0.0.1" });
    await until("it is gone", () => other.closeReason !== undefined);
    await expect(s.proxy.ask({ command: "kick", of: "address", which: "127.0.0.1" })).rejects.toThrow(
      "There is no client at 127.0.0.1.",
    );
  });

  it("is told which backends there are when he names none of them", async () => {
    await using s = await scene();
    await expect(s.proxy.ask({ command: "drain", backend: "c" })).rejects.toThrow(
      "There is no backend c: there are a, b.",
    );
  });
});
