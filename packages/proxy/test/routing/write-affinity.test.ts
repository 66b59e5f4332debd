/** Who is remembered to have written, and for how long. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { WriteAffinity } from "../../src/routing/write-affinity.ts";
import { ManualClock } from "../health/manual-clock.ts";
import { testBackend, times } from "./test-backend.ts";

const [a, b] = [testBackend("a"), testBackend("b")];

function scene(options: { afterWriteMs?: number; maxNames?: number } = {}) {
  const clock = new ManualClock();
  return { clock, affinity: new WriteAffinity({ afterWriteMs: 5_000, clock, ...options }) };
}

describe("after a write", () => {
  it("its connection and everybody of its name are known for the stated time", () => {
    const { clock, affinity } = scene();
    const [client, other, stranger] = [{}, {}, {}];
    affinity.wrote({ client, bindDn: "uid=ann" }, a, undefined);
    clock.jump(4_999);
    expect(affinity.ofClient({ client })).toBe(a);
    expect(affinity.ofClient({ client: other, bindDn: "uid=ann" })).toBe(a);
    expect(affinity.ofClient({ client: stranger, bindDn: "uid=bob" })).toBeUndefined();
    expect(affinity.ofClient({ client: stranger })).toBeUndefined();
    clock.jump(1);
    expect(affinity.ofClient({ client, bindDn: "uid=ann" })).toBeUndefined();
  });

  it("the entry that was written is known as well", () => {
    const { affinity } = scene();
    affinity.wrote({ client: {}, bindDn: "cn=helpdesk" }, a, "uid=ann");
    expect([affinity.ofName("uid=ann"), affinity.ofName("uid=bob")]).toEqual([a, undefined]);
  });

  it("the newest write decides, and begins the time anew", () => {
    const { clock, affinity } = scene();
    const key = { client: {}, bindDn: "uid=ann" };
    affinity.wrote(key, a, undefined);
    clock.jump(3_000);
    affinity.wrote(key, b, undefined);
    clock.jump(3_000);
    expect([affinity.ofClient(key), affinity.ofName("uid=ann")]).toEqual([b, b]);
  });

  it("anonymous is nobody's name", () => {
    const { affinity } = scene();
    affinity.wrote({ client: {}, bindDn: "" }, a, "");
    expect([affinity.size, affinity.ofClient({ client: {}, bindDn: "" }), affinity.ofName("")]).toEqual([
      0,
      undefined,
      undefined,
    ]);
  });

  it("nothing is remembered where the time is 0", () => {
    const { affinity } = scene({ afterWriteMs: 0 });
    const key = { client: {}, bindDn: "uid=ann" };
    affinity.wrote(key, a, "uid=bob");
    expect([affinity.ofClient(key), affinity.size]).toEqual([undefined, 0]);
  });
});

describe("memory", () => {
  it("holds so many names, and forgets the oldest", () => {
    const { affinity } = scene({ maxNames: 10 });
    const names = times(25, (index) => `uid=user${index}`);
    for (const name of names) affinity.wrote({ client: {} }, a, name);
    expect(names.filter((name) => affinity.ofName(name) === a)).toEqual(names.slice(-10));
    expect(affinity.size).toBe(10);
  });

  it("gives up names whose time is over when others come", () => {
    const { clock, affinity } = scene();
    for (const name of times(100, (index) => `uid=user${index}`)) affinity.wrote({ client: {} }, a, name);
    clock.jump(5_000);
    affinity.wrote({ client: {} }, a, "uid=late");
    expect(affinity.size).toBe(1);
  });

  it("keeps a short stand-in for a name that is long", () => {
    const { affinity } = scene();
    const long = `cn=${"x".repeat(100_000)}`;
    affinity.wrote({ client: {} }, a, long);
    expect([affinity.ofName(long), affinity.ofName(`${long}y`)]).toEqual([a, undefined]);
  });

  it("says the same as a list of all writes, whatever is written when", () => {
    const step = fc.record({
      name: fc.integer({ min: 0, max: 5 }),
      backend: fc.constantFrom(a, b),
      ms: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, affinity } = scene();
        const writes: { name: number; backend: Backend; atMs: number }[] = [];
        for (const { name, backend, ms } of steps) {
          clock.jump(ms);
          affinity.wrote({ client: {}, bindDn: `uid=${name}` }, backend, undefined);
          writes.push({ name, backend, atMs: clock.now() });
          for (const asked of [0, 1, 2, 3, 4, 5]) {
            const last = writes.findLast((each) => each.name === asked && each.atMs + 5_000 > clock.now());
            expect(affinity.ofName(`uid=${asked}`)).toBe(last?.backend);
          }
        }
      }),
    );
  });
});
