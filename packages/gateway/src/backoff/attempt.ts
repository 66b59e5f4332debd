/** A bind attempt as the ledger knows it. As JSON, in which it may pass between processes, it holds no password. */
import { hash, randomBytes } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { ExemptAddresses } from "./exempt-addresses.ts";

export interface BindAttempt {
  /** Whoever the bind names, existing or not. */
  readonly account: string;
  /** An IPv4 address, or the prefix of an IPv6 address: `192.0.2.1`, `2001:db8:0:1::/64`. */
  readonly address: string;
  /** Account and address, as one text. */
  readonly pair: string;
  /** Tells two passwords of one account apart, and nothing else. Made when it is asked for: most logins are never compared with others. */
  readonly passwordKey: string;
  /** It comes from an address that no rule is applied to. */
  readonly exempt: boolean;
}

export interface AttemptKeyOptions {
  /**
   * A secret of at least 16 bytes that all processes of one ledger share and that is not kept anywhere: with it, a
   * password could be guessed from its key.
   * @default random
   */
  readonly secret?: Uint8Array;
  /** What counts as one address in IPv6: a single host is given a whole /64 (RFC 6177). @default 64 */
  readonly ipv6PrefixBits?: number;
  /** See {@link ExemptAddresses}. @default none */
  readonly exemptAddresses?: readonly string[];
}

const maxAccountLength = 128;

/** Makes attempts of one ledger. */
export class AttemptKeys {
  readonly #secret: string;
  readonly #ipv6PrefixBits: number;
  readonly #exempt: ExemptAddresses;

  /** @throws RangeError with a sentence for the administrator. */
  constructor(options: AttemptKeyOptions = {}) {
    const secret = options.secret ?? randomBytes(32);
    this.#secret = Buffer.from(secret).toString("base64");
    this.#ipv6PrefixBits = options.ipv6PrefixBits ?? 64;
    this.#exempt = new ExemptAddresses(options.exemptAddresses ?? []);
    if (secret.length < 16) throw new RangeError("The back-off's secret must have at least 16 bytes.");
    if (!Number.isInteger(this.#ipv6PrefixBits) || this.#ipv6PrefixBits < 16 || this.#ipv6PrefixBits > 128) {
      throw new RangeError("The back-off's IPv6 prefix must be a whole number of bits from 16 to 128.");
    }
  }

  /**
   * `account` must be spelt the same way each time, as the normalized DN is. A name longer than 128 characters stands as
   * its digest, so that names made up by an attacker stay small.
   */
  attempt(account: string, remoteAddress: string, password: Uint8Array): BindAttempt {
    const kept = account.length <= maxAccountLength ? account : `sha256:${hash("sha256", account)}`;
    const address = addressGroup(remoteAddress, this.#ipv6PrefixBits);
    return new KeyedAttempt(kept, address, this.#exempt.has(remoteAddress), this.#secret, password);
  }
}

class KeyedAttempt implements BindAttempt {
  readonly account: string;
  readonly address: string;
  readonly pair: string;
  readonly exempt: boolean;
  readonly #secret: string;
  readonly #password: Uint8Array;
  #passwordKey: string | undefined;

  constructor(account: string, address: string, exempt: boolean, secret: string, password: Uint8Array) {
    this.account = account;
    this.address = address;
    // An address group holds no space, so that no two pairs are the same text.
    this.pair = `${address} ${account}`;
    this.exempt = exempt;
    this.#secret = secret;
    this.#password = password;
  }

  get passwordKey(): string {
    this.#passwordKey ??= passwordKey(this.#secret, this.account, this.#password);
    return this.#passwordKey;
  }

  /** What passes to another process. */
  toJSON(): BindAttempt {
    const { account, address, pair, passwordKey, exempt } = this;
    return { account, address, pair, passwordKey, exempt };
  }
}

/**
 * One hash over the secret and the rest stands in for an HMAC, which costs 16 µs here against 2: what an HMAC would add is that nobody
 * can extend a digest, and this one leaves the process cut short or not at all.
 */
function passwordKey(secret: string, account: string, password: Uint8Array): string {
  const text = Buffer.from(password.buffer, password.byteOffset, password.length).toString("latin1");
  return hash("sha256", `${secret}${account}\0${text}`, "base64url").slice(0, 16);
}

/**
 * IPv4 addresses as they are, also where they are mapped into IPv6; IPv6 addresses cut to their prefix and without their
 * zone. Any other text (a socket that has no address any more) as it is.
 */
export function addressGroup(remoteAddress: string, ipv6PrefixBits: number): string {
  if (!remoteAddress.includes(":")) return remoteAddress;
  const [bare = ""] = remoteAddress.split("%");
  if (!isIPv6(bare)) return remoteAddress;
  const groups = ipv6Groups(bare);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [groups[6]! >> 8, groups[6]! & 0xff, groups[7]! >> 8, groups[7]! & 0xff].join(".");
  }
  const prefix = groups.map((group, index) => {
    const kept = Math.min(16, Math.max(0, ipv6PrefixBits - 16 * index));
    return (group & (0xffff << (16 - kept)) & 0xffff).toString(16);
  });
  return `${prefix.join(":").replace(/(:0)+$/, "::")}/${ipv6PrefixBits}`;
}

/** The eight 16-bit groups of an address that `isIPv6` accepts. RFC 4291 §2.2. */
function ipv6Groups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!isIPv4(group)) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
