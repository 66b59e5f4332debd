/** The history, metrics and events of replication, over a real mirror and both databases. */

import { createLog, openStore } from "@espalier/service";
import {
  dumpTables,
  forEachDatabase,
  requirePrograms,
  type StoreDatabases,
  startSlapd,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { replicationMigrations } from "../../src/replication/migrations.ts";
import { person } from "../clusters/watched.ts";
import {
  baseDn,
  type CuttableMirror,
  clusterOf,
  directoryLdif,
  type Json,
  replicationLab,
  startCuttableMirror,
  describe as write,
} from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

const annDn = `uid=ann,ou=people,${baseDn}`;
const minuteMs = 60_000;
const startAt = Date.parse("2026-11-22T12:00:00.000Z");

describe("replication as it is watched", () => {
  let mirror: CuttableMirror;
  let cluster: CuttableMirror["cluster"];
  const root = () => person(mirror.nodes[0]!.rootDn, mirror.nodes[0]!.rootPassword);
  beforeAll(async () => {
    mirror = await startCuttableMirror(2);
    const { rootDn: bind_dn, rootPassword: bind_password } = mirror.nodes[0]!;
    cluster = { ...mirror.cluster, bind_dn, bind_password };
    await write(mirror.nodes[1]!, annDn, "by the second");
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  forEachDatabase(samples);

  function samples({ create }: StoreDatabases): void {
    const inSync = (lab: Json) => until("the nodes to be in sync", async () => (await lab.get("")).inSync === true);
    const open = async (config = {}) => {
      const lab = await replicationLab({ cluster, identity: root(), startAt, storeUrl: await create(), config });
      await inSync(lab);
      return lab;
    };

    it("is kept, and given in as many points as are wanted, with the largest lag of each", async () => {
      const lab = await open();
      for (let minute = 0; minute < 4; minute += 1) {
        await lab.replication.sampler.sample();
        lab.advance(minuteMs);
      }
      const query = "?from=2026-11-22T12:00:00Z&until=2026-11-22T12:04:00Z";
      const point = (minute: number, samples: number) => ({
        at: `2026-11-22T12:0${minute}:00.000Z`,
        ...{ lagMs: 0, samples, unknown: 0 },
      });
      const series = (...points: object[]) =>
        ["a/1", "a/2", "b/1", "b/2"].map((name) => ({ node: name[0], serverId: name[2], points }));
      expect(await lab.get(`/history${query}`)).toEqual({
        ...{ from: "2026-11-22T12:00:00.000Z", until: "2026-11-22T12:04:00.000Z", slotMs: minuteMs },
        series: series(point(0, 1), point(1, 1), point(2, 1), point(3, 1)),
      });
      expect(await lab.get(`/history${query}&points=2`)).toMatchObject({
        slotMs: 2 * minuteMs,
        series: series(point(0, 2), point(2, 2)),
      });
      const lag = (node: string, id: number) =>
        `espalier_manager_replication_lag_seconds{directory="main",node="${node}",server_id="${id}"} 0`;
      expect(await lab.metrics("espalier_manager_replication_lag")).toEqual([
        lag("a", 1),
        lag("a", 2),
        lag("b", 1),
        lag("b", 2),
      ]);
      expect(await lab.metrics("espalier_manager_replication_unknown")).toEqual(
        ["a", "b"].map((node) => `espalier_manager_replication_unknown{directory="main",node="${node}"} 0`),
      );
      expect(await lab.events()).toEqual([]);
      // What was seen long ago is not known any more.
      lab.advance(10 * minuteMs);
      expect(await lab.metrics("espalier_manager_replication_lag")).toEqual([]);
      expect(await lab.metrics("espalier_manager_replication_unknown")).toEqual(
        ["a", "b"].map((node) => `espalier_manager_replication_unknown{directory="main",node="${node}"} 1`),
      );
    });

    it("is reported when a node falls behind and when it has caught up, once by all managers together", async () => {
      const lab = await open({ lagThreshold: 1 });
      const [first, second] = [lab.replication.sampler, lab.another().sampler];
      const round = async () => {
        await Promise.all([first.sample(), second.sample()]);
        lab.advance(minuteMs);
      };
      await round();
      for (const relay of mirror.heard[1]!) relay.reset();
      try {
        await write(mirror.nodes[0]!, annDn, "not heard");
        await write(mirror.nodes[0]!, annDn, "nor this");
        await until("the second to notice", async () =>
          (await lab.get("")).topology.edges.some(({ status }: Json) => status === "broken"),
        );
        await round();
        expect((await lab.events()).map(({ type }) => type)).toEqual(["replication.broken"]);
        await round();
        // A manager that is started now knows what has been reported.
        await lab.another().sampler.sample();
        lab.advance(minuteMs);
        await round();
      } finally {
        for (const relay of mirror.heard[1]!) relay.restore();
      }
      const [lag] = (await lab.metrics(
        'espalier_manager_replication_lag_seconds{directory="main",node="b",server_id="1"}',
      )) as [string];
      expect(Number(lag.split(" ").at(-1))).toBeGreaterThan(0);
      await inSync(lab);
      await until("the consumer to be connected", async () =>
        (await lab.get("")).topology.edges.every(({ status }: Json) => status === "ok"),
      );
      await round();
      await round();
      const events = await lab.events();
      expect(events.map(({ type, severity, subject }) => [type, severity, subject])).toEqual([
        ["replication.broken", "high", "main/b"],
        ["replication.lagging", "high", "main/b"],
        ["replication.recovered", "info", "main/b"],
        ["replication.recovered", "info", "main/b"],
      ]);
      expect(events[1]?.data).toEqual({
        ...{ cluster: "main", node: "b", serverId: "1", thresholdMs: 1, lagMs: expect.any(Number) },
      });
      expect(events[2]?.data).toMatchObject({ serverId: "1", troubledMs: 4 * minuteMs });
      const { series } = await lab.get("/history?from=2026-11-22T12:00:00Z&until=2026-11-22T13:00:00Z");
      const points = series.find(({ node, serverId }: Json) => node === "b" && serverId === "1").points;
      expect(points.map(({ lagMs, samples }: Json) => [lagMs > 0, samples])).toEqual(
        [false, true, true, true, true, false, false].map((isBehind) => [isBehind, 1]),
      );
    });

    it("keeps a gap where a node was down, and is forgotten after its time", async () => {
      const lab = await open({ keepDays: 30 });
      await mirror.nodes[1]!.process.kill();
      try {
        await lab.replication.sampler.sample();
      } finally {
        await mirror.nodes[1]!.restart();
      }
      const { series } = await lab.get("/history?from=2026-11-22T12:00:00Z&until=2026-11-22T13:00:00Z");
      expect(series.map(({ node, points }: Json) => [node, points])).toEqual(
        ["a", "a", "b", "b"].map((node) => {
          const point = { at: "2026-11-22T12:00:00.000Z", samples: 1 };
          return [
            node,
            [node === "a" ? { ...point, lagMs: 0, unknown: 0 } : { ...point, lagMs: "unknown", unknown: 1 }],
          ];
        }),
      );
      lab.advance(31 * 86_400_000);
      await lab.replication.sampler.sample();
      expect((await lab.get("/history?from=2026-11-22T12:00:00Z&until=2026-11-22T13:00:00Z")).series).toEqual([]);
    });

    it("is begun and ended with the service", async () => {
      const lab = await replicationLab({
        cluster,
        identity: root(),
        storeUrl: await create(),
        config: { interval: 100 },
      });
      lab.replication.start();
      const samplesOf = async () => (await lab.get("/history")).series[0]?.points[0].samples ?? 0;
      await until("three rounds", async () => (await samplesOf()) >= 3);
      await lab.replication.close();
    });
  }

  it("has no history without an account, and says what to do", async () => {
    const lab = await replicationLab({ cluster: mirror.cluster, identity: root() });
    await lab.replication.sampler.sample();
    const { series, problem } = await lab.get("/history");
    expect(series).toEqual([]);
    expect(problem).toMatch(/^No history is kept of this cluster: set its `bind_dn` and `bind_password`/);
    expect(await lab.metrics("espalier_manager_replication")).toEqual([]);
  });
});

describe("an account that the directory refuses", () => {
  it("is tried again after an hour and not before, so that it is not locked", async () => {
    await using server = await startSlapd({ ldif: directoryLdif(), logsOperations: true });
    const cluster = { ...clusterOf([server]), bind_dn: server.rootDn, bind_password: "wrong" };
    const lab = await replicationLab({ cluster, identity: person(server.rootDn, server.rootPassword), startAt });
    const tries = () => (server.process.log.match(/RESULT tag=97 err=49/g) ?? []).length;
    for (let minute = 0; minute < 59; minute += 1) {
      await lab.replication.sampler.sample();
      lab.advance(minuteMs);
    }
    expect(tries()).toBe(1);
    expect((await lab.get("/history")).problem).toContain("does not accept `bind_dn` and `bind_password`");
    lab.advance(minuteMs);
    await lab.replication.sampler.sample();
    expect(tries()).toBe(2);
  });
});

const silent = createLog({ destination: () => undefined }).logger("test");
const tables = ["replication_rounds", "replication_samples", "replication_troubles"];

/** Run with `-u` to write the files anew, so that a change of the tables is seen in the diff. */
forEachDatabase((databases) => {
  it(`the tables of the history are those of schema/replication.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    const store = await openStore({ url, migrations: [replicationMigrations], logger: silent });
    await store.close();
    await expect(await dumpTables(url, tables)).toMatchFileSnapshot(`../../schema/replication.${databases.kind}.sql`);
  });
});
