import { describe, expect, it } from "vitest";
import type { BindAttempt } from "../../src/backoff/attempt.ts";
import { type BackoffOptions, LocalBackoffLedger } from "../../src/backoff/ledger.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A ledger on a clock of its own, and people who bind. */
function newLedger(options: BackoffOptions = {}) {
  let nowMs = 1_000_000;
  const ledger = new LocalBackoffLedger({ clock: () => nowMs, ...options });
  const attempt = (account: string, address: string, password: string): BindAttempt => ({
    account,
    address,
    pair: `${address} ${account}`,
    passwordKey: password,
    exempt: false,
  });
  return {
    ledger,
    attempt,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** Binds with a password that is right if it is "right": `true`, `false`, or why it was not compared. */
    bind(account: string, address: string, password: string): boolean | string {
      const made = attempt(account, address, password);
      const decision = ledger.check(made);
      if (!decision.allowed) return decision.reason;
      if (password === "right") ledger.succeeded(made);
      else ledger.failed(made);
      return password === "right";
    },
  };
}

type Ledger = ReturnType<typeof newLedger>;

/** Different wrong passwords, and how many of them were compared. */
function guess({ bind }: Ledger, account: string, address: string, count: number, prefix = "guess"): number {
  return Array.from({ length: count }, (_, index) => bind(account, address, `${prefix}${index}`)).filter(
    (result) => result === false,
  ).length;
}

/** An attack on one account from many addresses, each with one guess. */
function distributedAttack(people: Ledger, account: string, addresses: number): void {
  for (let index = 0; index < addresses; index += 1) guess(people, account, `198.51.100.${index}`, 1);
}

describe("somebody who guesses one account's password from one address", () => {
  it("gets ten guesses, then one every three minutes", () => {
    const people = newLedger();
    expect(guess(people, "ann", "192.0.2.66", 50)).toBe(10);
    expect(people.bind("ann", "192.0.2.66", "another")).toBe("accountAtAddress");
    people.pass(3 * minuteMs);
    expect(guess(people, "ann", "192.0.2.66", 50, "later")).toBe(1);
    people.pass(24 * hourMs);
    expect(guess(people, "ann", "192.0.2.66", 50, "tomorrow")).toBe(10);
  });

  it("is not let in by the right password once the tries are used up", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.66", 10);
    expect(people.bind("ann", "192.0.2.66", "right")).toBe("accountAtAddress");
  });

  it("gets no more guesses by sending them all at once", () => {
    const { ledger, attempt } = newLedger();
    const guesses = Array.from({ length: 100 }, (_, index) => attempt("ann", "192.0.2.66", `guess${index}`));
    const allowed = guesses.filter((made) => ledger.check(made).allowed);
    for (const made of allowed) ledger.failed(made);
    expect(allowed.length).toBe(10);
  });

  it("is told how long the next guess will have to wait, for the log", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.66", 10);
    people.pass(minuteMs);
    expect(people.ledger.check(people.attempt("ann", "192.0.2.66", "more"))).toEqual({
      allowed: false,
      reason: "accountAtAddress",
      retryAfterMs: 2 * minuteMs,
    });
  });

  it("does not keep the owner out, who is elsewhere", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.66", 1000);
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
  });
});

