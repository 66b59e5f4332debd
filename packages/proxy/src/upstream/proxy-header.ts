/** The PROXY protocol's header, version 2, as a balancer sends it. haproxy.org, proxy-protocol.txt §2.2. */
import { isIPv4 } from "node:net";
import { addressBytes, mappedBytes } from "../ip-address.ts";

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
  const octetsOf = ({ address }: HeaderEndpoint) => {
    const octets = addressBytes(address);
    if (octets === undefined) throw new TypeError(`${address} is no IP address`);
    return isV4 ? octets : mappedBytes(octets);
  };
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([octetsOf(source), octetsOf(destination), ports]);
  const head = Buffer.from([PROXY, isV4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6, 0, body.length]);
  return Buffer.concat([signature, head, body]);
}
