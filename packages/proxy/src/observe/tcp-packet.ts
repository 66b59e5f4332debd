/** Ethernet frames with a TCP segment over IPv4 or IPv6, as they would have been captured. RFC 9293 §3.1; RFC 791; RFC 8200 §3. */

export interface Endpoint {
  /** 4 octets, or 16; both ends of a packet have the same number. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface Segment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** Of `TcpFlag`. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

export const TcpFlag = { fin: 0x01, syn: 0x02, push: 0x08, ack: 0x10 } as const;

const ethernetBytes = 14;
const tcpBytes = 20;
const tcp = 6;

export function ethernetFrame({ from, to, sequence, acknowledgment, flags, payload }: Segment): Uint8Array {
  const isIPv4 = from.address.length === 4;
  const ipBytes = isIPv4 ? 20 : 40;
  const tcpLength = tcpBytes + payload.length;
  const frame = new Uint8Array(ethernetBytes + ipBytes + tcpLength);
  const view = new DataView(frame.buffer);

  // Locally administered addresses: nobody's hardware.
  view.setUint16(0, 0x0200);
  view.setUint16(4, 2);
  view.setUint16(6, 0x0200);
  view.setUint16(10, 1);
  view.setUint16(12, isIPv4 ? 0x0800 : 0x86dd);

  const ip = ethernetBytes;
  if (isIPv4) {
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, ipBytes + tcpLength);
    view.setUint8(ip + 8, 64);
    view.setUint8(ip + 9, tcp);
    frame.set(from.address, ip + 12);
    frame.set(to.address, ip + 16);
    view.setUint16(ip + 10, checksum(sum(view, ip, ipBytes)));
  } else {
    view.setUint8(ip, 0x60);
    view.setUint16(ip + 4, tcpLength);
    view.setUint8(ip + 6, tcp);
    view.setUint8(ip + 7, 64);
    frame.set(from.address, ip + 8);
    frame.set(to.address, ip + 24);
  }

  const at = ip + ipBytes;
  view.setUint16(at, from.port);
  view.setUint16(at + 2, to.port);
  view.setUint32(at + 4, sequence);
  view.setUint32(at + 8, acknowledgment);
  view.setUint8(at + 12, (tcpBytes / 4) << 4);
  view.setUint8(at + 13, flags);
  view.setUint16(at + 14, 0xffff);
  frame.set(payload, at + tcpBytes);
  // The pseudo header: both addresses, the protocol and the length. RFC 9293 §3.1; RFC 8200 §8.1.
  const addresses = sum(view, isIPv4 ? ip + 12 : ip + 8, isIPv4 ? 8 : 32);
  view.setUint16(at + 16, checksum(addresses + tcp + tcpLength + sum(view, at, tcpLength)));
  return frame;
}

/** Of 16-bit words; below 2^53 for anything that fits into a packet. */
function sum(view: DataView, start: number, length: number): number {
  let total = 0;
  for (let at = start; at + 1 < start + length; at += 2) total += view.getUint16(at);
  return length % 2 === 0 ? total : total + (view.getUint8(start + length - 1) << 8);
}

/** RFC 1071. */
function checksum(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