describe("the owner of an account", () => {
  it("may mistype nine times and then get in", () => {
    const people = newLedger();
    expect(guess(people, "ann", "192.0.2.1", 9)).toBe(9);
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
  });

  it("may log in as often as there is a need, also a hundred times at once", () => {
    const { ledger, attempt, bind } = newLedger();
    for (let index = 0; index < 1000; index += 1) expect(bind("service", "192.0.2.1", "right")).toBe(true);
    const atOnce = Array.from({ length: 100 }, () => attempt("service", "192.0.2.2", "right"));
    expect(atOnce.every((made) => ledger.check(made).allowed)).toBe(true);
    for (const made of atOnce) ledger.succeeded(made);
    expect(ledger.size.accountsAtAddresses).toBe(0);
  });

  it("is not locked out by a telephone that goes on with last month's password", () => {
    const people = newLedger();
    for (let index = 0; index < 1000; index += 1) {
      people.bind("ann", "192.0.2.1", "last month's");
      people.pass(5000);
    }
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
  });

  it("is let in by a password that was wrong before it was set", () => {
    const { ledger, attempt, bind } = newLedger();
    const made = attempt("ann", "192.0.2.1", "new");
    expect(bind("ann", "192.0.2.1", "new")).toBe(false);
    expect(ledger.check(made)).toEqual({ allowed: true });
    ledger.succeeded(made);
    expect(ledger.check(made)).toEqual({ allowed: true });
  });
});

describe("one wrong password, repeated", () => {
  it("is compared sixty times at once and then twice a second, so that it does not keep the hash workers busy", () => {
    const people = newLedger();
    const compared = (count: number) =>
      Array.from({ length: count }, () => people.bind("ann", "192.0.2.1", "stale")).filter((result) => result === false)
        .length;
    expect(compared(200)).toBe(61);
    people.pass(10_000);
    expect(compared(200)).toBe(20);
    expect(people.bind("ann", "192.0.2.1", "stale")).toBe("repetition");
  });

  it("uses up one try, however many devices send it at once", () => {
    const { ledger, attempt } = newLedger();
    const stale = attempt("ann", "192.0.2.1", "stale");
    for (let device = 0; device < 50; device += 1) expect(ledger.check(stale).allowed).toBe(true);
    for (let device = 0; device < 50; device += 1) ledger.failed(stale);
    const others = Array.from({ length: 20 }, (_, index) => attempt("ann", "192.0.2.1", `other${index}`));
    expect(others.filter((made) => ledger.check(made).allowed).length).toBe(9);
  });
});

describe("one address that tries many accounts", () => {
  it("gets a hundred tries, then one every twenty seconds", () => {
    const people = newLedger();
    const spray = (count: number, round: string) =>
      Array.from({ length: count }, (_, index) =>
        people.bind(`user${round}${index}`, "192.0.2.66", "Winter2026"),
      ).filter((result) => result === false).length;
    expect(spray(500, "a")).toBe(100);
    expect(people.bind("somebody", "192.0.2.66", "x")).toBe("address");
    people.pass(minuteMs);
    expect(spray(500, "b")).toBe(3);
  });

  it("is not kept from anything by one user's typing errors", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.1", 1000);
    for (let index = 0; index < 80; index += 1) expect(people.bind(`user${index}`, "192.0.2.1", "right")).toBe(true);
  });

  it("does not keep out those who have logged in from it before: the first try is theirs, a second costs time", () => {
    const people = newLedger();
    for (const user of ["ann", "abe", "eve"]) people.bind(user, "192.0.2.1", "right");
    for (let index = 0; index < 500; index += 1) people.bind(`user${index}`, "192.0.2.1", "Winter2026");
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
    expect([people.bind("abe", "192.0.2.1", "typo"), people.bind("abe", "192.0.2.1", "right")]).toEqual([
      false,
      "address",
    ]);
    expect(people.bind("new", "192.0.2.1", "right")).toBe("address");
    people.pass(30 * minuteMs);
    expect(people.bind("abe", "192.0.2.1", "right")).toBe(true);
  });

  it("that is busy is not refused for what is under way", () => {
    const { ledger, attempt } = newLedger();
    const logins = Array.from({ length: 1000 }, (_, index) => attempt(`user${index}`, "192.0.2.1", "right"));
    expect(logins.every((made) => ledger.check(made).allowed)).toBe(true);
  });

  it("pays back what it sent all at once", () => {
    const { ledger, attempt, bind, pass } = newLedger();
    const guesses = Array.from({ length: 400 }, (_, index) => attempt(`user${index}`, "192.0.2.66", "Winter2026"));
    for (const made of guesses) ledger.check(made);
    for (const made of guesses) ledger.failed(made);
    pass(300 * 20_000);
    expect(bind("another", "192.0.2.66", "x")).toBe("address");
    pass(20_000);
    expect(bind("another", "192.0.2.66", "x")).toBe(false);
  });
});

