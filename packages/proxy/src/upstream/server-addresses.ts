/** Where servers are: which a domain names in its SRV records (RFC 2782), and the addresses of one, looked up again now and then. */
import { lookup, resolveSrv } from "node:dns/promises";
import { isIP } from "node:net";
import type { BackendUrl } from "../backend-url.ts";

export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** DNS, and what else the system resolves names by. */
export interface Resolver {
  /** The addresses of a name, in the order of preference. */
  addresses(name: string): Promise<readonly string[]>;
  services(name: string): Promise<readonly ServiceRecord[]>;
}

export const systemResolver: Resolver = {
  async addresses(name) {
    const found = await lookup(name, { all: true, order: "verbatim" });
    return found.map(({ address }) => address);
  },
  services: (name) => resolveSrv(name),
};

/** One address to connect to. `host` is what its certificate must name. */
export interface ServerAddress {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/**
 * The servers of a domain, `_ldaps._tcp.example.com` or `_ldap._tcp.example.com`: by priority, and within one at random by
 * weight.
 *
 * @throws Error that says what to do when there are none.
 */
export async function lookUpServers(
  url: BackendUrl,
  resolver: Resolver,
  random: () => number,
): Promise<ServiceRecord[]> {
  const name = `_${url.scheme}._tcp.${url.host}`;
  const records = await resolver.services(name);
  // One record that names the root says that the domain does not offer the service.
  const offered = records.filter((record) => record.name !== "" && record.name !== ".");
  if (offered.length === 0) throw new Error(`there are no SRV records ${name}: add them, or name the servers`);
  return orderRecords(offered, random);
}

function orderRecords(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  const ordered: ServiceRecord[] = [];
  // Those with weight 0 first, so that they have a chance, a small one: RFC 2782, "Weight".
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  while (left.length > 0) {
    const rivals = left.filter(({ priority }) => priority === left[0]!.priority);
    const drawn = Math.floor(random() * (rivals.reduce((sum, { weight }) => sum + weight, 0) + 1));
    let runningSum = 0;
    const chosen = rivals.find(({ weight }) => {
      runningSum += weight;
      return runningSum >= drawn;
    })!;
    ordered.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return ordered;
}

export class ServerAddresses {
  readonly #url: BackendUrl;
  readonly #resolver: Resolver;
  readonly #intervalMs: number;
  #found: readonly ServerAddress[] = [];
  #lookedUpAtMs = Number.NEGATIVE_INFINITY;
  #lookingUp: Promise<void> | undefined;
  #preferred: string | undefined;

  /** Of a URL that names a server; those of SRV records are backends of their own. */
  constructor(url: BackendUrl, resolver: Resolver, intervalMs: number) {
    this.#url = url;
    this.#resolver = resolver;
    this.#intervalMs = intervalMs;
  }

  /** In the order to try them: the one that worked last, then as the resolver prefers. @throws whatever the resolver does, when none are known. */
  async list(): Promise<readonly ServerAddress[]> {
    await this.refresh();
    const preferred = this.#found.filter((each) => keyOf(each) === this.#preferred);
    return [...preferred, ...this.#found.filter((each) => !preferred.includes(each))];
  }

  /** That connection came about. */
  prefer(server: ServerAddress): void {
    this.#preferred = keyOf(server);
  }

  /** Whether an address is one of the backend's still, as far as is known. */
  has(server: ServerAddress): boolean {
    const key = keyOf(server);
    return this.#found.some((each) => keyOf(each) === key);
  }

  /** Looks up what was looked up too long ago. A look-up that fails leaves the addresses as they are, if there are any. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#lookedUpAtMs < this.#intervalMs) return;
    this.#lookingUp ??= this.#lookUp().finally(() => {
      this.#lookingUp = undefined;
    });
    try {
      await this.#lookingUp;
    } catch (error) {
      if (this.#found.length === 0) throw error;
    }
  }

  async #lookUp(): Promise<void> {
    const { host, port } = this.#url;
    try {
      const addresses = isIP(host) > 0 ? [host] : await this.#resolver.addresses(host);
      if (addresses.length === 0) throw new Error(`${host} has no address`);
      this.#found = addresses.map((address) => ({ host, address, port }));
    } finally {
      if (this.#found.length > 0) this.#lookedUpAtMs = performance.now();
    }
  }
}

function keyOf({ address, port }: ServerAddress): string {
  return `${address} ${port}`;
}
