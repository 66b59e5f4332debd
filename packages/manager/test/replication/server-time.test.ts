import { describe, expect, it } from "vitest";
import { parseServerTime } from "../../src/replication/server-time.ts";

describe("a time of a server", () => {
  it("is read, and a time that means never is none", () => {
    expect(parseServerTime("20261122055327Z")).toBe(Date.UTC(2026, 10, 22, 5, 53, 27));
    const never = [
      "00000101000000Z",
      "19700101000000Z",
      "20261122055360Z",
      "20260231000000Z",
      "20261122240000Z",
      "soon",
      undefined,
    ];
    expect(never.map(parseServerTime)).toEqual(never.map(() => undefined));
  });
});
