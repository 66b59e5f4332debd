/** A real slapd behind a pool, and what happens to servers: killed, frozen, restarted, connections reset. */
import { readFile } from "node:fs/promises";
import {
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { BackendConnectionsOptions, SharedIdentity } from "../../src/upstream/backend-connections.ts";
import type { UpstreamConnection } from "../../src/upstream/upstream-connection.ts";
import { UpstreamBindRefused, UpstreamUnavailable } from "../../src/upstream/upstream-error.ts";
import { inMs, TestPool } from "./pool-options.ts";
import { frameOf, Recorder, search, simpleBind } from "./requests.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

const anonymous = { kind: "anonymous" } as const;
const people = 200;
const ldif = [
  "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n",
  ...Array.from(
    { length: people },
    (_, at) =>
      `dn: cn=p${at},dc=example,dc=com\nobjectClass: person\ncn: p${at}\nsn: Person\nuserPassword: secret${at}\n`,
  ),
].join("\n");

function person(at: number): string {
  return `cn=p${at},dc=example,dc=com`;
}

function whole(baseObject: string) {
  return { ...search(baseObject), scope: "wholeSubtree", attributes: [] } as ReturnType<typeof search>;
}

describe("a pool of connections to slapd", () => {
  let directory: TemporaryDirectory;
  let certificate: ServerCertificate;
  let ca: string;
  let slapd: Slapd;
  const pools: TestPool[] = [];

  beforeAll(async () => {
    directory = await temporaryDirectory("faults");
    const authority = await createCertificateAuthority(directory.path);
    certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
    ca = await readFile(authority.certificate, "utf8");
    slapd = await startSlapd({ ldif, certificate });
  });

  afterEach(async () => {
    slapd.process.resume();
    for (const pool of pools.splice(0)) await pool.close();
  });

  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  function newPool(changes: Partial<BackendConnectionsOptions> = {}, of: Slapd = slapd): TestPool {
    const pool = new TestPool(of.ldapsUrl!, { tls: { ca, verify: true }, ...changes });
    pools.push(pool);
    return pool;
  }

  function ask(connection: UpstreamConnection, clientId: number, at: number): Recorder {
    const receiver = new Recorder();
    connection.send(frameOf(clientId, search(person(at))), receiver);
    return receiver;
  }

  it("gives each of many clients its own answers", async () => {
    const pool = newPool({ sharedConnections: 4, maxPending: 50 });
    const asked: { at: number; receiver: Recorder }[] = [];
    const client = async (number: number) => {
      for (let round = 0; round < 40; round++) {
        const at = (number * 40 + round) % people;
        const receiver = ask(await pool.shared(anonymous, number, inMs(10_000)), round * 1_000 + 1, at);
        asked.push({ at, receiver });
        if (round % 4 === 0) await receiver.ended();
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, number) => client(number)));
    await Promise.all(asked.map(({ receiver }) => receiver.ended()));
    const wrong = asked.filter(({ at, receiver }) => {
      const { responses, losses } = receiver;
      const [first, last] = responses;
      return (
        losses.length > 0 ||
        responses.length !== 2 ||
        first?.op.type !== "searchResultEntry" ||
        first.op.objectName !== person(at) ||
        !last?.isFinal
      );
    });
    expect(wrong).toEqual([]);
    expect(pool.open).toBeLessThanOrEqual(4);
  });

  it("passes on a result of many messages whole, while others are answered in between", async () => {
    const pool = newPool({ sharedConnections: 1 });
    const connection = await pool.shared(anonymous, "a", inMs(5_000));
    const large = new Recorder();
    connection.send(frameOf(1, whole("dc=example,dc=com")), large);
    const small = Array.from({ length: 50 }, (_, at) => ask(connection, 1, at));
    await Promise.all([large, ...small].map((receiver) => receiver.ended()));
    const names = large.responses.flatMap(({ op }) => (op.type === "searchResultEntry" ? [op.objectName] : []));
    expect(names).toEqual(["dc=example,dc=com", ...Array.from({ length: people }, (_, at) => person(at))]);
  });

  it("binds as clients and as its own account, and is told when it may not", async () => {
    const pool = newPool({ service: { dn: slapd.rootDn, password: Buffer.from(slapd.rootPassword) } });
    const as = (at: number, password: string): SharedIdentity => ({
      kind: "user",
      key: `${at} ${password}`,
      credentials: { name: person(at), request: simpleBind(person(at), password) },
    });
    const whoAmI = async (identity: SharedIdentity) => {
      const connection = await pool.shared(identity, "a", inMs(5_000));
      const { result } = await connection.request({
        type: "extendedRequest",
        requestName: "1.3.6.1.4.1.4203.1.11.3",
        requestValue: undefined,
      });
      return "responseValue" in result ? Buffer.from(result.responseValue ?? []).toString() : undefined;
    };
    const answers = [{ kind: "service" } as const, as(1, "secret1"), as(2, "secret2"), anonymous].map(whoAmI);
    expect(await Promise.all(answers)).toEqual([`dn:${slapd.rootDn}`, `dn:${person(1)}`, `dn:${person(2)}`, ""]);
    await expect(pool.shared(as(3, "wrong"), "a", inMs(5_000))).rejects.toThrow(UpstreamBindRefused);
  });

  it("lends connections whose identity the server resets before they are shared", async () => {
    const pool = newPool({ maxConnections: 1 });
    const lease = await pool.lease(anonymous, "a", inMs(5_000));
    lease.identity = { kind: "unknown" };
    expect((await lease.request(simpleBind(person(1), "secret1"))).result.resultCode).toBe(0);
    lease.identity = { kind: "user", key: "p1" };
    pool.giveBack(lease);
    const connection = await pool.shared(anonymous, "b", inMs(5_000));
    const whoAmI = {
      type: "extendedRequest",
      requestName: "1.3.6.1.4.1.4203.1.11.3",
      requestValue: undefined,
    } as const;
    expect((await connection.request(whoAmI)).result).toMatchObject({
      resultCode: 0,
      responseValue: new Uint8Array(0),
    });
    expect(connection).toBe(lease);
  });

  it("uses ids again after an abandon that slapd honours without a word, on a connection bound anew", async () => {
    const pool = newPool();
    const lease = await pool.lease(anonymous, "a", inMs(5_000));
    for (let round = 0; round < 20; round++) {
      for (let at = 0; at < 8; at++) {
        const receiver = new Recorder();
        lease.abandon(lease.send(frameOf(1, whole("dc=example,dc=com")), receiver));
      }
      expect((await lease.request(simpleBind(person(1), "secret1"))).result.resultCode).toBe(0);
      const receiver = ask(lease, 1, round);
      await receiver.ended();
      expect(receiver.responses.map(({ op }) => op.type)).toEqual(["searchResultEntry", "searchResultDone"]);
    }
    expect(lease.isRetiring).toBe(false);
  });

  it("notices within the time-out of a check that slapd is frozen, and every request hears of it once", async () => {
    const pool = newPool({ checkTimeoutMs: 1_500 });
    const connection = await pool.shared(anonymous, "a", inMs(5_000));
    const lease = await pool.lease(anonymous, "a", inMs(5_000));
    await ask(connection, 1, 0).ended();
    slapd.process.suspend();
    await slapd.process.suspended();
    const startMs = performance.now();
    const lost = [ask(connection, 1, 1), ask(connection, 2, 2), ask(lease, 1, 3)];
    await Promise.all(lost.map((receiver) => receiver.ended()));
    const tookMs = performance.now() - startMs;
    expect(lost.map(({ losses }) => losses.map(({ lost, sent }) => [lost.code, sent]))).toEqual(
      lost.map(() => [["ERR_UPSTREAM_HUNG", true]]),
    );
    // As much again for a machine that has other things to do: what this process did not run does not count.
    expect(tookMs).toBeLessThan(3_000);
    await expect(pool.check(search(), 300)).rejects.toThrow(UpstreamUnavailable);
    slapd.process.resume();
    await pool.check(search(), 5_000);
    await ask(await pool.shared(anonymous, "a", inMs(5_000)), 1, 4).ended();
  });

  it("lets nobody wait any longer at a server that is found to be lost, nor for an answer of it", async () => {
    const pool = newPool({ maxConnections: 1, sharedConnections: 1, bindConnections: 1 });
    const leased = await pool.lease(anonymous, "a", inMs(5_000));
    slapd.process.suspend();
    await slapd.process.suspended();
    const asked = ask(leased, 1, 1);
    const waiting = pool.lease(anonymous, "b", inMs(60_000));
    pool.lostContact({ code: "ERR_UPSTREAM_HUNG", message: "slapd is down" });
    await expect(waiting).rejects.toMatchObject({ lost: { code: "ERR_UPSTREAM_HUNG", message: "slapd is down" } });
    expect(asked.losses).toEqual([
      { lost: { code: "ERR_UPSTREAM_HUNG", message: "slapd is down" }, sent: expect.any(Boolean) },
    ]);
  });

  it("does not take a frozen slapd's handshake for anything but a failure to connect", async () => {
    const pool = newPool({ connectTimeoutMs: 400 });
    slapd.process.suspend();
    await slapd.process.suspended();
    await expect(pool.shared(anonymous, "a", inMs(5_000))).rejects.toMatchObject({
      lost: { code: "ERR_UPSTREAM_CONNECT", message: expect.stringContaining("400 ms") },
    });
  });

  it("loses nothing in silence when slapd is killed and restarted under load, and goes on by itself", async () => {
    const own = await startSlapd({ ldif, certificate });
    try {
      const pool = newPool({ sharedConnections: 3 }, own);
      const asked: { at: number; receiver: Recorder }[] = [];
      let refused = 0;
      let isOver = false;
      const client = async (number: number) => {
        for (let round = 1; !isOver; round++) {
          try {
            const at = (number + round) % people;
            const receiver = ask(await pool.shared(anonymous, number, inMs(1_000)), (round % 300) + 1, at);
            asked.push({ at, receiver });
            await receiver.ended();
          } catch (error) {
            if (!(error instanceof UpstreamUnavailable)) throw error;
            refused++;
            await new Promise(setImmediate);
          }
        }
      };
      const clients = Array.from({ length: 20 }, (_, number) => client(number));
      await until("some answers", () => asked.length > 500);
      await own.process.kill();
      await until("refusals", () => refused > 0);
      isOver = true;
      await Promise.all(clients);
      const outcomes = asked.map(({ at, receiver: { responses, losses } }) => {
        const [first] = responses;
        const isOwn =
          first === undefined || (first.op.type === "searchResultEntry" && first.op.objectName === person(at));
        const finals = responses.filter(({ isFinal }) => isFinal).length;
        return isOwn ? finals + losses.length : "somebody else's answer";
      });
      expect(new Set(outcomes)).toEqual(new Set([1]));
      expect(asked.some(({ receiver }) => receiver.losses.length > 0)).toBe(true);
      expect([pool.pending, pool.outstanding, pool.open]).toEqual([0, 0, 0]);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });
});
