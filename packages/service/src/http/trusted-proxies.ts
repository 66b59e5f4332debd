/** Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: proxies that the administrator named, and nobody else's. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { parseNetwork } from "./network.ts";

/** @throws RangeError with a sentence for what is no network */
export function trustedProxies(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === undefined) throw new RangeError(`"${text}" is not an address or a network such as 10.0.0.0/8`);
    list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const bare = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    if (isIPv4(bare)) return list.check(bare, "ipv4");
    return isIPv6(bare) && list.check(bare, "ipv6");
  };
}
