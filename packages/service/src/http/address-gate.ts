/**
 * How many requests without valid credentials an address may send. One that has sent valid ones lately is never refused: a
 * cloud sends everybody's webhooks from the same addresses, and somebody else's wrong ones must not stop the right ones.
 */
import { isIPv6, SocketAddress } from "node:net";
import { TokenBuckets } from "./token-bucket.ts";

const averageOfStrangers = 20;
const burstOfStrangers = 50;
const maxAddresses = 10_000;
const familiarMs = 3_600_000;

export class AddressGate {
  readonly #now: () => number;
  readonly #failures: TokenBuckets;
  /** When each was last believed, in that order. */
  readonly #familiar = new Map<string, number>();

  /** @param now milliseconds that never go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    const limits = { average: averageOfStrangers, burst: burstOfStrangers, maxKeys: maxAddresses };
    this.#failures = new TokenBuckets({ ...limits, now });
  }

  /** Seconds to wait, of one that is refused; `undefined` for one that may try. */
  refusal(address: string): number | undefined {
    const key = networkOf(address);
    const believedMs = this.#familiar.get(key);
    if (believedMs !== undefined && this.#now() - believedMs < familiarMs) return undefined;
    return this.#failures.isEmpty(key) ? this.#failures.retryAfterSeconds(key) : undefined;
  }

  succeeded(address: string): void {
    const key = networkOf(address);
    this.#familiar.delete(key);
    this.#familiar.set(key, this.#now());
    const [oldest] = this.#familiar.size > maxAddresses ? this.#familiar.keys() : [];
    if (oldest !== undefined) this.#familiar.delete(oldest);
  }

  failed(address: string): void {
    this.#failures.take(networkOf(address));
  }
}

/** Of IPv6 the /64, which one subscriber has to choose addresses from. */
export function networkOf(address: string): string {
  // Most are IPv4, and the test for IPv6 is a long one.
  if (!address.includes(":")) return address;
  const [bare = ""] = address.split("%");
  if (!isIPv6(bare)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const canonical = new SocketAddress({ address: bare, family: "ipv6" }).address;
  const [head = "", tail] = canonical.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
}
