import { SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Endpoint, ProxyHeaderError, parseProxyHeader } from "../../src/client/proxy-header.ts";
import { ProxyHeaderReader } from "../../src/client/proxy-header-reader.ts";

const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

const port = fc.nat({ max: 0xffff });
const ipv4 = fc.tuple(port, fc.ipV4()).map(([port, address]): Endpoint => ({ address, port }));
const ipv6Bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes.some((byte) => byte !== 0));
const ipv6 = fc.tuple(port, ipv6Bytes).map(([port, bytes]): Endpoint => ({ address: ipv6Text(bytes), port }));

/** The eight groups in full: not the canonical form. */
function ipv6Text(bytes: Uint8Array): string {
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(":");
}

function canonical({ address, port }: Endpoint): Endpoint {
  if (!address.includes(":")) return { address, port };
  const text = new SocketAddress({ address, family: "ipv6" }).address;
  return { address: text.startsWith("::ffff:") && text.includes(".") ? text.slice(7) : text, port };
}

function addressBytes(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  return address.split(":").flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function textHeader(source: Endpoint, destination: Endpoint): Uint8Array {
  const family = source.address.includes(":") ? "TCP6" : "TCP4";
  return Buffer.from(`PROXY ${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`);
}

function binaryHeader(source: Endpoint, destination: Endpoint, tlvs: Uint8Array): Uint8Array {
  const addresses = [...addressBytes(source.address), ...addressBytes(destination.address)];
  const contents = [...addresses, ...uint16(source.port), ...uint16(destination.port), ...tlvs];
  const family = source.address.includes(":") ? 0x21 : 0x11;
  return Buffer.from([...signature, 0x21, family, ...uint16(contents.length), ...contents]);
}

const endpoints = fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6));
const header = fc
  .tuple(endpoints, fc.boolean(), fc.uint8Array({ maxLength: 300 }))
  .map(([[source, destination], isText, tlvs]) => ({
    bytes: isText ? textHeader(source, destination) : binaryHeader(source, destination, tlvs),
    expected: { source: canonical(source), destination: canonical(destination) },
  }));

function parsed(bytes: Uint8Array) {
  try {
    return parseProxyHeader(bytes);
  } catch (error) {
    if (error instanceof ProxyHeaderError) return error.message;
    throw error;
  }
}

