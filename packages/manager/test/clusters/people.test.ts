/** As whom connections act, how long they are kept, and what happens when a directory no longer accepts somebody. */
import { attribute } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Cluster } from "../../src/clusters/cluster.ts";
import type { Identity } from "../../src/clusters/identity.ts";
import { administrator, anybody, baseDn, directory, person, watch } from "./watched.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const ann = `uid=ann,ou=people,${baseDn}`;
const bob = `uid=bob,ou=people,${baseDn}`;

describe("people of a cluster", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directory("ann", "bob", "eve"), logsOperations: true }));
  });
  afterAll(() => cleanup.disposeAsync());

  const written = () => ({ host: "127.0.0.1", port: slapd.port }) as const;
  const changeSn = (cluster: Cluster, identity: Identity, dn: string) =>
    cluster.write(identity, (connection) =>
      connection.modify(dn, [{ operation: "replace", modification: attribute("userPassword", "changed") }]),
    );
  const binds = (dn: string) => slapd.process.log.split(`BIND dn="${dn}" method=`).length - 1;

  it("act as themselves, however many work at once", async () => {
    await using watched = await watch({ ...written(), pool: { size: 2 } });
    const readers = [person(ann, "pw-ann"), person(bob, "pw-bob")];
    // Of all the passwords everybody sees their own.
    const seen = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const reader = readers[index % 2]!;
        const search = { baseObject: baseDn, scope: "wholeSubtree", filter: "(userPassword=*)" } as const;
        const { value } = await watched.cluster.read(reader, (connection) => connection.searchAll(search));
        return [reader.dn, ...value.entries.map(({ objectName }) => objectName)];
      }),
    );
    expect(seen).toEqual(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? [ann, ann] : [bob, bob])));
  });

  it("have as many connections to a node as the pool's size says, and are bound once for each", async () => {
    await using watched = await watch({ ...written(), pool: { size: 3 } });
    const before = binds(bob);
    const search = { baseObject: baseDn, scope: "wholeSubtree" } as const;
    const bobHimself = person(bob, "pw-bob");
    await Promise.all(
      Array.from({ length: 50 }, () => watched.cluster.read(bobHimself, (connection) => connection.searchAll(search))),
    );
    expect(binds(bob) - before).toBeLessThanOrEqual(3);
    const [name] = watched.cluster.nodes().map((each) => each.name);
    const shown = await watched.metrics("espalier_manager_node_connections");
    const counts = shown.map((line) => Number(line.split(" ").at(-1)));
    expect(shown.every((line) => line.includes(`node="${name}"`))).toBe(true);
    expect(counts.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(3);
    expect(await watched.metrics("espalier_manager_operations_total")).toEqual([
      `espalier_manager_operations_total{directory="main",node="${name}",kind="write",outcome="in_doubt"} 0`,
      `espalier_manager_operations_total{directory="main",node="${name}",kind="read",outcome="ok"} 50`,
    ]);
  });

  it("keep a connection of their own while they read on, and can still work beside it", async () => {
    await using watched = await watch({ ...written(), pool: { size: 1 } });
    const identity = person(ann, "pw-ann");
    const pinned = await watched.cluster.pin(identity);
    const pages = pinned.connection
      .paged({ baseObject: baseDn, scope: "wholeSubtree", attributes: ["1.1"] }, { pageSize: 2 })
      [Symbol.asyncIterator]();
    const first = await pages.next();
    const beside = await watched.cluster.read(identity, (connection) =>
      connection.searchAll({ baseObject: ann, scope: "baseObject" }),
    );
    const second = await pages.next();
    await pages.return?.();
    pinned.release();
    expect([first, second].map(({ value }) => value?.entries.length)).toEqual([2, 2]);
    expect([beside.value.entries[0]?.objectName, beside.node]).toEqual([ann, `127.0.0.1:${slapd.port}`]);
  });

  it("lose their connections when they sign out, and when they have not used them for a while", async () => {
    await using watched = await watch({ ...written(), pool: { idle: "1s" } });
    const idle = async () =>
      (await watched.metrics("espalier_manager_node_connections"))
        .find((line) => line.includes("idle"))
        ?.split(" ")
        .at(-1);
    const use = () => watched.cluster.read(person(ann, "pw-ann"), async () => undefined);
    await use();
    expect(await idle()).toBe("1");
    watched.clusters.forget(ann);
    expect(await idle()).toBe("0");
    await use();
    expect(await idle()).toBe("1");
    await until("the idle connection to be closed", async () => (await idle()) === "0");
  });

  it("wait for each other's connections no longer than ten seconds, and are told what is in use", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await using watched = await watch({ ...written(), pool: { size: 1 } });
      const identity = person(ann, "pw-ann");
      const taken = Promise.withResolvers<void>();
      const end = Promise.withResolvers<void>();
      const first = watched.cluster.read(identity, () => {
        taken.resolve();
        return end.promise;
      });
      await taken.promise;
      const second = watched.cluster.read(identity, async () => "done").catch((error) => error.message);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await second).toContain(
        "All 1 connections that you may have to it are in use: wait until your other work has ended, or raise `pool.size`.",
      );
      end.resolve();
      await first;
    } finally {
      vi.useRealTimers();
    }
  });

  it("do not hold up the end of the service with a connection that they have not given back", async () => {
    const watched = await watch(written());
    const { connection } = await watched.cluster.pin(person(ann, "pw-ann"));
    await watched.clusters.close();
    await expect(connection.searchAll({ baseObject: baseDn })).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  it("whose password is no longer accepted are told to sign in again, and their session is told", async () => {
    await using watched = await watch(written());
    const error = await watched.cluster
      .read(person(ann, "old", "session-1"), async () => "done")
      .catch((reason) => reason);
    expect(error.toProblem()).toMatchObject({
      ...{ status: 401, code: "wrong_credentials" },
      title: `127.0.0.1:${slapd.port} does not accept your name and password any more: sign in to main again.`,
      ldap: { name: "invalidCredentials", node: `127.0.0.1:${slapd.port}` },
    });
    expect(watched.refused).toEqual(["session-1"]);
    expect(watched.log.concat(JSON.stringify(watched.events)).join("")).not.toContain("old");
  });

  it("are not reported as refused when their password cannot be tried", async () => {
    await using watched = await watch({ host: "127.0.0.1", port: 1 });
    await expect(watched.cluster.read(person(ann, "pw-ann"), async () => "done")).rejects.toMatchObject({
      code: "unavailable",
      extra: { retryAfter: 5 },
    });
    expect(watched.refused).toEqual([]);
  });

  it("have the errors of the directory as problems, with the node that said so", async () => {
    await using watched = await watch(written());
    const missing = { baseObject: `ou=nowhere,${baseDn}`, scope: "baseObject" } as const;
    await expect(watched.cluster.read(anybody, (connection) => connection.searchAll(missing))).rejects.toMatchObject({
      code: "no_such_entry",
      extra: { ldap: { name: "noSuchObject", matchedDn: baseDn, node: `127.0.0.1:${slapd.port}` } },
    });
  });

  it("change nothing in a cluster that is read-only", async () => {
    await using watched = await watch({ ...written(), readonly: true });
    await expect(changeSn(watched.cluster, administrator(slapd), ann)).rejects.toMatchObject({ code: "read_only" });
  });

  it("reach the servers of the configuration and no other", async () => {
    await using watched = await watch(written());
    const ask = (node: string) => watched.cluster.read(administrator(slapd), async () => "done", { node });
    for (const node of ["127.0.0.1:22", "ldap://127.0.0.1:389", "example.com", "", "__proto__"]) {
      await expect(ask(node)).rejects.toMatchObject({ code: "not_found" });
    }
    expect(() => watched.clusters.get("other")).toThrow(expect.objectContaining({ code: "no_such_cluster" }));
    expect(() => watched.clusters.get("constructor")).toThrow(expect.objectContaining({ code: "no_such_cluster" }));
    expect((await ask(`127.0.0.1:${slapd.port}`)).value).toBe("done");
  });
});
