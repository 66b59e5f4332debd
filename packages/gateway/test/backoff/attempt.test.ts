import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttemptKeys, addressGroup } from "../../src/backoff/attempt.ts";

const password = Buffer.from("correct horse");

describe("the address of an attempt", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["2001:db8:0:1:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
    ["2001:DB8::1", "2001:db8::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["::1", "0::/64"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
    ["64:ff9b::192.0.2.33", "64:ff9b::/64"],
    ["", ""],
  ])("of %s is %s", (remoteAddress, address) => {
    expect(addressGroup(remoteAddress, 64)).toBe(address);
  });

  it("is cut at any prefix length", () => {
    const address = "2001:db8:1234:5678:9abc::1";
    expect([32, 48, 56, 60, 128].map((bits) => addressGroup(address, bits))).toEqual([
      "2001:db8::/32",
      "2001:db8:1234::/48",
      "2001:db8:1234:5600::/56",
      "2001:db8:1234:5670::/60",
      "2001:db8:1234:5678:9abc:0:0:1/128",
    ]);
  });

  it("is the same for all hosts of an IPv6 /64 and for no host of another", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const canonical = (text: string) => addressGroup(text, 128).split("/")[0]!;
        const [a, b] = [addressGroup(one, 64), addressGroup(other, 64)];
        expect(addressGroup(canonical(one), 64)).toBe(a);
        const samePrefix = addressGroup(one, 128) === addressGroup(other, 128);
        if (samePrefix) expect(a).toBe(b);
      }),
    );
  });
});

describe("the password key of an attempt", () => {
  it("tells passwords of one account apart, and says nothing across accounts or ledgers", () => {
    const [here, elsewhere] = [new AttemptKeys(), new AttemptKeys()];
    const keys = [
      here.attempt("ann", "192.0.2.1", password),
      here.attempt("ann", "192.0.2.2", password),
      here.attempt("ann", "192.0.2.1", Buffer.from("correct horsf")),
      here.attempt("abe", "192.0.2.1", password),
      elsewhere.attempt("ann", "192.0.2.1", password),
    ].map(({ passwordKey }) => passwordKey);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(4);
  });

  it("is the same in all processes that share the secret", () => {
    const secret = Buffer.alloc(32, 7);
    const attempt = () => new AttemptKeys({ secret }).attempt("ann", "192.0.2.1", password);
    expect(JSON.stringify(attempt())).toBe(JSON.stringify(attempt()));
  });

  it("does not hold the password, and the whole attempt survives a message between processes", () => {
    const attempt = new AttemptKeys().attempt("ann", "192.0.2.1", password);
    expect(JSON.parse(JSON.stringify(attempt))).toEqual({
      ...{ account: "ann", address: "192.0.2.1", pair: "192.0.2.1 ann", exempt: false },
      passwordKey: attempt.passwordKey,
    });
    expect(JSON.stringify(attempt)).not.toContain("horse");
  });
});

describe("exempt addresses", () => {
  const keys = new AttemptKeys({ exemptAddresses: ["192.0.2.7", "10.0.0.0/8", "2001:db8:1::5", "2001:db8:2::/48"] });
  const isExempt = (remoteAddress: string) => keys.attempt("ann", remoteAddress, password).exempt;

  it.each(["192.0.2.7", "::ffff:192.0.2.7", "10.1.2.3", "2001:db8:1::5", "2001:db8:2:3::4", "2001:db8:2::1%eth0"])(
    "hold %s",
    (remoteAddress) => expect(isExempt(remoteAddress)).toBe(true),
  );

  it.each(["192.0.2.8", "11.0.0.1", "2001:db8:1::6", "2001:db8:3::1", "::1", ""])("do not hold %j", (remoteAddress) =>
    expect(isExempt(remoteAddress)).toBe(false),
  );

  it.each(["192.0.2", "192.0.2.0/33", "2001:db8::/129", "office", ""])("cannot be written %j", (text) => {
    expect(() => new AttemptKeys({ exemptAddresses: [text] })).toThrow(/is not an address or a prefix/);
  });
});

it("stays small whatever name a client makes up", () => {
  const keys = new AttemptKeys();
  const [one, other] = ["a", "b"].map((end) => keys.attempt("x".repeat(100_000) + end, "192.0.2.1", password));
  expect(one!.account.length).toBeLessThan(100);
  expect(one!.account).not.toBe(other!.account);
});

it.each([{ secret: Buffer.alloc(8) }, { ipv6PrefixBits: 8 }, { ipv6PrefixBits: 64.5 }])("refuses %o", (options) => {
  expect(() => new AttemptKeys(options)).toThrow(RangeError);
});
