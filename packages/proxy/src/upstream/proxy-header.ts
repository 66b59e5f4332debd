/** The PROXY protocol's header, version 2, as a balancer sends it. haproxy.org, proxy-protocol.txt §2.2. */
import { isIPv4, SocketAddress } from "node:net";

export interface HeaderEndpoint {
  readonly address: string;
  readonly port: number;
}

/** `\r\n\r\n\0\r\nQUIT\n` */
const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/**
 * ```
 * signature (12) | version 2, command (1) | family, transport (1) | length (2) | source, destination address | ports
 * ```
 * Without a source the connection is the proxy's own (LOCAL), and what receives it takes the socket's addresses. An IPv4 address
 * beside an IPv6 one is written as IPv4-mapped.
 */
export function encodeProxyHeader(source: HeaderEndpoint | undefined, destination: HeaderEndpoint): Uint8Array {
  if (source === undefined) return Buffer.concat([signature, Buffer.from([LOCAL, 0, 0, 0])]);
  const isV4 = isIPv4(source.address) && isIPv4(destination.address);
  const addressOctets = isV4 ? ipv4Octets : ipv6Octets;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([addressOctets(source.address), addressOctets(destination.address), ports]);
  const head = Buffer.from([PROXY, isV4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6, 0, body.length]);
  return Buffer.concat([signature, head, body]);
}

function ipv4Octets(address: string): Uint8Array {
  return Buffer.from(address.split(".").map(Number));
}

function ipv6Octets(address: string): Uint8Array {
  // Canonical: hexadecimal groups with one `::` at most, the last two perhaps written as an IPv4 address.
  const [ipv6 = ""] = isIPv4(address) ? [`::ffff:${address}`] : address.split("%");
  const canonical = new SocketAddress({ address: ipv6, family: "ipv6" }).address;
  const text = canonical.replace(/[\d.]+$/, (last) => (isIPv4(last) ? ipv4Groups(last) : last));
  const [front = "", back] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const first = groups(front);
  const last = back === undefined ? [] : groups(back);
  const zeros = new Array<string>(8 - first.length - last.length).fill("0");
  const octets = Buffer.alloc(16);
  [...first, ...zeros, ...last].forEach((group, index) => {
    octets.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  });
  return octets;
}

function ipv4Groups(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Octets(address);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