describe("an account that is attacked from many addresses", () => {
  it("can be used from where its owner has logged in before, typing errors included", () => {
    const people = newLedger();
    people.bind("ann", "192.0.2.1", "right");
    distributedAttack(people, "ann", 5000);
    expect(guess(people, "ann", "192.0.2.1", 9)).toBe(9);
    expect(people.bind("ann", "192.0.2.1", "right")).toBe(true);
  });

  it("can be used from a new address with the right password", () => {
    const people = newLedger();
    distributedAttack(people, "ann", 5000);
    expect(people.bind("ann", "203.0.113.9", "right")).toBe(true);
    expect(people.bind("ann", "203.0.113.9", "typo")).toBe(false);
    expect(people.bind("ann", "203.0.113.9", "right")).toBe(true);
  });

  it("gives each new address one guess in half an hour instead of ten", () => {
    const people = newLedger();
    distributedAttack(people, "ann", 30);
    expect(guess(people, "ann", "203.0.113.66", 50)).toBe(1);
    expect(people.bind("ann", "203.0.113.66", "more")).toBe("accountUnderAttack");
    people.pass(29 * minuteMs);
    distributedAttack(people, "ann", 60);
    expect(people.bind("ann", "203.0.113.66", "more")).toBe("accountUnderAttack");
    people.pass(minuteMs);
    expect(guess(people, "ann", "203.0.113.66", 50, "later")).toBe(1);
  });

  it("is not marked for days after the attack", () => {
    const people = newLedger();
    distributedAttack(people, "ann", 5000);
    people.pass(10 * minuteMs);
    expect(guess(people, "ann", "203.0.113.9", 5)).toBe(5);
  });

  it("says nothing about other accounts", () => {
    const people = newLedger();
    distributedAttack(people, "ann", 5000);
    expect(guess(people, "abe", "203.0.113.9", 9)).toBe(9);
  });

  it("is not marked as attacked by its owner's typing errors where its owner is known", () => {
    const people = newLedger();
    for (let place = 1; place <= 4; place += 1) {
      people.bind("ann", `192.0.2.${place}`, "right");
      guess(people, "ann", `192.0.2.${place}`, 10);
    }
    expect(guess(people, "ann", "203.0.113.9", 5)).toBe(5);
  });
});

describe("a try", () => {
  it("is given back to the one password of ten at once that was right", () => {
    const { ledger, attempt, bind } = newLedger();
    const [right, ...others] = Array.from({ length: 10 }, (_, index) =>
      attempt("ann", "192.0.2.1", `password${index}`),
    );
    for (const made of [right!, ...others]) expect(ledger.check(made).allowed).toBe(true);
    for (const made of others) ledger.failed(made);
    ledger.succeeded(right!);
    expect([bind("ann", "192.0.2.1", "typo"), bind("ann", "192.0.2.1", "other")]).toEqual([false, "accountAtAddress"]);
  });

  it("is counted when the password is changed between two binds with it that were sent at once", () => {
    const people = newLedger();
    const [old, late] = [people.attempt("ann", "192.0.2.1", "old"), people.attempt("ann", "192.0.2.1", "old")];
    expect([people.ledger.check(old).allowed, people.ledger.check(late).allowed]).toEqual([true, true]);
    people.ledger.succeeded(old);
    people.ledger.failed(late);
    expect(guess(people, "ann", "192.0.2.1", 20)).toBe(9);
  });

  it("stays spent when its password is set later", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.1", 10);
    const nowRight = people.attempt("ann", "192.0.2.1", "guess9");
    expect(people.ledger.check(nowRight).allowed).toBe(true);
    people.ledger.succeeded(nowRight);
    expect(people.bind("ann", "192.0.2.1", "typo")).toBe("accountAtAddress");
  });
});

