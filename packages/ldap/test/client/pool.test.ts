import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type LdapClient, LdapPool, type LdapPoolOptions } from "../../src/client/index.ts";
import { startRelay } from "../support/relay.ts";
import {
  adminDn,
  adminPassword,
  describeWithSlapd,
  type Slapd,
  startSlapd,
  userDn,
  userPassword,
} from "../support/slapd.ts";

describeWithSlapd("a pool, against slapd", () => {
  let slapd: Slapd;
  const pools: LdapPool[] = [];
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());
  afterEach(() => {
    for (const pool of pools.splice(0)) pool.destroy();
  });
  const newPool = (options: Partial<LdapPoolOptions> = {}) => {
    const bind = (client: LdapClient) => client.bind(adminDn, adminPassword);
    const pool = new LdapPool({ connect: { url: slapd.url }, bind, ...options });
    pools.push(pool);
    return pool;
  };
  const whoAmI = async (client: LdapClient) => (await client.whoAmI()).authzId;

  it("lends bound connections, the same one again, and never more than its bound", async () => {
    const pool = newPool({ maxConnections: 2 });
    const used = new Set<LdapClient>();
    let most = 0;
    const work = async (client: LdapClient) => {
      used.add(client);
      most = Math.max(most, pool.counts.lent);
      return whoAmI(client);
    };
    const names = await Promise.all(Array.from({ length: 20 }, () => pool.use(work)));
    expect(new Set(names)).toEqual(new Set([`dn:${adminDn}`]));
    expect([used.size, most]).toEqual([2, 2]);
    expect(pool.counts).toEqual({ lent: 0, idle: 2, preparing: 0, waiting: 0 });
  });

  it("does not lend a connection again on which somebody else has bound", async () => {
    const pool = newPool();
    const first = await pool.acquire();
    await first.bind(userDn(1), userPassword(1));
    pool.release(first);
    const second = await pool.acquire();
    expect(second).not.toBe(first);
    expect(await whoAmI(second)).toBe(`dn:${adminDn}`);
    await second.bind(userDn(1), "wrong").catch(() => {});
    pool.release(second);
    await pool.use(async (third) => expect(third).not.toBe(second));
  });

  it("does not lend a connection again on which an operation is outstanding", async () => {
    const pool = newPool();
    const client = await pool.acquire();
    const outstanding = client.whoAmI();
    pool.release(client);
    await expect(outstanding).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await pool.use(async (next) => expect(next).not.toBe(client));
  });

  it("does not lend a connection that is too old, or that ensureValidForCheckout refuses", async () => {
    for (const options of [{ maxAgeMs: 0 }, { ensureValidForCheckout: () => Promise.reject(new Error("no")) }]) {
      const pool = newPool(options);
      const first = await pool.use(async (client) => client);
      await pool.use(async (client) => expect(client).not.toBe(first));
    }
  });

  it("replaces connections that were lost, while lent or idle", async () => {
    await using relay = await startRelay(slapd.port);
    const pool = newPool({ connect: { url: relay.url } });
    const idle = await pool.use(async (client) => client);
    const idleClosed = once(idle, "close");
    relay.cut();
    await idleClosed;
    expect(pool.counts.idle).toBe(0);
    await pool.use(async (client) => {
      const closed = once(client, "close");
      relay.cut();
      await closed;
    });
    expect(await pool.use(whoAmI)).toBe(`dn:${adminDn}`);
    expect(relay.connectionCount).toBe(3);
  });

  it("gives up waiting after acquireTimeoutMs, or on a signal, and loses no connection by it", async () => {
    const pool = newPool({ maxConnections: 1, acquireTimeoutMs: 50 });
    const client = await pool.acquire();
    await expect(pool.acquire()).rejects.toMatchObject({
      code: "ERR_POOL_TIMEOUT",
      message:
        "No connection was free within 50 ms: 1 of 1 are lent and 0 are being opened. Raise maxConnections, or release connections sooner.",
    });
    const controller = new AbortController();
    const waiting = pool.acquire({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toBe(controller.signal.reason);
    pool.release(client);
    await pool.use(async (again) => expect(again).toBe(client));
  });

  it("gives the error of a bind or a connection that failed to whoever asked", async () => {
    await expect(newPool({ bind: (client) => client.bind(adminDn, "wrong") }).acquire()).rejects.toMatchObject({
      resultCode: 49,
    });
    const tls = { ca: slapd.otherCa };
    await expect(newPool({ connect: { url: slapd.ldapsUrl, tls } }).acquire()).rejects.toMatchObject({
      code: "ERR_TLS",
    });
  });

  it("closes gracefully: lent connections first come back", async () => {
    const pool = newPool({ maxConnections: 1 });
    const client = await pool.acquire();
    const waiting = pool.acquire();
    let isClosed = false;
    const closed = pool.close().then(() => {
      isClosed = true;
    });
    await expect(waiting).rejects.toMatchObject({ code: "ERR_CLOSED", message: "The pool is closed." });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    expect(await whoAmI(client)).toBe(`dn:${adminDn}`);
    expect(isClosed).toBe(false);
    pool.release(client);
    await closed;
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  it("is destroyed abruptly: what is outstanding rejects", async () => {
    const pool = newPool();
    const work = pool.use((client) => {
      const answer = whoAmI(client);
      pool.destroy();
      return answer;
    });
    await expect(work).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  it("does not take back what it has not lent", async () => {
    const pool = newPool();
    const client = await pool.acquire();
    pool.release(client);
    expect(() => pool.release(client)).toThrow(TypeError);
  });
});
