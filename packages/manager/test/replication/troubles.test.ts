import { openLdapCsn } from "@espalier/ldap";
import { expect, it } from "vitest";
import type { LagCell } from "../../src/replication/lag.ts";
import type { Observation } from "../../src/replication/observe.ts";
import type { Edge } from "../../src/replication/topology.ts";
import { findingsOf, nextTroubles, type Trouble } from "../../src/replication/troubles.ts";

type Cell = Pick<LagCell, "state" | "lagMs">;
type Look = { cell?: Cell; link?: Edge["status"]; isSilent?: boolean };

/** What is reported of node b by one look after the other, a minute apart. */
function reported(...looks: Look[]): string[][] {
  let kept: readonly Trouble[] = [];
  return looks.map(({ cell, link, isSilent = false }, minute) => {
    const cells = cell === undefined ? [] : [{ node: "b", serverId: "1", ...cell }];
    const ends = { from: { node: "a", address: "a:389" }, to: { node: "b", address: "b:389" } };
    const edges: Edge[] = link === undefined ? [] : [{ ...ends, kind: "syncrepl", status: link }];
    const newest = [openLdapCsn("20261122055327.692042Z#000000#001#000000")!];
    const observation: Observation = {
      ...{ baseDn: "dc=example,dc=com", at: minute * 60_000, nodes: [], edges },
      lag: { newest, cells, inSync: "unknown" },
    };
    const silent = new Set(isSilent ? ["b"] : []);
    const step = nextTroubles("main", findingsOf(observation, 60_000), kept, silent, minute * 60_000);
    kept = step.troubles;
    return step.events.map(({ type }) => type);
  });
}

const good: Look = { cell: { state: "in_sync", lagMs: 0 } };
const late: Look = { cell: { state: "behind", lagMs: 60_001 } };
const unknown: Look = { cell: { state: "unknown" } };

it("reports a node that is behind the second time in a row, and once, and that it has recovered", () => {
  expect(reported(late, late, late, good, good)).toEqual([
    [],
    ["replication.lagging"],
    [],
    ["replication.recovered"],
    [],
  ]);
});

it("does not report what was over at the second look, or is within the threshold", () => {
  expect(reported(late, good, late, good)).toEqual([[], [], [], []]);
  const near: Look = { cell: { state: "behind", lagMs: 60_000 } };
  expect(reported(near, near)).toEqual([[], []]);
});

it("reports a node that never saw a server's changes as one that is behind", () => {
  const never: Look = { cell: { state: "never_seen" } };
  expect(reported(never, never)).toEqual([[], ["replication.lagging"]]);
});

it("takes what is not known for neither good nor bad", () => {
  expect(reported(late, unknown, late, unknown, good)).toEqual([
    [],
    [],
    ["replication.lagging"],
    [],
    ["replication.recovered"],
  ]);
  expect(reported(unknown, unknown)).toEqual([[], []]);
});

it("reports a broken link at once, and once", () => {
  expect(reported({ link: "broken" }, { link: "broken" }, { link: "unknown" }, { link: "ok" })).toEqual([
    ["replication.broken"],
    [],
    [],
    ["replication.recovered"],
  ]);
  expect(reported({ link: "disabled" }, { link: "unknown" })).toEqual([[], []]);
});

it("remembers what a node said that is silent now, and forgets a link that is no more", () => {
  expect(reported({ link: "broken" }, { isSilent: true }, { link: "broken" })).toEqual([
    ["replication.broken"],
    [],
    [],
  ]);
  expect(reported({ link: "broken" }, {}, { link: "broken" })).toEqual([
    ["replication.broken"],
    [],
    ["replication.broken"],
  ]);
});