describe("the PROXY header", () => {
  it("says who the client is, whatever follows it", () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), ({ bytes, expected }, rest) => {
        const result = parseProxyHeader(Buffer.concat([bytes, rest]));
        expect(result).toEqual({ length: bytes.length, endpoints: expected });
      }),
    );
  });

  it("is not there before its last byte is, and then is the same in however many pieces it came", () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (sent, rest, size) => {
        const all = Buffer.concat([sent.bytes, rest]);
        const reader = new ProxyHeaderReader();
        let at = 0;
        for (; at < all.length; at += size) {
          const result = reader.read(all.subarray(at, at + size));
          if (at + size < sent.bytes.length) expect(result).toBeUndefined();
          else {
            expect(result).toEqual({ length: sent.bytes.length, endpoints: sent.expected });
            break;
          }
        }
        expect(Buffer.concat([reader.rest, all.subarray(at + size)])).toEqual(Buffer.from(rest));
      }),
    );
  });

  it("is refused or read, and nothing else happens, whatever bytes come", () => {
    const damaged = fc
      .tuple(header, fc.nat(), fc.nat({ max: 255 }))
      .map(([{ bytes }, at, byte]) => bytes.with(at % bytes.length, byte));
    const prefixed = fc
      .tuple(fc.constantFrom(signature, Buffer.from("PROXY ")), fc.uint8Array({ maxLength: 60 }))
      .map(([start, rest]) => Buffer.concat([start, rest]));
    fc.assert(
      fc.property(fc.oneof(damaged, prefixed, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const result = parsed(bytes);
        if (typeof result === "object") expect(result.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it("in version 1 is one line of at most 107 bytes (§2.1)", () => {
    const longest = `PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`;
    const unknown = (bytes: number) => `PROXY UNKNOWN ${"x".repeat(bytes - "PROXY UNKNOWN \r\n".length)}\r\n`;
    expect(
      [longest, unknown(107), unknown(108), "PROXY UNKNOWN\r\n", unknown(300).slice(0, 106), unknown(300).slice(0, 107)]
        .map((text) => Buffer.from(text))
        .map(parsed),
    ).toEqual([
      {
        length: 104,
        endpoints: {
          source: { address: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", port: 65535 },
          destination: { address: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", port: 65535 },
        },
      },
      { length: 107, endpoints: undefined },
      "the PROXY line ends in no CRLF",
      { length: 15, endpoints: undefined },
      undefined,
      "the PROXY line does not end",
    ]);
  });

  it.each([
    ["an LDAP message", "0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00", "there is no PROXY header"],
    ["an HTTP request", "POST / HTTP/1.1\r\n", "there is no PROXY header"],
    ["lower case", "PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", "the PROXY line is not of TCP4, TCP6 or UNKNOWN"],
    ["a line feed alone", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "the PROXY line ends in no CRLF"],
    [
      "a name",
      "PROXY TCP4 localhost 1.2.3.4 1 1\r\n",
      "the PROXY line has no two addresses of its family and two ports",
    ],
    [
      "the other family",
      "PROXY TCP4 ::1 ::1 1 1\r\n",
      "the PROXY line has no two addresses of its family and two ports",
    ],
    ["a zone", "PROXY TCP6 fe80::1%lo ::1 1 1\r\n", "the PROXY line has no two addresses of its family and two ports"],
    [
      "a port too high",
      "PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n",
      "the PROXY line has no two addresses of its family and two ports",
    ],
    [
      "a port with a zero before it",
      "PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
      "the PROXY line has no two addresses of its family and two ports",
    ],
    [
      "two spaces",
      "PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
      "the PROXY line has no two addresses of its family and two ports",
    ],
    ["a third port", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "the PROXY line goes on behind its ports"],
  ])("in version 1 is not %s", (_what, text, message) => {
    expect(parsed(Buffer.from(text, "latin1"))).toBe(message);
  });

  it.each([
    [
      "LOCAL, whose addresses mean nothing",
      "20 11 000c 01020304 05060708 0001 0002",
      { length: 28, endpoints: undefined },
    ],
    ["LOCAL without any", "20 00 0000", { length: 16, endpoints: undefined }],
    ["UNSPEC", "21 00 0003 aabbcc", { length: 19, endpoints: undefined }],
    ["a Unix socket", `21 31 00d8 ${"00".repeat(216)}`, { length: 232, endpoints: undefined }],
    ["UDP", "21 12 000c 01020304 05060708 0001 0002", "the PROXY header is not of a TCP connection"],
    ["a family that does not exist", "21 41 0000", "the PROXY header is not of a TCP connection"],
    ["version 1 in binary", "11 11 000c", "the PROXY header is not of version 2 with LOCAL or PROXY"],
    ["a command that does not exist", "22 11 000c", "the PROXY header is not of version 2 with LOCAL or PROXY"],
    ["too short for its addresses", "21 21 000c", "the PROXY header is shorter than its addresses"],
    ["longer than is taken", "21 11 0ff1", "the PROXY header has 4097 bytes"],
  ])("in version 2 may be %s (§2.2)", (_what, hex, expected) => {
    expect(parsed(Buffer.concat([signature, Buffer.from(hex.replaceAll(" ", ""), "hex")]))).toEqual(expected);
  });

  it("names an IPv4 client in IPv6 by its IPv4 address", () => {
    const mapped: Endpoint = { address: "0:0:0:0:0:ffff:c000:207", port: 1 };
    expect(parseProxyHeader(binaryHeader(mapped, mapped, new Uint8Array()))?.endpoints?.source).toEqual({
      address: "192.0.2.7",
      port: 1,
    });
  });
});
