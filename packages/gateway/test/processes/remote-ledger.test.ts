/** The back-off of several processes: the primary holds the ledger, each worker asks it only about whom it could refuse. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BindAttempt } from "../../src/backoff/attempt.ts";
import { type BackoffDecision, LocalBackoffLedger } from "../../src/backoff/ledger.ts";
import type { ToPrimary } from "../../src/processes/messages.ts";
import { RemoteLedger } from "../../src/processes/remote-ledger.ts";

function attemptOf(account: string, address: string, passwordKey: string): BindAttempt {
  return { account, address, pair: `${address} ${account}`, passwordKey, exempt: false };
}

/** A primary and its workers; what they say to each other waits, in order, until it is delivered. */
function newProcesses(count: number) {
  let nowMs = 1_000_000;
  const clock = () => nowMs;
  const ledger = new LocalBackoffLedger({ clock });
  const channels: (() => void)[][] = [];
  const workers: RemoteLedger[] = [];
  const said: ToPrimary[] = [];
  const received = (worker: number, message: ToPrimary) => {
    said.push(message);
    if (message.type === "check") {
      const decision = ledger.check(message.attempt);
      channels[worker]!.push(() => workers[worker]!.decided(message.id, decision));
    } else if (message.type === "bindEnded") {
      ledger[message.how](message.attempt);
      if (message.how !== "failed") return;
      const failures = ledger.failuresOf(message.attempt);
      for (const [other, channel] of channels.entries()) channel.push(() => workers[other]!.know(failures));
    }
  };
  const start = () => {
    const worker = workers.length;
    channels.push([]);
    workers.push(new RemoteLedger((message) => channels[worker]!.push(() => received(worker, message)), clock));
    const failures = ledger.failures();
    channels[worker]!.push(() => workers[worker]!.know(failures));
    return workers[worker]!;
  };
  /** Delivers what waits on a worker's channel, in both directions. */
  const deliver = (worker: number) => {
    for (const message of channels[worker]!.splice(0)) message();
  };
  const deliverAll = () => {
    while (channels.some((channel) => channel.length > 0)) for (const worker of channels.keys()) deliver(worker);
  };
  for (let index = 0; index < count; index += 1) start();
  deliverAll();
  return { workers, said, start, deliver, deliverAll, pass: (ms: number) => (nowMs += ms) };
}

type Processes = ReturnType<typeof newProcesses>;

/** What becomes of an attempt once all messages have arrived. */
async function decide({ deliverAll }: Processes, worker: RemoteLedger, attempt: BindAttempt): Promise<BackoffDecision> {
  const decision = worker.check(attempt);
  deliverAll();
  return decision;
}

async function bind(processes: Processes, worker: RemoteLedger, attempt: BindAttempt): Promise<boolean | string> {
  const decision = await decide(processes, worker, attempt);
  if (!decision.allowed) return decision.reason;
  const isRight = attempt.passwordKey === "right";
  if (isRight) worker.succeeded(attempt);
  else worker.failed(attempt);
  processes.deliverAll();
  return isRight;
}

describe("somebody whose password is right", () => {
  it("is let in without a word between the processes, but for the first login from an address", () => {
    const processes = newProcesses(2);
    const [one, two] = processes.workers;
    for (const worker of [one!, two!, one!, two!, one!]) {
      const attempt = attemptOf("ann", "192.0.2.1", "right");
      expect(worker.check(attempt)).toEqual({ allowed: true });
      worker.succeeded(attempt);
      processes.deliverAll();
    }
    expect(processes.said.map(({ type }) => type)).toEqual(["bindEnded", "bindEnded"]);
  });

  it("is familiar to all of them", async () => {
    const processes = newProcesses(2);
    const [one, two] = processes.workers;
    await bind(processes, one!, attemptOf("ann", "192.0.2.1", "right"));
    for (let address = 0; address < 40; address += 1) {
      await bind(processes, one!, attemptOf("ann", `198.51.100.${address}`, "wrong"));
    }
    // Under attack: elsewhere the first wrong password is the last, where she has logged in it is not.
    for (const [address, second] of [
      ["192.0.2.1", true],
      ["192.0.2.2", "accountUnderAttack"],
    ] as const) {
      expect(await bind(processes, two!, attemptOf("ann", address, "mistyped"))).toBe(false);
      expect(await bind(processes, one!, attemptOf("ann", address, "right"))).toBe(second);
    }
  });
});

