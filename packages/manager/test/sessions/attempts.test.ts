/** How often somebody may try: guesses are bounded wherever they come from, and nobody is locked out by others. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/problem.ts";
import { Attempts } from "../../src/sessions/attempts.ts";
import { Tries } from "../../src/sessions/tries.ts";

const minuteMs = 60_000;

function attemptsAt(clock: { now: number }, tries = 5) {
  const attempts = new Attempts({ tries, now: () => clock.now });
  /** Whether it was compared. */
  const guess = async (name: string, address: string): Promise<boolean> => {
    try {
      (await attempts.begin(name, address)).failed();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "too_many_requests") return false;
      throw error;
    }
  };
  return { attempts, guess };
}

/** One after the other. */
async function inTurn<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const each of work) results.push(await each());
  return results;
}

describe("attempts to sign in", () => {
  it("of one name from one address are five, and then one every three minutes", async () => {
    const clock = { now: 0 };
    const { guess } = attemptsAt(clock);
    const again = () => guess("ann", "192.0.2.1");
    expect(await inTurn(Array(7).fill(again))).toEqual([...Array(5).fill(true), false, false]);
    clock.now += 3 * minuteMs - 1;
    expect(await again()).toBe(false);
    clock.now += 1;
    expect(await again()).toBe(true);
    expect(await again()).toBe(false);
  });

  it("of one name from everywhere are thirty, and then one a minute", async () => {
    const clock = { now: 0 };
    const { guess } = attemptsAt(clock);
    const guesses = Array.from({ length: 200 }, (_, host) => () => guess("ann", `198.51.100.${host}`));
    expect((await inTurn(guesses)).filter(Boolean)).toHaveLength(30);
    clock.now += minuteMs;
    expect([await guess("ann", "203.0.113.1"), await guess("ann", "203.0.113.2")]).toEqual([true, false]);
  });

  it("lock nobody out where they have signed in from before", async () => {
    const { attempts, guess } = attemptsAt({ now: 0 });
    (await attempts.begin("ann", "192.0.2.1")).succeeded();
    for (let host = 0; host < 200; host += 1) await guess("ann", `198.51.100.${host}`);
    for (let name = 0; name < 200; name += 1) await guess(`name ${name}`, "192.0.2.1");
    expect(await guess("ann", "203.0.113.1")).toBe(false);
    expect(await guess("somebody", "192.0.2.1")).toBe(false);
    expect(await guess("ann", "192.0.2.1")).toBe(true);
  });

  it("that succeed or come to nothing cost nothing", async () => {
    const { attempts, guess } = attemptsAt({ now: 0 });
    for (let count = 0; count < 100; count += 1) {
      (await attempts.begin("ann", "192.0.2.1")).undone();
      (await attempts.begin("bob", "192.0.2.1")).succeeded();
    }
    expect((await inTurn(Array(6).fill(() => guess("ann", "192.0.2.1")))).filter(Boolean)).toHaveLength(5);
  });

  it("of a whole IPv6 network are one address's", async () => {
    const { guess } = attemptsAt({ now: 0 });
    const guesses = Array.from({ length: 10 }, (_, host) => () => guess("ann", `2001:db8::${host}`));
    expect((await inTurn(guesses)).filter(Boolean)).toHaveLength(5);
    expect(await guess("ann", "2001:db8:0:1::1")).toBe(true);
  });

  it("by a login name count for the entry that it means, and for their network once", async () => {
    const { attempts, guess } = attemptsAt({ now: 0 });
    const byLoginName = async (login: string, dn: string): Promise<boolean> => {
      const attempt = await attempts.begin(login, "192.0.2.1");
      await attempt.alsoOf(dn);
      return attempt.failed();
    };
    const isRepeated = await inTurn(Array(5).fill(() => byLoginName("ann", "uid=ann")));
    expect(isRepeated).toEqual([false, false, true, true, true]);
    expect(await guess("uid=ann", "192.0.2.1")).toBe(false);
    const others = Array.from({ length: 60 }, (_, index) => () => guess(`other ${index}`, "192.0.2.1"));
    expect((await inTurn(others)).filter(Boolean)).toHaveLength(55);
  });
});

