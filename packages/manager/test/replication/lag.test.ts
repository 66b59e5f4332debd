import { type Csn, openLdapCsn } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lagOf, type NodePosition, newestOf } from "../../src/replication/lag.ts";

const at = (second: number, serverId: number) =>
  openLdapCsn(
    `202611220553${String(second).padStart(2, "0")}.000000Z#000000#${String(serverId).padStart(3, "0")}#000000`,
  )!;

function position(node: string, ...csns: Csn[]): NodePosition {
  return { node, newest: new Map(csns.map((csn) => [csn.serverId, csn])) };
}

describe("the lag of nodes", () => {
  it("is told for each server id by itself", () => {
    const positions = [
      position("a", at(50, 1), at(10, 2)),
      position("b", at(20, 1), at(10, 2)),
      position("c", at(50, 1)),
    ];
    expect(lagOf(positions)).toEqual({
      newest: [at(50, 1), at(10, 2)],
      cells: [
        { node: "a", serverId: "1", state: "in_sync", lagMs: 0, csn: at(50, 1).csn },
        { node: "a", serverId: "2", state: "in_sync", lagMs: 0, csn: at(10, 2).csn },
        { node: "b", serverId: "1", state: "behind", lagMs: 30_000, csn: at(20, 1).csn },
        { node: "b", serverId: "2", state: "in_sync", lagMs: 0, csn: at(10, 2).csn },
        { node: "c", serverId: "1", state: "in_sync", lagMs: 0, csn: at(50, 1).csn },
        { node: "c", serverId: "2", state: "never_seen" },
      ],
      inSync: false,
      problem: "b, c are behind.",
    });
  });

  it("is none, however old the last change is", () => {
    const lag = lagOf([position("a", at(1, 1)), position("b", at(1, 1))]);
    expect([lag.inSync, lag.cells.map(({ lagMs }) => lagMs)]).toEqual([true, [0, 0]]);
  });

  it("is unknown where a node does not say, and that is not in sync", () => {
    const down: NodePosition = { node: "b", newest: undefined, problem: "b does not answer." };
    expect(lagOf([position("a", at(1, 1)), down])).toEqual({
      newest: [at(1, 1)],
      cells: [
        { node: "a", serverId: "1", state: "in_sync", lagMs: 0, csn: at(1, 1).csn },
        { node: "b", serverId: "1", state: "unknown", problem: "b does not answer." },
      ],
      inSync: "unknown",
      problem: "Of b it is not known.",
    });
  });

  it("is unknown where there is nothing to compare: one node, or none that says anything", () => {
    expect(lagOf([position("a", at(1, 1))]).inSync).toBe("unknown");
    expect(lagOf([position("a"), position("b")]).inSync).toBe("unknown");
    expect(lagOf([]).inSync).toBe("unknown");
  });

  it("is not in sync between servers whose data have different origins, though their numbers are the same", () => {
    const [a, b] = [position("a", at(1, 1)), position("b", at(1, 1))];
    expect(
      lagOf([
        { ...a, generation: "1" },
        { ...b, generation: "2" },
      ]).inSync,
    ).toBe(false);
    expect(
      lagOf([
        { ...a, generation: "1" },
        { ...b, generation: "1" },
      ]).inSync,
    ).toBe(true);
  });

  it("is measured by what was the newest at first, where nodes are read again", () => {
    const targets = newestOf([position("a", at(10, 1))]);
    const lag = lagOf([position("a", at(30, 1)), position("b", at(10, 1)), position("c", at(4, 1))], targets);
    expect(lag.cells.map(({ state, lagMs }) => [state, lagMs])).toEqual([
      ["in_sync", 0],
      ["in_sync", 0],
      ["behind", 6_000],
    ]);
  });

  const anyPosition = fc.record({
    node: fc.constantFrom("a", "b", "c"),
    newest: fc.option(
      fc
        .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 1, max: 3 })), {
          selector: ([, id]) => id,
        })
        .map((pairs) => new Map(pairs.map(([second, id]) => [String(id), at(second, id)]))),
      { nil: undefined },
    ),
  });

  it("is never below nought, has a cell for each node and server, and calls nothing in sync that has a gap", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyPosition, { selector: ({ node }) => node }), (positions) => {
        const { newest, cells, inSync } = lagOf(positions);
        expect(cells).toHaveLength(positions.length * newest.length);
        expect(cells.every(({ lagMs = 0 }) => lagMs >= 0)).toBe(true);
        const isGood =
          cells.every(({ state }) => state === "in_sync") && positions.every((one) => one.newest !== undefined);
        expect(inSync === true).toBe(isGood && positions.length > 1 && newest.length > 0);
      }),
    );
  });
});
