import { isIPv4, SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseProxyHeader } from "../../src/client/proxy-header.ts";
import { encodeProxyHeader } from "../../src/upstream/proxy-header.ts";

const port = fc.nat(65_535);
const endpoint = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port });

describe("a PROXY header of version 2", () => {
  it("§2.2, for IPv4", () => {
    const header = encodeProxyHeader({ address: "192.0.2.7", port: 56324 }, { address: "192.0.2.1", port: 389 });
    expect(Buffer.from(header).toString("hex")).toBe(
      "0d0a0d0a000d0a515549540a 21 11 000c c0000207 c0000201 dc04 0185".replaceAll(" ", ""),
    );
  });

  it("§2.2, for the proxy's own connection (LOCAL)", () => {
    const header = encodeProxyHeader(undefined, { address: "192.0.2.1", port: 389 });
    expect(Buffer.from(header).toString("hex")).toBe("0d0a0d0a000d0a515549540a 20 00 0000".replaceAll(" ", ""));
  });

  it("is read as what was written, whatever the addresses", () => {
    fc.assert(
      fc.property(endpoint, endpoint, (source, destination) => {
        const header = encodeProxyHeader(source, destination);
        expect(parseProxyHeader(header)).toEqual({
          length: header.length,
          endpoints: {
            source: { ...source, address: canonical(source.address) },
            destination: { ...destination, address: canonical(destination.address) },
          },
        });
      }),
    );
  });
});

/** As the reader writes addresses: RFC 5952, and IPv4-mapped ones as IPv4. */
function canonical(address: string): string {
  const text = isIPv4(address) ? address : new SocketAddress({ address, family: "ipv6" }).address;
  return text.replace(/^::ffff:(?=.*\.)/, "");
}
