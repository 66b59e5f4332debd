import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressGate, networkOf } from "../../src/http/address-gate.ts";
import { TokenBuckets } from "../../src/http/token-bucket.ts";

class Clock {
  ms = 1_000_000;
  readonly now = () => this.ms;
}

describe("a bucket of tokens", () => {
  it("lets a burst through, and then as many as its average", () => {
    const clock = new Clock();
    const buckets = new TokenBuckets({ average: 20, burst: 50, maxKeys: 10, now: clock.now });
    const take = () => Array.from({ length: 100 }, () => buckets.take("device")).filter(Boolean).length;
    expect(take()).toBe(50);
    expect(buckets.retryAfterSeconds("device")).toBe(3);
    clock.ms += 3_000;
    expect(take()).toBe(1);
    clock.ms += 60_000;
    expect(take()).toBe(20);
    clock.ms += 3_600_000;
    expect(take()).toBe(50);
  });

  it("of one device is not another's", () => {
    const buckets = new TokenBuckets({ average: 1, burst: 1, maxKeys: 10, now: new Clock().now });
    expect([buckets.take("a"), buckets.take("a"), buckets.take("b")]).toEqual([true, false, true]);
  });

  it("is forgotten when it was used least lately, so that memory is bounded", () => {
    const buckets = new TokenBuckets({ average: 1, burst: 1, maxKeys: 2, now: new Clock().now });
    for (const key of ["a", "b", "a", "c"]) buckets.take(key);
    expect([buckets.isEmpty("a"), buckets.isEmpty("b"), buckets.isEmpty("c")]).toEqual([true, false, true]);
  });

  it("never lets through more than its burst and its average together", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 30 }), (pauses, average, burst) => {
        const clock = new Clock();
        const buckets = new TokenBuckets({ average, burst, maxKeys: 1, now: clock.now });
        const began = clock.ms;
        let taken = 0;
        for (const pause of pauses) {
          clock.ms += pause;
          if (buckets.take("")) taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(burst + ((clock.ms - began) * average) / 60_000 + 1e-6);
      }),
    );
  });
});

describe("the gate for addresses", () => {
  it("refuses a stranger who keeps trying, and lets him try again later", () => {
    const clock = new Clock();
    const gate = new AddressGate(clock.now);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(gate.refusal("203.0.113.7")).toBeUndefined();
      gate.failed("203.0.113.7");
    }
    expect(gate.refusal("203.0.113.7")).toBe(3);
    expect(gate.refusal("203.0.113.8")).toBeUndefined();
    clock.ms += 3_000;
    expect(gate.refusal("203.0.113.7")).toBeUndefined();
  });

  it("never refuses an address that was believed within the hour, whatever others send from it", () => {
    const clock = new Clock();
    const gate = new AddressGate(clock.now);
    gate.succeeded("203.0.113.7");
    for (let attempt = 0; attempt < 500; attempt += 1) gate.failed("203.0.113.7");
    expect(gate.refusal("203.0.113.7")).toBeUndefined();
    clock.ms += 3_600_000;
    gate.failed("203.0.113.7");
    for (let attempt = 0; attempt < 50; attempt += 1) gate.failed("203.0.113.7");
    expect(gate.refusal("203.0.113.7")).toBeDefined();
  });

  it("takes the /64 of an IPv6 address for the sender, and an IPv4 address within one for that", () => {
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe(networkOf("2001:db8:1:2::1"));
    expect(networkOf("2001:db8:1:2::1")).not.toBe(networkOf("2001:db8:1:3::1"));
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
    expect(networkOf("fe80::1%eth0")).toBe(networkOf("fe80::2"));
  });
});
