/** How replication is shown, over real servers that replicate, and that are kept from it. */
import { faults, linkDirectories389, requirePrograms, startDirectory389, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anybody, person } from "../clusters/watched.ts";
import {
  baseDn,
  type CuttableMirror,
  clusterOf,
  directoryLdif,
  type Json,
  modify,
  personLdif,
  replicationLab,
  startCuttableMirror,
  describe as write,
} from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });
const describe389 = requirePrograms({ "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

const annDn = `uid=ann,ou=people,${baseDn}`;

/** `a/1` and the like by state, with the lag in seconds. */
function states({ lag }: Json): Record<string, string> {
  return Object.fromEntries(lag.map(({ node, serverId, state }: Json) => [`${node}/${serverId}`, state]));
}

describe("three OpenLDAP servers", () => {
  let mirror: CuttableMirror;
  const root = () => person(mirror.nodes[0]!.rootDn, mirror.nodes[0]!.rootPassword);
  beforeAll(async () => {
    mirror = await startCuttableMirror(3);
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  it("are in sync once each has the changes of all", async () => {
    const [first, second, third] = mirror.nodes;
    for (const node of [first!, second!, third!]) await write(node, annDn, `at ${node.port}`);
    const lab = await replicationLab({ cluster: mirror.cluster, identity: root() });
    const areConnected = ({ consumers }: Json) => consumers.every(({ isConnected }: Json) => isConnected);
    const found = await until("the nodes to be connected and in sync", async () => {
      const answer = await lab.get("?counts=true");
      return answer.inSync === true && answer.newest.length === 3 && answer.nodes.every(areConnected) && answer;
    });
    expect(states(found)).toEqual(
      Object.fromEntries(["a", "b", "c"].flatMap((node) => ["1", "2", "3"].map((id) => [`${node}/${id}`, "in_sync"]))),
    );
    expect(found.lag.every(({ lagMs }: Json) => lagMs === 0)).toBe(true);
    expect(found.problem).toBeUndefined();
    const one = { count: 1, isExact: true };
    const none = { count: 0, isExact: true };
    expect(found.nodes.map(({ counts }: Json) => counts)).toEqual(
      ["a", "b", "c"].map(() => ({
        total: { count: 3, isExact: true },
        users: one,
        groups: none,
        ous: one,
        other: one,
      })),
    );
    expect(found.nodes[0]).toMatchObject({ node: "a", isReachable: true, source: "contextCSN" });
    expect(found.nodes[0].responseMs).toBeGreaterThan(0);
    expect(found.nodes.map(({ consumers }: Json) => consumers.map(({ isConnected }: Json) => isConnected))).toEqual([
      [true, true],
      [true, true],
      [true, true],
    ]);
    expect(JSON.stringify(found)).not.toContain(first!.rootPassword);
    // The edges are those that the servers speak of, and lead to the relays that they were configured with.
    expect(found.topology.unknown).toEqual([]);
    const edges = found.topology.edges.map(({ from, to, kind, status }: Json) => [from.address, to.node, kind, status]);
    const configured = mirror.heard.flatMap((relays, index) =>
      relays.map(({ port }) => [`127.0.0.1:${port}`, "abc"[index], "syncrepl", "ok"]),
    );
    expect(edges.sort()).toEqual(configured.sort());
  });

  it("show which of them lacks whose changes, and since when, while one is cut off from the others", async () => {
    const [first, , third] = mirror.nodes;
    const lab = await replicationLab({ cluster: mirror.cluster, identity: root() });
    for (const relay of mirror.heard[1]!) await faults.reset.begin({ relay } as never);
    try {
      await write(first!, annDn, "the second does not hear this");
      await write(third!, annDn, "nor this");
      const found = await until("the second to be behind", async () => {
        const answer = await lab.get("");
        return answer.lag.filter(({ state }: Json) => state === "behind").length === 2 && answer;
      });
      expect(found.inSync).toBe(false);
      expect(found.problem).toBe("b is behind.");
      expect(states(found)).toEqual({
        ...{ "a/1": "in_sync", "a/2": "in_sync", "a/3": "in_sync" },
        ...{ "b/1": "behind", "b/2": "in_sync", "b/3": "behind" },
        ...{ "c/1": "in_sync", "c/2": "in_sync", "c/3": "in_sync" },
      });
      const lagOf = ({ lag }: Json) =>
        lag.find(({ node, serverId }: Json) => node === "b" && serverId === "1").lagMs as number;
      await write(first!, annDn, "and it grows");
      const grown = await until("the lag to grow", async () => {
        const answer = await lab.get("");
        return lagOf(answer) > lagOf(found) && answer;
      });
      const [newest] = grown.newest;
      const own = grown.nodes[1].newest.find(({ serverId }: Json) => serverId === "1");
      expect(lagOf(grown)).toBe(Date.parse(newest.at) - Date.parse(own.at));
      await until("the consumers of the second to notice", async () => {
        const { edges } = (await lab.get("")).topology;
        const broken = edges.filter(({ status }: Json) => status === "broken");
        return (
          broken.length === 2 &&
          broken.every(({ to, detail }: Json) => to.node === "b" && /^Not connected/.test(detail))
        );
      });
    } finally {
      for (const relay of mirror.heard[1]!) relay.restore();
    }
    await until("the second to have caught up", async () => (await lab.get("")).inSync === true, { timeoutMs: 20_000 });
  });

  it("are not in sync, and not out of it, while one does not answer", async () => {
    const lab = await replicationLab({
      cluster: { ...mirror.cluster, timeout: "1s", connect_timeout: "500ms" } as never,
      identity: root(),
    });
    await until("the nodes to be in sync", async () => (await lab.get("")).inSync === true);
    const { process } = mirror.nodes[2]!;
    process.suspend();
    try {
      await process.suspended();
      const found = await lab.get("");
      expect(found.inSync).toBe("unknown");
      expect(found.problem).toBe("Of c it is not known.");
      expect(found.nodes[2]).toEqual({ node: "c", isReachable: false, newest: [], problem: expect.any(String) });
      expect(found.lag.filter(({ node }: Json) => node === "c")).toEqual(
        ["1", "2", "3"].map((serverId) => ({ node: "c", serverId, state: "unknown", problem: found.nodes[2].problem })),
      );
      expect(found.topology.unknown).toEqual([{ node: "c", problem: found.nodes[2].problem }]);
    } finally {
      process.resume();
    }
  });
});

describe("servers that show less", () => {
  it("of which one has never seen a change of the other are not in sync, though their counts are equal", async () => {
    const csn = "20260101000000.000000Z#000000#001#000000";
    const ldif = directoryLdif(personLdif("ann"));
    const context = (more: string) => ldif.replace(`dn: ${baseDn}\n`, `dn: ${baseDn}\n${more}`);
    await using first = await startSlapd({ ldif: context(`contextCSN: ${csn}\n`) });
    const other = csn.replace("#001#", "#002#");
    await using second = await startSlapd({ ldif: context(`contextCSN: ${csn}\ncontextCSN: ${other}\n`) });
    const lab = await replicationLab({ cluster: clusterOf([first, second]), identity: anybody });
    const found = await lab.get("?counts=true");
    expect(found.inSync).toBe(false);
    expect(found.lag).toEqual([
      { node: "a", serverId: "1", state: "in_sync", lagMs: 0, csn },
      { node: "a", serverId: "2", state: "never_seen" },
      { node: "b", serverId: "1", state: "in_sync", lagMs: 0, csn },
      { node: "b", serverId: "2", state: "in_sync", lagMs: 0, csn: other },
    ]);
    expect(found.nodes[0].counts).toEqual(found.nodes[1].counts);
    // Whose changes they take cannot be seen, so nothing is drawn.
    expect(found.topology).toEqual({
      edges: [],
      unknown: ["a", "b"].map((node) => ({
        node,
        problem: "Neither cn=config nor the consumers below cn=Monitor are there for you to read.",
      })),
    });
  });

  it("are unknown where neither says anything, also with equal counts", async () => {
    await using first = await startSlapd({ ldif: directoryLdif() });
    await using second = await startSlapd({ ldif: directoryLdif() });
    const lab = await replicationLab({ cluster: clusterOf([first, second]), identity: anybody });
    const found = await lab.get("");
    expect([found.inSync, found.problem, found.lag]).toEqual(["unknown", "Of a, b it is not known.", []]);
    expect(found.nodes[1].problem).toContain("no contextCSN that you may read");
  });

  it("are unknown where both are down", async () => {
    const first = await startSlapd({ ldif: directoryLdif() });
    const second = await startSlapd({ ldif: directoryLdif() });
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    const lab = await replicationLab({ cluster: clusterOf([first, second]), identity: anybody });
    const found = await lab.get("?counts=true");
    expect(found.inSync).toBe("unknown");
    expect(found.nodes.map(({ isReachable, counts }: Json) => [isReachable, counts])).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
  });
});

describe389("two 389 Directory Servers", () => {
  it("show their update vectors and agreements, and who is behind while one agreement is disabled", async () => {
    await using first = await startDirectory389({ ldif: directoryLdif(personLdif("ann")), replicaId: 1 });
    await using second = await startDirectory389({ replicaId: 2 });
    await linkDirectories389(first, second);
    const lab = await replicationLab({
      cluster: clusterOf([first, second]),
      identity: person(first.rootDn, first.rootPassword),
    });
    await write(first, annDn, "at the first");
    await write(second, `ou=people,${baseDn}`, "at the second");
    const found = await until(
      "the servers to be in sync",
      async () => {
        const answer = await lab.get("");
        return answer.inSync === true && answer.newest.length === 2 && answer;
      },
      { timeoutMs: 20_000 },
    );
    expect(found.nodes.map(({ source }: Json) => source)).toEqual(["nsds50ruv", "nsds50ruv"]);
    expect(found.nodes[0].generation).toBe(found.nodes[1].generation);
    expect(found.nodes[0].agreements).toEqual([
      expect.objectContaining({
        name: `to-${second.port}`,
        consumer: `ldap://127.0.0.1:${second.port}`,
        isEnabled: true,
        state: "ok",
      }),
    ]);
    expect(found.topology).toEqual({
      edges: [
        expect.objectContaining({
          from: expect.objectContaining({ node: "a" }),
          to: expect.objectContaining({ node: "b" }),
          kind: "agreement",
          status: "ok",
        }),
        expect.objectContaining({
          from: expect.objectContaining({ node: "b" }),
          to: expect.objectContaining({ node: "a" }),
          kind: "agreement",
          status: "ok",
        }),
      ],
      unknown: [],
    });

    const agreement = `cn=to-${second.port},cn=replica,cn="${baseDn}",cn=mapping tree,cn=config`;
    const enable = (value: string) =>
      modify(
        first,
        `dn: ${agreement}\nchangetype: modify\nreplace: nsds5ReplicaEnabled\nnsds5ReplicaEnabled: ${value}\n`,
      );
    await enable("off");
    await write(first, annDn, "not sent");
    const behind = await until("the second to be behind", async () => {
      const answer = await lab.get("");
      return states(answer)["b/1"] === "behind" && answer;
    });
    expect(behind.inSync).toBe(false);
    expect(behind.topology.edges[0].status).toBe("disabled");
    await enable("on");
    await until("the second to have caught up", async () => (await lab.get("")).inSync === true, { timeoutMs: 20_000 });

    // Who may not read cn=config sees the vectors in the directory itself, and not who sends to whom.
    const stranger = await replicationLab({ cluster: clusterOf([first, second]), identity: anybody });
    const seen = await stranger.get("");
    expect(seen.nodes.map(({ newest }: Json) => newest)).toEqual(
      (await lab.get("")).nodes.map(({ newest }: Json) => newest),
    );
    expect(seen.topology.edges).toEqual([]);
    expect(seen.topology.unknown.map(({ node }: Json) => node)).toEqual(["a", "b"]);
  }, 90_000);

  it("that were never linked are not in sync: their data have different origins", async () => {
    await using first = await startDirectory389({ replicaId: 1 });
    await using second = await startDirectory389({ replicaId: 2 });
    await write(first, baseDn, "once");
    await write(second, baseDn, "once");
    const identity = person(first.rootDn, first.rootPassword);
    const lab = await replicationLab({ cluster: clusterOf([first, second]), identity });
    const found = await lab.get("");
    expect(found.inSync).toBe(false);
    expect(found.problem).toContain("different replica generations");
  }, 60_000);
});

describe("the configuration of a server", () => {
  it("is asked for as whoever asks, and no password is tried on it", async () => {
    const ldif = directoryLdif(personLdif("ann", "userPassword: secret of ann\n"));
    const options = { ldif, monitor: true, readableConfiguration: true };
    await using server = await startSlapd({ ...options, logsOperations: true });
    const lab = await replicationLab({ cluster: clusterOf([server]), identity: person(annDn, "secret of ann") });
    await lab.get("");
    await until("the line of the search", () => server.process.log.includes(' SRCH base="cn=config"'));
    const binds = [...server.process.log.matchAll(/ BIND dn="([^"]*)" method=/g)].map(([, dn]) => dn);
    expect(new Set(binds.filter((dn) => dn !== ""))).toEqual(new Set([annDn]));
    expect(server.process.log).not.toMatch(/RESULT tag=97 err=49/);
  });
});
