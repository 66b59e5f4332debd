import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentWrites } from "../../src/clusters/recent-writes.ts";

describe("reading one's own writes", () => {
  it("finds the node of a person's last write for ten seconds, as a list of all writes would", () => {
    const person = fc.constantFrom("uid=ann,dc=x", "uid=bob,dc=x", "not a name");
    const write = fc.record({ person, node: fc.constantFrom("a", "b", "c"), waitMs: fc.nat({ max: 12_000 }) });
    fc.assert(
      fc.property(fc.array(write), person, (writes, reader) => {
        let nowMs = 0;
        const recent = new RecentWrites<string>(() => nowMs);
        const model: { person: string; node: string; atMs: number }[] = [];
        for (const { person: writer, node, waitMs } of writes) {
          recent.noted(writer, node);
          model.push({ person: writer, node, atMs: nowMs });
          nowMs += waitMs;
        }
        const last = model.findLast((each) => each.person === reader);
        expect(recent.nodeOf(reader)).toBe(last !== undefined && nowMs < last.atMs + 10_000 ? last.node : undefined);
      }),
    );
  });

  it("knows a person however their name is written", () => {
    const recent = new RecentWrites<string>(() => 0);
    recent.noted("uid=ann, dc=example, dc=com", "a");
    expect(recent.nodeOf("UID=Ann,DC=example,DC=com")).toBe("a");
  });
});
