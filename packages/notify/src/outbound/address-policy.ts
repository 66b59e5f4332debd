/**
 * Which addresses an outbound request may connect to: those of the public internet, and what the administrator allows.
 *
 * The refused ranges are those of IANA's special-purpose registries (RFC 6890) that are not globally reachable, multicast
 * (RFC 5771, RFC 4291 §2.7), and the tunnels whose addresses carry an IPv4 address that nobody here can check (6to4,
 * Teredo). An IPv4 address inside an IPv6 one (mapped, RFC 4291 §2.5.5.2; NAT64, RFC 6052) is judged as what it is.
 */
import { BlockList, isIPv4, isIPv6, SocketAddress } from "node:net";
import { parseNetwork } from "@espalier/service";

export type AddressVerdict = "public" | "allowed" | "refused";

const special4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Inside of 2000::/3; everything outside of it is refused as a whole: loopback, unique local, link-local, multicast. */
const special6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const refused4 = blockList(special4, "ipv4");
const refused6 = blockList(special6, "ipv6");
const global6 = blockList([["2000::", 3]], "ipv6");

function blockList(networks: readonly (readonly [string, number])[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, family);
  return list;
}

export class AddressPolicy {
  readonly #allowed4 = new BlockList();
  readonly #allowed6 = new BlockList();

  /**
   * Each is an address or a network, IPv4 or IPv6: `10.0.0.0/8`, `fd00::/8`, `192.168.1.5`.
   *
   * @throws RangeError with a sentence for the administrator for anything else.
   */
  constructor(allow: readonly string[] = []) {
    for (const text of allow) {
      const network = parseNetwork(text);
      if (network === undefined) {
        throw new RangeError(`"${text}" is not an address or a network such as 10.0.0.0/8 or fd00::/8`);
      }
      const list = network.family === "ipv4" ? this.#allowed4 : this.#allowed6;
      list.addSubnet(network.address, network.bits, network.family);
    }
  }

  /** Anything that is not an address as the system writes them, one with a zone included, is refused. */
  judge(address: string): AddressVerdict {
    const ipv4 = isIPv4(address) ? address : isIPv6(address) ? embeddedIpv4(address) : undefined;
    if (ipv4 !== undefined) {
      if (this.#allowed4.check(ipv4, "ipv4")) return "allowed";
      return refused4.check(ipv4, "ipv4") ? "refused" : "public";
    }
    if (!isIPv6(address) || address.includes("%")) return "refused";
    if (this.#allowed6.check(address, "ipv6")) return "allowed";
    return global6.check(address, "ipv6") && !refused6.check(address, "ipv6") ? "public" : "refused";
  }
}

/** The IPv4 address in `::ffff:0:0/96` or `64:ff9b::/96`. */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  if (groups === undefined) return undefined;
  const prefix = groups.slice(0, 6).join(":");
  if (prefix !== "0:0:0:0:0:65535" && prefix !== `${0x64}:${0xff9b}:0:0:0:0`) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** The eight groups of an IPv6 address in any of its spellings. */
function groupsOf(address: string): readonly number[] | undefined {
  const [bare = ""] = address.split("%");
  const canonical = new SocketAddress({ address: bare, family: "ipv6" }).address;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(canonical);
  const text =
    dotted === null ? canonical : `${dotted[1]}${hexGroup(dotted[2], dotted[3])}:${hexGroup(dotted[4], dotted[5])}`;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

function hexGroup(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
