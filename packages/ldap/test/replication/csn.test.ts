/** Change sequence numbers of OpenLDAP and 389 Directory Server. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  directory389Csn,
  formatDirectory389Csn,
  formatOpenLdapCsn,
  openLdapCsn,
  parseDirectory389Csn,
  parseOpenLdapCsn,
} from "../../src/replication/csn.ts";

const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1_000;
const anyOpenLdap = fc.record({
  timeSeconds: fc.integer({ min: 0, max: lastSecond }),
  micros: fc.integer({ min: 0, max: 999_999 }),
  count: fc.integer({ min: 0, max: 0xffffff }),
  serverId: fc.integer({ min: 0, max: 0xfff }),
  modification: fc.integer({ min: 0, max: 0xffffff }),
});
const any389 = fc.record({
  timeSeconds: fc.integer({ min: 0, max: 0xffffffff }),
  sequence: fc.integer({ min: 0, max: 0xffff }),
  replicaId: fc.integer({ min: 0, max: 0xffff }),
  subsequence: fc.integer({ min: 0, max: 0xffff }),
});

describe("a CSN of OpenLDAP", () => {
  it("is read field by field", () => {
    expect(parseOpenLdapCsn("20261122055327.692042Z#00000a#01f#0000ff")).toEqual({
      timeSeconds: Date.UTC(2026, 10, 22, 5, 53, 27) / 1_000,
      micros: 692_042,
      count: 10,
      serverId: 31,
      modification: 255,
    });
  });

  it("is read as OpenLDAP 2.3 wrote it, and spelt as the others are", () => {
    expect(openLdapCsn("20061122055327Z#000001#0A#000000")).toEqual({
      csn: "20061122055327.000000Z#000001#00a#000000",
      serverId: "10",
      timeMs: Date.UTC(2006, 10, 22, 5, 53, 27),
    });
  });

  it("whose time has fewer digits is spelt with all of them", () => {
    expect(openLdapCsn("20261122055327.5Z#000000#001#000000")?.csn).toBe("20261122055327.500000Z#000000#001#000000");
  });

  it("comes back from text as it was, whatever it is", () => {
    fc.assert(
      fc.property(anyOpenLdap, (csn) => {
        expect(parseOpenLdapCsn(formatOpenLdapCsn(csn))).toEqual(csn);
      }),
    );
  });

  it("of one server has the order of its text", () => {
    fc.assert(
      fc.property(anyOpenLdap, anyOpenLdap, (a, other) => {
        const b = { ...other, serverId: a.serverId };
        const order =
          a.timeSeconds - b.timeSeconds || a.micros - b.micros || a.count - b.count || a.modification - b.modification;
        const [first, second] = [formatOpenLdapCsn(a), formatOpenLdapCsn(b)];
        expect(first < second).toBe(order < 0);
        expect(first === second).toBe(order === 0);
      }),
    );
  });

  it.each([
    "",
    "20261122055327.692042Z",
    "20261322055327.692042Z#000000#001#000000",
    "20260230000000.000000Z#000000#001#000000",
    "20261122055327.692042Z#00000#001#000000",
    "20261122055327.692042Z#00000g#001#000000",
    "20261122055327.692042Z#000000#0001#000000",
    " 20261122055327.692042Z#000000#001#000000",
  ])("is not %j", (text) => expect(parseOpenLdapCsn(text)).toBeUndefined());

  it("is looked for in any text without an error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(openLdapCsn(text)).toBeUndefined();
      }),
    );
  });
});

describe("a CSN of 389 Directory Server", () => {
  it("is read field by field", () => {
    expect(parseDirectory389Csn("6b028058000200010003")).toEqual({
      timeSeconds: 0x6b028058,
      sequence: 2,
      replicaId: 1,
      subsequence: 3,
    });
    expect(directory389Csn("6B028058000200010000")).toEqual({
      csn: "6b028058000200010000",
      serverId: "1",
      timeMs: 0x6b028058 * 1_000,
    });
  });

  it("comes back from text as it was, and has the order of its text", () => {
    fc.assert(
      fc.property(any389, any389, (a, other) => {
        const b = { ...other, replicaId: a.replicaId };
        expect(parseDirectory389Csn(formatDirectory389Csn(a))).toEqual(a);
        const order = a.timeSeconds - b.timeSeconds || a.sequence - b.sequence || a.subsequence - b.subsequence;
        expect(formatDirectory389Csn(a) < formatDirectory389Csn(b)).toBe(order < 0);
      }),
    );
  });

  it.each(["", "6b02805800020001000", "6b0280580002000100000", "6b02805800020001000g"])("is not %j", (text) =>
    expect(parseDirectory389Csn(text)).toBeUndefined(),
  );
});
