/**
 * How often somebody may try to sign in, so that passwords cannot be guessed and nobody can be locked out by others:
 *
 * 1. A name from one network (an IPv4 address, an IPv6 /64) has a few tries, one of which comes back every three minutes.
 * 2. A name has 30 tries from networks that are strange to it, one of which comes back every minute.
 * 3. A network has 60 tries over all names that are strange to it, one of which comes back every six seconds.
 *
 * A network is familiar to a name that has signed in from it within the last 30 days: rules 2 and 3 do not hold there. A try
 * counts from its beginning, and is given back when it succeeds or nothing was learnt; so guesses sent all at once are no more
 * than guesses sent in turn. All is kept in the memory of this process, and bounded.
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

/** One that was let in to try. Exactly one of these follows. */
export interface Attempt {
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
  begin(name: string, address: string): Attempt {
    const network = networkOf(address);
    // A network has no space in it.
    const pair = `${network} ${name}`;
    const isFamiliar = this.#isFamiliar(pair);
    const rules: [Tries, string][] = [
      [this.#ofPair, pair],
      ...(isFamiliar ? [] : [[this.#ofName, name] as [Tries, string], [this.#ofNetwork, network] as [Tries, string]]),
    ];
    const waits = rules.flatMap(([tries, key]) => (tries.left(key) < 1 ? [tries.waitSeconds(key)] : []));
    if (waits.length > 0) {
      throw new ApiError("too_many_requests", "There were too many attempts to sign in. Try again later.", {
        retryAfter: Math.max(...waits),
      });
    }
    for (const [tries, key] of rules) tries.take(key);
    const giveBack = () => {
      for (const [tries, key] of rules) tries.giveBack(key);
    };
    return {
      failed: () => this.#ofPair.left(pair) <= this.#triesOfPair - repeated,
      succeeded: () => {
        giveBack();
        this.#remember(pair);
      },
      undone: giveBack,
    };
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
