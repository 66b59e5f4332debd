/** Addresses and networks as an administrator writes them: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`. */
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";

export interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** `undefined` for what is no address and no network. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = "", digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
  if (family === undefined) return undefined;
  const maxBits = family === "ipv4" ? 32 : 128;
  const bits = digits === undefined ? maxBits : Number(digits);
  return bits > maxBits ? undefined : { address, bits, family };
}

/** A key that holds one. */
export function network() {
  return z
    .string()
    .refine(
      (text) => parseNetwork(text) !== undefined,
      "must be an address or a network such as 10.0.0.0/8 or fd00::/8",
    );
}
