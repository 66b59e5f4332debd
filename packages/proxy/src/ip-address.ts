/** The octets of an IP address in text. RFC 791; RFC 4291 §2.2. */
import { isIPv4, isIPv6 } from "node:net";

/** 4 or 16 octets; `undefined` for what is no address. A zone (`%eth0`) is left out. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  const [bare = ""] = text.split("%");
  if (!isIPv6(bare)) return undefined;
  const [head = "", tail] = bare.split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  return Uint8Array.from([...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]);
}

/** An IPv4 address as IPv6 has it: `::ffff:192.0.2.7`. RFC 4291 §2.5.5.2. */
export function mappedBytes(address: Uint8Array): Uint8Array {
  return address.length === 16 ? address : Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, ...address]);
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 0xff];
  });
}