describe("an attempt that nothing became of", () => {
  it("is no try: an outage of the database locks nobody out", () => {
    const { ledger, attempt } = newLedger();
    for (let index = 0; index < 100; index += 1) {
      const made = attempt("ann", "192.0.2.1", `password${index}`);
      expect(ledger.check(made)).toEqual({ allowed: true });
      ledger.unverified(made);
    }
    expect(ledger.size).toEqual({ accountsAtAddresses: 0, addresses: 0, accounts: 0, familiarAccounts: 0 });
  });

  it("does not give back the try of a password that was found wrong before", () => {
    const people = newLedger();
    guess(people, "ann", "192.0.2.66", 10);
    const known = people.attempt("ann", "192.0.2.66", "guess9");
    expect(people.ledger.check(known)).toEqual({ allowed: true });
    people.ledger.unverified(known);
    expect(people.bind("ann", "192.0.2.66", "more")).toBe("accountAtAddress");
  });
});

it("leaves exempt addresses alone", () => {
  const { ledger, attempt } = newLedger();
  const guesses = Array.from({ length: 200 }, (_, index) => ({
    ...attempt("ann", "192.0.2.7", `${index}`),
    exempt: true,
  }));
  for (const made of guesses) {
    expect(ledger.check(made)).toEqual({ allowed: true });
    ledger.failed(made);
  }
  expect(ledger.size).toEqual({ accountsAtAddresses: 0, addresses: 0, accounts: 0, familiarAccounts: 0 });
});

describe("the memory of the ledger", () => {
  it("is bounded", () => {
    const people = newLedger({ maxRecords: 100, maxFamiliarAccounts: 50 });
    for (let index = 0; index < 5000; index += 1) {
      people.bind(`user${index}`, `192.1.${index >> 8}.${index & 255}`, "right");
      people.bind(`user${index}`, `192.0.${index >> 8}.${index & 255}`, "wrong");
    }
    expect(people.ledger.size).toEqual({
      accountsAtAddresses: 100,
      addresses: 100,
      accounts: 100,
      familiarAccounts: 50,
    });
  });

  it("cannot be washed clean by a guesser from the guesser's own address", () => {
    const people = newLedger({ maxRecords: 1000 });
    guess(people, "ann", "192.0.2.66", 10);
    for (let index = 0; index < 100_000; index += 1) people.bind(`user${index}`, "192.0.2.66", "x");
    expect(people.bind("ann", "192.0.2.66", "more")).toBe("address");
    people.pass(20_000);
    expect(people.bind("ann", "192.0.2.66", "more")).toBe("accountAtAddress");
  });

  it("keeps the logins of others whatever is guessed, and however many addresses one account logs in from", () => {
    const people = newLedger({ maxRecords: 10, maxFamiliarAccounts: 10 });
    people.bind("ann", "192.0.2.1", "right");
    distributedAttack(people, "ann", 100);
    for (let index = 0; index < 1000; index += 1) people.bind("eve", `192.1.${index >> 8}.${index & 255}`, "right");
    distributedAttack(people, "ann", 100);
    expect(guess(people, "ann", "192.0.2.1", 5)).toBe(5);
  });
});

it.each<BackoffOptions>([
  { accountAtAddress: { burst: 0, refillMs: 1000 } },
  { address: { burst: 100, refillMs: 0 } },
  { account: { burst: 1.5, refillMs: 1000 } },
  { address: { burst: 5, refillMs: 1000 } },
])("refuses numbers that contradict themselves: %o", (options) => {
  expect(() => new LocalBackoffLedger(options)).toThrow(RangeError);
});
