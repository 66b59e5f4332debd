/** The PROXY protocol's header, versions 1 and 2: who the client of a balancer is. haproxy.org, proxy-protocol.txt. */
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { unmappedAddress } from "./unmapped-address.ts";

export interface ProxyHeader {
  /** Bytes of the header: what is behind them is the client's. */
  readonly length: number;
  /** `undefined` where the balancer speaks for itself (LOCAL) or does not say (UNKNOWN, UNSPEC): the socket's own then. */
  readonly endpoints: ProxyEndpoints | undefined;
}

interface ProxyEndpoints {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** `address` is IPv4, also where the header has it mapped into IPv6, or IPv6 in its canonical form. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Bytes that are not a PROXY header. The message holds none of them. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}

/** The longest header of version 1, its CRLF included: §2.1. */
const maxTextBytes = 107;
/** Version 2 could announce 64 KiB; what balancers add (TLS facts, names, ids) fits into a fraction of this. */
export const maxProxyHeaderBytes = 4096;

const textSignature = Buffer.from("PROXY ");
/** `\r\n\r\n\0\r\nQUIT\n`: §2.2. */
const binarySignature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const binaryFixedBytes = 16;

/**
 * Reads the header at the front of `bytes`, or returns `undefined` while that is a part of one. TLVs are skipped.
 *
 * @throws ProxyHeaderError as soon as it is certain that there is none.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] === binarySignature[0]) return parseBinary(bytes);
  if (bytes[0] === textSignature[0]) return parseText(bytes);
  throw new ProxyHeaderError("there is no PROXY header");
}

/** `PROXY TCP4 192.0.2.7 192.0.2.1 56324 389\r\n`: §2.1. */
function parseText(bytes: Uint8Array): ProxyHeader | undefined {
  checkSignature(bytes, textSignature);
  const end = bytes.indexOf(0x0a);
  if (end < 0) {
    if (bytes.length >= maxTextBytes) throw new ProxyHeaderError("the PROXY line does not end");
    return undefined;
  }
  if (end >= maxTextBytes || bytes[end - 1] !== 0x0d) throw new ProxyHeaderError("the PROXY line ends in no CRLF");
  const line = Buffer.from(bytes.subarray(textSignature.length, end - 1)).toString("latin1");
  const length = end + 1;
  const [protocol, sourceAddress, destinationAddress, sourcePort, destinationPort, ...others] = line.split(" ");
  if (protocol === "UNKNOWN") return { length, endpoints: undefined };
  const isAddress = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isIPv6 : undefined;
  if (isAddress === undefined) throw new ProxyHeaderError("the PROXY line is not of TCP4, TCP6 or UNKNOWN");
  const endpoint = (address = "", port = ""): Endpoint => {
    // A zone is this machine's own business, and no balancer knows it.
    if (!isAddress(address) || address.includes("%") || !/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 0xffff) {
      throw new ProxyHeaderError("the PROXY line has no two addresses of its family and two ports");
    }
    return { address: canonicalAddress(address), port: Number(port) };
  };
  const source = endpoint(sourceAddress, sourcePort);
  const destination = endpoint(destinationAddress, destinationPort);
  if (others.length > 0) throw new ProxyHeaderError("the PROXY line goes on behind its ports");
  return { length, endpoints: { source, destination } };
}

/**
 * ```
 * signature (12) | version 2, command (1) | family, transport (1) | length (2) | source, destination address | ports | TLVs
 * ```
 * §2.2.
 */
function parseBinary(bytes: Uint8Array): ProxyHeader | undefined {
  checkSignature(bytes, binarySignature);
  const command = bytes[12];
  if (command !== undefined && command !== 0x20 && command !== 0x21) {
    throw new ProxyHeaderError("the PROXY header is not of version 2 with LOCAL or PROXY");
  }
  if (bytes.length < binaryFixedBytes) return undefined;
  const announced = bytes[14]! * 256 + bytes[15]!;
  const length = binaryFixedBytes + announced;
  if (length > maxProxyHeaderBytes) throw new ProxyHeaderError(`the PROXY header has ${length} bytes`);
  const addressBytes = command === 0x20 ? 0 : addressBytesOf(bytes[13]!);
  if (addressBytes > 0 && announced < 2 * addressBytes + 4) {
    throw new ProxyHeaderError("the PROXY header is shorter than its addresses");
  }
  if (bytes.length < length) return undefined;
  return { length, endpoints: addressBytes === 0 ? undefined : readEndpoints(bytes, addressBytes) };
}

/** Bytes of one address; 0 where there is none that LDAP has a use for: UNSPEC, and paths of Unix sockets. */
function addressBytesOf(familyAndTransport: number): number {
  switch (familyAndTransport) {
    case 0x00:
    case 0x31:
      return 0;
    case 0x11:
      return 4;
    case 0x21:
      return 16;
    default:
      throw new ProxyHeaderError("the PROXY header is not of a TCP connection");
  }
}

function readEndpoints(bytes: Uint8Array, addressBytes: number): ProxyEndpoints {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const portsAt = binaryFixedBytes + 2 * addressBytes;
  const endpoint = (index: number): Endpoint => {
    const at = binaryFixedBytes + index * addressBytes;
    return {
      address: addressText(bytes.subarray(at, at + addressBytes), view),
      port: view.getUint16(portsAt + 2 * index),
    };
  };
  return { source: endpoint(0), destination: endpoint(1) };
}

function addressText(address: Uint8Array, header: DataView): string {
  if (address.length === 4) return address.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => header.getUint16(address.byteOffset - header.byteOffset + 2 * i));
  return canonicalAddress(groups.map((group) => group.toString(16)).join(":"));
}

/** One text for one address, so that counting by address cannot be misled by another way to write it. RFC 5952. */
function canonicalAddress(address: string): string {
  return address.includes(":") ? unmappedAddress(new SocketAddress({ address, family: "ipv6" }).address) : address;
}

function checkSignature(bytes: Uint8Array, signature: Uint8Array): void {
  const count = Math.min(bytes.length, signature.length);
  for (let at = 0; at < count; at++) {
    if (bytes[at] !== signature[at]) throw new ProxyHeaderError("there is no PROXY header");
  }
}
