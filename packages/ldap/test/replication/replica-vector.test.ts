/** What servers say of the changes that they have. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseContextCsn, parseRuv, parseRuvGeneration } from "../../src/replication/replica-vector.ts";

describe("contextCSN", () => {
  it("is the newest change of each replica, as OpenLDAP 2.5 writes it", () => {
    expect(
      parseContextCsn([
        "20260103120000.123456Z#000000#001#000000",
        "20251231235959.999999Z#00000a#0fF#000000",
        "20260103120001Z#000000#00#000000",
      ]),
    ).toEqual(
      new Map([
        [
          "1",
          {
            ...{ csn: "20260103120000.123456Z#000000#001#000000", serverId: "1" },
            timeMs: Date.UTC(2026, 0, 3, 12, 0, 0, 123),
          },
        ],
        [
          "255",
          {
            ...{ csn: "20251231235959.999999Z#00000a#0ff#000000", serverId: "255" },
            timeMs: Date.UTC(2025, 11, 31, 23, 59, 59, 999),
          },
        ],
        [
          "0",
          {
            ...{ csn: "20260103120001.000000Z#000000#000#000000", serverId: "0" },
            timeMs: Date.UTC(2026, 0, 3, 12, 0, 1),
          },
        ],
      ]),
    );
  });

  it("orders as text within one replica", () => {
    const csns = [
      "20260103120000.123456Z#000000#001#000000",
      "20260103120000.123456Z#000001#001#000000",
      "20260103120000.123457Z#000000#001#000000",
      "20261231000000.000000Z#000000#001#000000",
    ].map((value) => parseContextCsn([value]).get("1")!.csn);
    expect(csns).toEqual([...csns].sort());
  });

  it("of another form is left out", () => {
    const values = ["", "20260103120000.123456Z#000000#001", "yesterday#000000#001#000000", "{replica 1} 5f"];
    expect(parseContextCsn(values)).toEqual(new Map());
  });
});

describe("the replica update vector", () => {
  it("is the newest change of each replica, as 389 Directory Server 2.3 writes it", () => {
    expect(
      parseRuv([
        "{replicageneration} 6b0249f3000000010000",
        "{replica 1 ldap://localhost:43891} 6b024a06000000010000 6b024a23000100010000",
        "{replica 2 ldap://localhost:43893} 6b024b5c000100020000 6b024b5d000000020000",
        "{replica 3 ldap://[2001:db8::2]:389} 6b024b5c000100030000 6B024B5E000000030000 6b024b5e",
        "{replica 65535} 6b024b5c0001ffff0000 6b024b5fffffffff0000",
      ]),
    ).toEqual(
      new Map([
        ["1", { csn: "6b024a23000100010000", serverId: "1", timeMs: Date.UTC(2026, 10, 22, 1, 49, 23) }],
        ["2", { csn: "6b024b5d000000020000", serverId: "2", timeMs: Date.UTC(2026, 10, 22, 1, 54, 37) }],
        ["3", { csn: "6b024b5e000000030000", serverId: "3", timeMs: Date.UTC(2026, 10, 22, 1, 54, 38) }],
        ["65535", { csn: "6b024b5fffffffff0000", serverId: "65535", timeMs: Date.UTC(2026, 10, 22, 1, 54, 39) }],
      ]),
    );
  });

  it("has a generation, by which servers with data of their own are told apart", () => {
    const values = ["{replicageneration} 6B0249f3000000010000", "{replica 1 ldap://localhost:43891}"];
    expect(parseRuvGeneration(values)).toBe("6b0249f3000000010000");
    expect(parseRuvGeneration(values.slice(1))).toBeUndefined();
  });

  it("leaves out replicas without changes, and what is no replica", () => {
    const values = ["{replica 3 ldap://localhost:389}", "{replica 65535}", "{replica x} 1 2", "nonsense", ""];
    expect(parseRuv(values)).toEqual(new Map());
  });
});

describe("what a server says", () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

  it("is read or left out, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: "binary" }))), (values) => {
        const positions = [...parseContextCsn(values).values(), ...parseRuv(values).values()];
        return positions.every(({ csn, timeMs }) => csn !== "" && typeof timeMs === "number");
      }),
    );
  });

  it("gives back the time of every change that 389 Directory Server can name", () => {
    fc.assert(
      fc.property(hex(8), hex(12), fc.integer({ min: 1, max: 65_535 }), (seconds, rest, replica) => {
        const csn = `${seconds}${rest}`;
        const vector = parseRuv([`{replica ${replica} ldap://ldap1:389} ${csn} ${csn}`]);
        const [serverId, timeMs] = [String(replica), Number.parseInt(seconds, 16) * 1_000];
        expect([...vector]).toEqual([[serverId, { csn, serverId, timeMs }]]);
      }),
    );
  });
});
