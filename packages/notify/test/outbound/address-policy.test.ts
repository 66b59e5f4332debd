import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressPolicy } from "../../src/outbound/address-policy.ts";

const policy = new AddressPolicy();

function verdicts(judged: AddressPolicy, addresses: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(addresses.map((address) => [address, judged.judge(address)]));
}

function all(addresses: readonly string[], verdict: string): Readonly<Record<string, string>> {
  return Object.fromEntries(addresses.map((address) => [address, verdict]));
}

/** An IPv4 address in four spellings of IPv6 that reach it, or that a tunnel takes to it. */
function embeddings([a, b, c, d]: readonly [number, number, number, number]): readonly string[] {
  const high = (a * 256 + b).toString(16);
  const low = (c * 256 + d).toString(16);
  const dotted = `${a}.${b}.${c}.${d}`;
  return [`::ffff:${dotted}`, `::ffff:${high}:${low}`, `0:0:0:0:0:FFFF:${high}:${low}`, `64:ff9b::${high}:${low}`];
}

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet);

describe("which addresses a request may connect to", () => {
  it("refuses IPv4 that is private, shared, loopback, link-local, for documentation, for benchmarks, multicast or reserved", () => {
    const addresses = [
      ...["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1"],
      ...["127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"],
      ...["192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1"],
      ...["239.255.255.255", "240.0.0.1", "255.255.255.255"],
    ];
    expect(verdicts(policy, addresses)).toEqual(all(addresses, "refused"));
  });

  it("lets the addresses beside those ranges through", () => {
    const addresses = [
      ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"],
      ...["169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255"],
      ...["192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1"],
    ];
    expect(verdicts(policy, addresses)).toEqual(all(addresses, "public"));
  });

  it("refuses IPv6 that is loopback, unspecified, link-local, unique local, multicast, for documentation or a tunnel", () => {
    const addresses = [
      ...["::", "::1", "0:0:0:0:0:0:0:1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1"],
      ...["ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "2002:0a00:0001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
      ...["2001:10::1", "100::1", "64:ff9b:1::1", "::127.0.0.1", "::7f00:1", "5f00::1", "4000::1"],
    ];
    expect(verdicts(policy, addresses)).toEqual(all(addresses, "refused"));
  });

  it("judges an IPv4 address inside an IPv6 one, mapped or of NAT64, as what it is", () => {
    fc.assert(
      fc.property(ipv4, (octets) => {
        const addresses = embeddings(octets);
        expect(verdicts(policy, addresses)).toEqual(all(addresses, policy.judge(octets.join("."))));
      }),
    );
  });

  it("refuses whatever is not an address: names, numbers, octal and short forms", () => {
    const texts = [
      "localhost",
      "",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "127.1",
      "1.1.1.1:80",
      "[::1]",
      "1.1.1.1 ",
    ];
    expect(verdicts(policy, texts)).toEqual(all(texts, "refused"));
  });

  it("says allowed for the networks that the administrator named, and for nothing else", () => {
    const allowing = new AddressPolicy(["10.1.0.0/16", "192.168.7.9", "fd00:1::/32", "1.1.1.1"]);
    expect(
      verdicts(allowing, [
        ...["10.1.2.3", "10.2.0.1", "192.168.7.9", "192.168.7.10", "fd00:1::5", "fd00:2::5", "1.1.1.1", "1.1.1.2"],
        ...["::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "127.0.0.1"],
      ]),
    ).toEqual({
      "10.1.2.3": "allowed",
      "10.2.0.1": "refused",
      "192.168.7.9": "allowed",
      "192.168.7.10": "refused",
      "fd00:1::5": "allowed",
      "fd00:2::5": "refused",
      "1.1.1.1": "allowed",
      "1.1.1.2": "public",
      "::ffff:10.1.2.3": "allowed",
      "64:ff9b::10.1.2.3": "allowed",
      "127.0.0.1": "refused",
    });
  });

  it("refuses an allow-list that is no list of networks, with a sentence", () => {
    for (const text of ["10.0.0.0/33", "fd00::/129", "example.com", "10.0.0/8", "10.0.0.0/", ""]) {
      expect(() => new AddressPolicy([text])).toThrow(
        `"${text}" is not an address or a network such as 10.0.0.0/8 or fd00::/8`,
      );
    }
  });
});