describe("attempts to sign in at the same time", () => {
  it("are all let in where all have the right password, however many there are", async () => {
    const { attempts } = attemptsAt({ now: 0 });
    let [underWay, most, done] = [0, 0, 0];
    const signIn = async (login: string, dn: string) => {
      const attempt = await attempts.begin(login, "192.0.2.1");
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      await attempt.alsoOf(dn);
      await Promise.resolve();
      underWay -= 1;
      done += 1;
      attempt.succeeded();
    };
    const people = Array.from({ length: 300 }, (_, index) => signIn(`user${index}`, `uid=user${index}`));
    const sessions = Array.from({ length: 40 }, () => signIn("administrator", "cn=admin"));
    const aliases = Array.from({ length: 40 }, (_, index) => signIn(`admin${index}@example.com`, "cn=admin"));
    await Promise.all([...people, ...sessions, ...aliases]);
    expect({ done, most }).toEqual({ done: 380, most: 60 });
  });

  it("are no more guesses than one after the other", async () => {
    const { attempts } = attemptsAt({ now: 0 });
    const compared: string[] = [];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        try {
          const attempt = await attempts.begin("ann", "192.0.2.1");
          compared.push(`guess ${index}`);
          await Promise.resolve();
          attempt.failed();
          return "compared";
        } catch (error) {
          return (error as ApiError).code;
        }
      }),
    );
    expect(compared).toEqual(["guess 0", "guess 1", "guess 2", "guess 3", "guess 4"]);
    expect(outcomes).toEqual([...Array(5).fill("compared"), ...Array(35).fill("too_many_requests")]);
  });

  it("compare no more wrong passwords than one after the other, whatever ends when", async () => {
    const step = fc.record({
      name: fc.nat(2),
      ends: fc.constantFrom("failed", "succeeded", "undone"),
      after: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { attempts } = attemptsAt({ now: 0 }, 3);
        const wrong = new Map<number, number>();
        await Promise.all(
          steps.map(async ({ name, ends, after }) => {
            const attempt = await attempts.begin(`name ${name}`, "192.0.2.1").catch(() => undefined);
            if (attempt === undefined) return;
            if (ends === "failed") wrong.set(name, (wrong.get(name) ?? 0) + 1);
            for (let turn = 0; turn < after; turn += 1) await Promise.resolve();
            attempt[ends as "failed"]();
          }),
        );
        for (const count of wrong.values()) expect(count).toBeLessThanOrEqual(3);
      }),
    );
  });
});

describe("tries", () => {
  it("taken within any time are never more than the burst and what came back", () => {
    const steps = fc.array(fc.record({ passMs: fc.nat({ max: 5_000 }), isUndone: fc.boolean() }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (burst, all) => {
        let now = 0;
        const tries = new Tries({ burst, refillMs: 1_000, maxKeys: 10, now: () => now });
        let taken = 0;
        for (const { passMs, isUndone } of all) {
          now += passMs;
          if (tries.left("key") < 1) {
            expect(tries.waitSeconds("key")).toBeGreaterThanOrEqual(1);
            continue;
          }
          tries.take("key");
          if (isUndone) tries.giveBack("key");
          else {
            tries.spend("key");
            taken += 1;
          }
          expect(taken).toBeLessThanOrEqual(burst + now / 1_000);
        }
        now += 1_000 * burst;
        expect(tries.left("key")).toBe(burst);
      }),
    );
  });

  it("are remembered of so many and no more", () => {
    const tries = new Tries({ burst: 1, refillMs: 1_000, maxKeys: 2, now: () => 0 });
    for (const key of ["a", "b", "c"]) tries.take(key);
    expect(["a", "b", "c"].map((key) => tries.left(key))).toEqual([1, 0, 0]);
  });
});