describe("somebody who guesses", () => {
  it("gets ten guesses over all processes, one after the other", async () => {
    const processes = newProcesses(3);
    const results = [];
    for (let guess = 0; guess < 50; guess += 1) {
      const worker = processes.workers[guess % 3]!;
      results.push(await bind(processes, worker, attemptOf("ann", "192.0.2.66", `guess ${guess}`)));
    }
    expect(results.filter((result) => result === false)).toHaveLength(10);
    expect(results.at(-1)).toBe("accountAtAddress");
  });

  it("gets at most one more for each process by sending all at once, and pays those back, too", async () => {
    const processes = newProcesses(3);
    const attempts = Array.from({ length: 90 }, (_, index) => attemptOf("ann", "192.0.2.66", `guess ${index}`));
    const decisions = attempts.map((attempt, index) => processes.workers[index % 3]!.check(attempt));
    processes.deliverAll();
    const settled = await Promise.all(decisions);
    const allowed = attempts.filter((_, index) => settled[index]!.allowed);
    for (const attempt of allowed) processes.workers[attempts.indexOf(attempt) % 3]!.failed(attempt);
    processes.deliverAll();
    expect(allowed).toHaveLength(13);
    processes.pass(3 * 3 * 60_000);
    expect(await bind(processes, processes.workers[0]!, attemptOf("ann", "192.0.2.66", "early"))).toBe(
      "accountAtAddress",
    );
    processes.pass(3 * 60_000);
    expect(await bind(processes, processes.workers[0]!, attemptOf("ann", "192.0.2.66", "late"))).toBe(false);
  });

  it("gets no new guesses from a process that takes a lost one's place", async () => {
    const processes = newProcesses(1);
    const spend = async (address: string, accounts: number, each: number) => {
      for (let account = 0; account < accounts; account += 1) {
        for (let guess = 0; guess < each; guess += 1) {
          await bind(processes, processes.workers[0]!, attemptOf(`user${account}`, address, `guess ${guess}`));
        }
      }
    };
    await spend("192.0.2.66", 10, 10);
    const begun = processes.start();
    const decided = begun.check(attemptOf("user0", "192.0.2.66", "before it was told"));
    processes.deliverAll();
    expect(await decided).toMatchObject({ allowed: false, reason: "address" });
    expect(await bind(processes, begun, attemptOf("user0", "192.0.2.66", "after it"))).toBe("address");
    expect(await bind(processes, begun, attemptOf("nobody yet", "192.0.2.66", "right"))).toBe("address");
    expect(await bind(processes, begun, attemptOf("user0", "192.0.2.1", "right"))).toBe(true);
  });

  it("never gets more than the tries and one for each process, however late the processes hear of each other", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ worker: fc.nat(2), password: fc.nat(30) }) },
      { weight: 2, arbitrary: fc.record({ deliver: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.record({ settle: fc.nat(5) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
        const { workers, deliver } = newProcesses(3);
        const compared = new Set<string>();
        const inFlight: { worker: RemoteLedger; attempt: BindAttempt }[] = [];
        for (const happening of steps) {
          if ("deliver" in happening) {
            deliver(happening.deliver);
            await Promise.resolve();
          } else if ("settle" in happening) {
            const [settled] = inFlight.splice(happening.settle % Math.max(1, inFlight.length), 1);
            settled?.worker.failed(settled.attempt);
          } else {
            const worker = workers[happening.worker]!;
            const attempt = attemptOf("ann", "192.0.2.66", `guess ${happening.password}`);
            const begin = ({ allowed }: BackoffDecision) => {
              if (!allowed) return;
              compared.add(attempt.passwordKey);
              inFlight.push({ worker, attempt });
            };
            const decision = worker.check(attempt);
            if (decision instanceof Promise) void decision.then(begin);
            else begin(decision);
          }
        }
        expect(compared.size).toBeLessThanOrEqual(10 + 3);
      }),
    );
  });
});

describe("a process whose primary is gone", () => {
  it("lets nobody in: what it waits for fails, and what comes after", async () => {
    const { workers } = newProcesses(1);
    const [worker] = workers;
    const attempt = attemptOf("ann", "192.0.2.1", "first");
    expect(worker!.check(attempt)).toEqual({ allowed: true });
    const waiting = Promise.resolve(worker!.check(attemptOf("ann", "192.0.2.1", "second")));
    worker!.lost();
    await expect(waiting).rejects.toThrow("the primary process is gone");
    await expect(worker!.check(attemptOf("bob", "192.0.2.1", "right"))).rejects.toThrow("the primary process is gone");
  });
});
