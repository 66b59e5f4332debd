/** Addresses that no back-off is applied to. */
import { BlockList, isIP } from "node:net";

export class ExemptAddresses {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * Each is an address or a prefix, IPv4 or IPv6: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
   *
   * @throws RangeError with a sentence for the administrator for anything else.
   */
  constructor(addresses: readonly string[]) {
    this.#isEmpty = addresses.length === 0;
    for (const text of addresses) {
      const [, address = "", bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text.trim()) ?? [];
      const version = isIP(address);
      const maxBits = version === 4 ? 32 : 128;
      if (version === 0 || Number(bits ?? 0) > maxBits) {
        throw new RangeError(`"${text}" is not an address or a prefix such as 192.0.2.7 or 2001:db8::/32.`);
      }
      this.#list.addSubnet(address, bits === undefined ? maxBits : Number(bits), version === 4 ? "ipv4" : "ipv6");
    }
  }

  /** Takes what a socket says, an IPv4 address mapped into IPv6 or a zone included. */
  has(remoteAddress: string): boolean {
    if (this.#isEmpty) return false;
    const [bare = ""] = remoteAddress.split("%");
    const version = isIP(bare);
    return version !== 0 && this.#list.check(bare, version === 4 ? "ipv4" : "ipv6");
  }
}
