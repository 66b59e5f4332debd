import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BindAttempt } from "../../src/backoff/attempt.ts";
import { LocalBackoffLedger } from "../../src/backoff/ledger.ts";

const accounts = ["ann", "abe", "eve"];
const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
const cleanAddress = "203.0.113.1";
const limits = {
  accountAtAddress: { burst: 3, refillMs: 1000 },
  repetition: { burst: 4, refillMs: 100 },
  address: { burst: 6, refillMs: 400 },
  account: { burst: 4, refillMs: 500 },
};

/** What clients do, in small numbers so that every rule comes into force. Password 0 is everybody's right one. */
const event = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      account: fc.constantFrom(...accounts),
      address: fc.constantFrom(...addresses),
      password: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ passMs: fc.nat(3000) }) },
  { weight: 4, arbitrary: fc.record({ settle: fc.nat(5), verified: fc.boolean() }) },
);
const history = fc.array(event, { maxLength: 200 });

interface Compared {
  readonly attempt: BindAttempt;
  readonly atMs: number;
}

/**
 * Plays a history and returns each attempt that was compared and found wrong for the first time, which is what a guesser
 * learns from. Attempts stay in flight until an event settles them.
 */
function play(events: readonly (typeof event extends fc.Arbitrary<infer Event> ? Event : never)[]) {
  let nowMs = 5000;
  const ledger = new LocalBackoffLedger({ ...limits, clock: () => nowMs, maxRecords: 1000 });
  const inFlight: Compared[] = [];
  const tries: Compared[] = [];
  let mostInFlight = 0;
  for (const happening of events) {
    if ("passMs" in happening) nowMs += happening.passMs;
    else if ("settle" in happening) {
      const [settled] = inFlight.splice(happening.settle % Math.max(1, inFlight.length), 1);
      if (settled === undefined) continue;
      if (!happening.verified) ledger.unverified(settled.attempt);
      else if (settled.attempt.passwordKey === "0") ledger.succeeded(settled.attempt);
      else {
        ledger.failed(settled.attempt);
        const known = tries.some(({ attempt }) => isSame(attempt, settled.attempt));
        if (!known) tries.push(settled);
      }
    } else {
      const { account, address, password } = happening;
      const attempt = attemptOf(account, address, String(password));
      if (ledger.check(attempt).allowed) inFlight.push({ attempt, atMs: nowMs });
      mostInFlight = Math.max(mostInFlight, inFlight.length);
    }
  }
  return { ledger, tries, mostInFlight };
}

function attemptOf(account: string, address: string, passwordKey: string): BindAttempt {
  return { account, address, pair: `${address} ${account}`, passwordKey, exempt: false };
}

function isSame(one: BindAttempt, other: BindAttempt): boolean {
  return one.account === other.account && one.address === other.address && one.passwordKey === other.passwordKey;
}

/** The most that any window of time holds above `burst` and what refilled in it. */
function excess(tries: readonly Compared[], allowance: { burst: number; refillMs: number }): number {
  const times = tries.map(({ atMs }) => atMs).sort((a, b) => a - b);
  let most = Number.NEGATIVE_INFINITY;
  for (let first = 0; first < times.length; first += 1) {
    for (let last = first; last < times.length; last += 1) {
      const refilled = (times[last]! - times[first]!) / allowance.refillMs;
      most = Math.max(most, last - first + 1 - allowance.burst - refilled);
    }
  }
  return most;
}

describe("whatever others did", () => {
  it("the right password passes from an address that has sent no wrong one", () => {
    fc.assert(
      fc.property(history, fc.constantFrom(...accounts), (events, account) => {
        const { ledger } = play(events);
        expect(ledger.check(attemptOf(account, cleanAddress, "0"))).toEqual({
          allowed: true,
        });
      }),
    );
  });

  it("the right password passes again and again, at once and in turn, from an address that has sent no wrong one", () => {
    fc.assert(
      fc.property(
        history,
        fc.constantFrom(...accounts),
        fc.array(fc.boolean(), { maxLength: 30 }),
        (events, account, logins) => {
          const { ledger } = play(events);
          const attempt = attemptOf(account, cleanAddress, "0");
          for (const settles of logins) {
            expect(ledger.check(attempt)).toEqual({ allowed: true });
            if (settles) ledger.succeeded(attempt);
          }
        },
      ),
    );
  });
});

describe("a guesser", () => {
  it("learns of one account at one address no more than the allowance in any window of time", () => {
    fc.assert(
      fc.property(history, (events) => {
        const { tries } = play(events);
        for (const account of accounts) {
          for (const address of addresses) {
            const own = tries.filter(({ attempt }) => attempt.account === account && attempt.address === address);
            expect(excess(own, limits.accountAtAddress)).toBeLessThanOrEqual(0);
          }
        }
      }),
    );
  });

  it("learns from one address no more than its allowance and what was in flight at once", () => {
    fc.assert(
      fc.property(history, (events) => {
        // Logins would make accounts familiar, which the address's allowance does not bind.
        const { tries, mostInFlight } = play(events.filter((event) => !("password" in event) || event.password !== 0));
        for (const address of addresses) {
          const own = tries.filter(({ attempt }) => attempt.address === address);
          expect(excess(own, limits.address)).toBeLessThanOrEqual(mostInFlight);
        }
      }),
    );
  });
});
