/**
 * How often somebody may try to sign in, so that passwords cannot be guessed and nobody can be locked out by others:
 *
 * 1. A name from one network (an IPv4 address, an IPv6 /64) has a few tries, one of which comes back every three minutes.
 * 2. A name has 30 tries from networks that are strange to it, one of which comes back every minute.
 * 3. A network has 60 tries over all names that are strange to it, one of which comes back every six seconds.
 *
 * A network is familiar to a name that has signed in from it within the last 30 days: rules 2 and 3 do not hold there. A try
 * counts from its beginning, and is given back when it succeeds or nothing was learnt; so guesses sent all at once are no more
 * than guesses sent in turn. Where only those under way keep somebody from trying they are waited for: a hundred people who begin
 * their day behind one address, all with the right password, are let in. All is kept in the memory of this process, and bounded.
 */
import { networkOf } from "@espalier/service/http";
import { ApiError } from "../api/problem.ts";
import { Tries } from "./tries.ts";

export interface AttemptsOptions {
  /** Of rule 1. */
  readonly tries: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** One that was let in to try. Exactly one of `failed`, `succeeded` and `undone` follows. */
export interface Attempt {
  /** It is of another name, too: that of the entry whose login name was given. @throws ApiError `too_many_requests` */
  alsoOf(name: string): Promise<void>;
  /** @returns whether this was one of several, and so worth somebody's attention */
  failed(): boolean;
  succeeded(): void;
  /** Nothing is known: the directory was away. */
  undone(): void;
}

const minuteMs = 60_000;
const familiarMs = 30 * 24 * 60 * minuteMs;
const maxKeys = 20_000;
const maxFamiliar = 100_000;
const repeated = 3;

interface Rule {
  readonly tries: Tries;
  readonly key: string;
}

export class Attempts {
  readonly #now: () => number;
  readonly #ofPair: Tries;
  readonly #ofName: Tries;
  readonly #ofNetwork: Tries;
  readonly #triesOfPair: number;
  /** When a name last signed in from a network; the longest ago first. */
  readonly #familiar = new Map<string, number>();

  constructor({ tries, now }: AttemptsOptions) {
    this.#now = now;
    this.#triesOfPair = tries;
    this.#ofPair = new Tries({ burst: tries, refillMs: 3 * minuteMs, maxKeys, now });
    this.#ofName = new Tries({ burst: 30, refillMs: minuteMs, maxKeys, now });
    this.#ofNetwork = new Tries({ burst: 60, refillMs: 6_000, maxKeys, now });
  }

  /** @param name spelt the same way each time. @throws ApiError `too_many_requests` */
  async begin(name: string, address: string): Promise<Attempt> {
    const network = networkOf(address);
    // A network has no space in it.
    const pairOf = (one: string) => `${network} ${one}`;
    const pairs = [pairOf(name)];
    const taken = await this.#take(() => [
      ...this.#rulesOf(name, pairOf(name)),
      ...this.#rulesOfNetwork(network, name),
    ]);
    const giveBack = () => {
      for (const { tries, key } of taken) tries.giveBack(key);
    };
    return {
      alsoOf: async (other) => {
        // The network has counted it.
        taken.push(...(await this.#take(() => this.#rulesOf(other, pairOf(other)))));
        pairs.push(pairOf(other));
      },
      failed: () => {
        for (const { tries, key } of taken) tries.spend(key);
        return pairs.some((pair) => this.#ofPair.left(pair) <= this.#triesOfPair - repeated);
      },
      succeeded: () => {
        giveBack();
        for (const pair of pairs) this.#remember(pair);
      },
      undone: giveBack,
    };
  }

  #rulesOf(name: string, pair: string): Rule[] {
    const ofPair = { tries: this.#ofPair, key: pair };
    return this.#isFamiliar(pair) ? [ofPair] : [ofPair, { tries: this.#ofName, key: name }];
  }

  #rulesOfNetwork(network: string, name: string): Rule[] {
    return this.#isFamiliar(`${network} ${name}`) ? [] : [{ tries: this.#ofNetwork, key: network }];
  }

  /** Takes a try of each rule as soon as all have one. @throws ApiError where one has none left, whatever ends */
  async #take(rulesNow: () => Rule[]): Promise<Rule[]> {
    for (;;) {
      const rules = rulesNow();
      const without = rules.filter(({ tries, key }) => tries.left(key) < 1);
      if (without.length === 0) {
        for (const { tries, key } of rules) tries.take(key);
        return rules;
      }
      const spent = without.filter(({ tries, key }) => tries.nextEnd(key) === undefined);
      if (spent.length > 0) {
        throw new ApiError("too_many_requests", "There were too many attempts to sign in. Try again later.", {
          retryAfter: Math.max(...spent.map(({ tries, key }) => tries.waitSeconds(key))),
        });
      }
      await Promise.all(without.map(({ tries, key }) => tries.nextEnd(key)));
    }
  }

  #isFamiliar(pair: string): boolean {
    const at = this.#familiar.get(pair);
    return at !== undefined && this.#now() - at < familiarMs;
  }

  #remember(pair: string): void {
    this.#familiar.delete(pair);
    this.#familiar.set(pair, this.#now());
    const [oldest] = this.#familiar.size > maxFamiliar ? this.#familiar.keys() : [];
    if (oldest !== undefined) this.#familiar.delete(oldest);
  }
}
