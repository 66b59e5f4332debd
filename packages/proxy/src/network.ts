/** Addresses and networks as configuration names them: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. */
import { BlockList, isIP } from "node:net";
import { z } from "zod";

/** Adds it to the list. False, and nothing is added, when `text` is neither an address nor a network. */
export function addNetwork(list: BlockList, text: string): boolean {
  const [, address = "", prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const bits = version === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return false;
  list.addSubnet(address, length, family);
  return true;
}

/** A key that holds one. */
export function network() {
  return z.string().refine((text) => addNetwork(new BlockList(), text), {
    error: ({ input }) => `must be an address or a network such as 10.0.0.0/8, and "${input}" is neither`,
  });
}

/** Whether only this machine reaches it. A name is not looked up: `localhost` is one that needs none (RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
