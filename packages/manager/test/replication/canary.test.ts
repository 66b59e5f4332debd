/** Replication tested by writing: on a real mirror, and with nodes that are lost meanwhile. */
import { linkDirectories389, requirePrograms, startDirectory389, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiError } from "../../src/api/problem.ts";
import type { Changes } from "../../src/changes/change-set.ts";
import { person } from "../clusters/watched.ts";
import {
  baseDn,
  type CuttableMirror,
  clusterOf,
  directoryLdif,
  type Json,
  modify,
  replicationLab,
  startCuttableMirror,
} from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });
const describe389 = requirePrograms({ "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

const under = `ou=people,${baseDn}`;
const namePattern = /^cn=espalier-replication-test-[0-9a-f-]{36},ou=people,dc=example,dc=com$/;

/** Does `then` once the first entry has been added. */
function afterAdding(then: () => Promise<void>): (changes: Changes) => Changes {
  let isDone = false;
  return (changes) => ({
    preview: (...given) => changes.preview(...given),
    begin: (...given) => changes.begin(...given),
    async apply(...given) {
      const result = await changes.apply(...given);
      if (!isDone) {
        isDone = true;
        await then();
      }
      return result;
    },
  });
}

describe("a test of replication", () => {
  let mirror: CuttableMirror;
  beforeAll(async () => {
    mirror = await startCuttableMirror(3, { canary: { under } });
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  const identity = () => person(mirror.nodes[0]!.rootDn, mirror.nodes[0]!.rootPassword);
  const patient = { timeout: "2s", connect_timeout: "500ms" } as Json;
  /** How many of such entries each node has. */
  const left = () =>
    Promise.all(
      mirror.nodes.map(async (node) => ((await node.dump()).match(/^dn: cn=espalier-replication/gm) ?? []).length),
    );

  it("tells how long an entry took to each node, leaves nothing, and is in the audit trail", async () => {
    const lab = await replicationLab({ cluster: mirror.cluster, identity: identity() });
    const { status, body } = await lab.request("POST", "/canary", {});
    expect(status).toBe(200);
    expect(body).toEqual({
      dn: expect.stringMatching(namePattern),
      writeNode: "a",
      nodes: ["b", "c"].map((node) => ({ node, state: "arrived", ms: expect.any(Number) })),
      isRemoved: true,
      leftoversRemoved: 0,
    });
    await until("it to be gone everywhere", async () => (await left()).every((count) => count === 0));
    const audited = await lab.events("audit");
    expect(audited.map(({ subject }) => subject)).toEqual([body.dn, body.dn]);
  });

  it("says where it did not arrive, and where nobody answered, and leaves nothing there either", async () => {
    const lab = await replicationLab({ cluster: { ...mirror.cluster, ...patient }, identity: identity() });
    const { process } = mirror.nodes[2]!;
    for (const relay of mirror.heard[1]!) relay.reset();
    process.suspend();
    try {
      await process.suspended();
      const { body } = await lab.request("POST", "/canary", { timeoutMs: 4_000 });
      expect(body.nodes).toEqual([
        { node: "b", state: "not_arrived", problem: "It was not there when the time was up." },
        { node: "c", state: "unreachable", problem: expect.any(String) },
      ]);
      expect(body.isRemoved).toBe(true);
    } finally {
      process.resume();
      for (const relay of mirror.heard[1]!) relay.restore();
    }
    await until("it to be gone everywhere", async () => (await left()).every((count) => count === 0), {
      timeoutMs: 20_000,
    });
  });

  it("is removed through another node where the one that it was written on dies", async () => {
    const [first] = mirror.nodes;
    const lab = await replicationLab({
      cluster: { ...mirror.cluster, ...patient },
      identity: identity(),
      around: afterAdding(async () => {
        // It is to have it when it comes back.
        await until("another node to have it", async () => (await left()).slice(1).every((count) => count === 1));
        await first!.process.kill();
      }),
    });
    try {
      const { body } = await lab.request("POST", "/canary", {});
      expect(body).toMatchObject({ writeNode: "a", isRemoved: true });
      expect(body.nodes.map(({ state }: Json) => state)).toEqual(["arrived", "arrived"]);
    } finally {
      await first!.restart();
    }
    await until("it to be gone everywhere", async () => (await left()).every((count) => count === 0), {
      timeoutMs: 20_000,
    });
  });

  it("is removed once its node is back, where no other takes writes", async () => {
    const [first] = mirror.nodes;
    const lab = await replicationLab({
      cluster: { ...mirror.cluster, ...patient, multi_master: false },
      identity: identity(),
      around: afterAdding(async () => {
        await first!.process.kill();
      }),
    });
    try {
      const { body } = await lab.request("POST", "/canary", { timeoutMs: 1_000 });
      expect(body).toMatchObject({ writeNode: "a", isRemoved: false, problem: expect.any(String) });
    } finally {
      await first!.restart();
    }
    const isGone = async () => (await left()).every((count) => count === 0);
    await until("it to be gone everywhere", isGone, { timeoutMs: 20_000, intervalMs: 200 });
    expect(lab.lines.filter((line) => line.includes("the entry of a replication test is removed"))).toHaveLength(1);
  });

  it("is removed also where the person goes away", async () => {
    const gone = new AbortController();
    const lab = await replicationLab({
      cluster: mirror.cluster,
      identity: identity(),
      around: afterAdding(async () => gone.abort(new Error("the client went away"))),
    });
    const test = lab.replication.canary.test(lab.cluster, lab.actor(gone.signal), 5_000);
    await expect(test).rejects.toThrow("the client went away");
    await until("it to be gone everywhere", async () => (await left()).every((count) => count === 0));
  });

  it("is offered to who may do it", async () => {
    const lab = await replicationLab({ cluster: mirror.cluster, identity: identity() });
    expect(await lab.get("/canary")).toEqual({ mayTest: true, under });
  });

  it("is refused to who is no administrator, where it is not configured, and where nothing may be written", async () => {
    const refused = async (cluster: object, session = {}) => {
      const lab = await replicationLab({ cluster: { ...mirror.cluster, ...cluster }, identity: identity(), session });
      const { status, body } = await lab.request("POST", "/canary", {});
      expect(await lab.get("/canary")).toEqual({ mayTest: false, problem: body.title });
      return [status, body.code];
    };
    const require = (action: string) => {
      if (action === "admin") throw new ApiError("not_allowed", "You are no administrator.");
    };
    expect(await refused({}, { require })).toEqual([403, "not_allowed"]);
    expect(await refused({ canary: undefined })).toEqual([403, "not_allowed"]);
    expect(await refused({ readonly: true, canary: undefined })).toEqual([403, "read_only"]);
    expect(await left()).toEqual([0, 0, 0]);
  });
});

describe389("a test of replication on 389 Directory Servers", () => {
  it("tells how long an entry took, and leaves nothing", async () => {
    await using first = await startDirectory389({ ldif: directoryLdif(), replicaId: 1 });
    await using second = await startDirectory389({ replicaId: 2 });
    await linkDirectories389(first, second);
    const cluster = { ...clusterOf([first, second]), canary: { under } };
    const lab = await replicationLab({ cluster, identity: person(first.rootDn, first.rootPassword) });
    const { status, body } = await lab.request("POST", "/canary", { timeoutMs: 30_000 });
    expect([status, body]).toEqual([
      200,
      {
        dn: expect.stringMatching(namePattern),
        writeNode: "a",
        nodes: [{ node: "b", state: "arrived", ms: expect.any(Number) }],
        isRemoved: true,
        leftoversRemoved: 0,
      },
    ]);
    const dumps = () => Promise.all([first.dump(), second.dump()]);
    await until(
      "it to be gone from both",
      async () => (await dumps()).every((dump) => !dump.includes("cn=espalier-")),
      {
        timeoutMs: 20_000,
      },
    );
  }, 60_000);
});

describe("what a test has left that was killed", () => {
  const marker = (madeAt: string) => `Replication test of Espalier, made ${madeAt}. It may be removed.`;
  const entry = (number: number, description: string, name = "espalier-replication-test") => {
    const cn = `${name}-00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    return `dn: cn=${cn},${under}\nobjectClass: applicationProcess\ncn: ${cn}\ndescription: ${description}\n`;
  };
  const old = entry(1, marker("2026-11-22T10:00:00.000Z"));
  const kept = [
    entry(2, marker("2026-11-22T11:30:00.000Z")),
    entry(3, "Somebody's own."),
    entry(4, marker("2026-11-22T10:00:00.000Z"), "espalier-replication-test-of-mine"),
  ];
  const startAt = Date.parse("2026-11-22T11:45:00.000Z");
  const names = async (dump: string) =>
    [...dump.replaceAll("\n ", "").matchAll(/^dn: (cn=espalier\S*)/gm)].map(([, dn]) => dn);

  it("is removed by the next one, once it is an hour old, and nothing else is", async () => {
    await using server = await startSlapd({ ldif: directoryLdif([old, ...kept].join("\n")) });
    const cluster = { ...clusterOf([server]), canary: { under } };
    const lab = await replicationLab({ cluster, identity: person(server.rootDn, server.rootPassword), startAt });
    expect((await lab.request("POST", "/canary", {})).body).toMatchObject({ isRemoved: true, leftoversRemoved: 1 });
    expect(await names(await server.dump())).toEqual(kept.map((text) => /^dn: (.*)/.exec(text)?.[1]));
    lab.advance(3_600_000);
    expect((await lab.request("POST", "/canary", {})).body).toMatchObject({ leftoversRemoved: 1 });
    expect(await names(await server.dump())).toEqual(kept.slice(1).map((text) => /^dn: (.*)/.exec(text)?.[1]));
  });

  it("is removed at the start, where the cluster has an account for that", async () => {
    await using server = await startSlapd({ ldif: directoryLdif([old, ...kept].join("\n")) });
    const { rootDn: bind_dn, rootPassword: bind_password } = server;
    const identity = person(bind_dn, bind_password);
    const cluster = { ...clusterOf([server]), canary: { under }, bind_dn, bind_password };
    const lab = await replicationLab({ cluster, identity, startAt });
    lab.replication.start();
    await until("the old one to be gone", async () => (await names(await server.dump())).length === kept.length);
    await modify(server, `dn: ${under}\nchangetype: modify\nreplace: description\ndescription: still answering\n`);
  });
});
