/** The state machine of a backend's health. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HealthJudge } from "../../src/health/health-judge.ts";

const options = { rise: 2, fall: 3, holdDownMs: 10_000 };

/** A judge, and what it says after each step: `+` a check succeeds, `~` finds it degraded, `x` fails, `b` is answered badly, `!` an operation fails. */
function judged(steps: string, { stepMs = 2_000, judge = new HealthJudge(options), startMs = 0 } = {}): string {
  return [...steps]
    .map((step, index) => {
      const nowMs = startMs + index * stepMs;
      if (step === "+" || step === "~") judge.succeeded(step === "~", nowMs);
      else if (step === "!") judge.operationFailed(nowMs);
      else judge.failed(step === "x" ? "connection" : "answer", nowMs);
      return { up: "u", degraded: "d", down: "-" }[judge.health];
    })
    .join("");
}

describe("the first check", () => {
  it.each([
    ["+", "u"],
    ["~", "d"],
    ["x", "-"],
  ])("%s is believed", (steps, states) => {
    expect(judged(steps)).toBe(states);
  });

  it("that failed makes the next successes count as anybody's", () => {
    expect(judged("x++")).toBe("--u");
  });
});

describe("a backend that is up", () => {
  it("is down after as many failures in a row as `fall` says", () => {
    expect(judged("+xxx")).toBe("uuu-");
    expect(judged("+xx+xx+bbb")).toBe("uuuuuuuuu-");
  });

  it("is down at once when operations and a check agree, in either order", () => {
    expect(judged("+!x")).toBe("uu-");
    expect(judged("+x!")).toBe("uu-");
  });

  it("is not down because an operation failed, when the check succeeds", () => {
    expect(judged("+!!!+x")).toBe("uuuuuu");
  });

  it("is not down at once because a server that answers gave the wrong answer", () => {
    expect(judged("+!b!b!b")).toBe("uuuuuu-");
  });

  it("is degraded after `fall` readings in a row and up again after `rise`", () => {
    expect(judged("+~~+~~~+~++")).toBe("uuuuuudddDu".replace("D", "d"));
  });
});

describe("a backend that is down", () => {
  it("is up after as many successes in a row as `rise` says", () => {
    expect(judged("+xxx+x++")).toBe("uuu----u");
  });

  it("comes back degraded where it is late", () => {
    expect(judged("+xxx~~")).toBe("uuu--d");
  });

  it("comes back as soon as it may when it had been up for long", () => {
    expect(judged("+xxx++++++++xxx++")).toBe(`uuu--uuuuuuuuu--u`);
  });
});

describe("hold-down", () => {
  it("keeps a backend that failed soon after it came back down for the stated time, twice as long each time", () => {
    const judge = new HealthJudge(options);
    // Up at 0, down at 2 s, back at 6 s, down again at 8 s: held until 18 s.
    expect(judged("+!x", { judge, stepMs: 1_000 })).toBe("uu-");
    expect(judged("++!x", { judge, stepMs: 1_000, startMs: 5_000 })).toBe("-uu-");
    expect(judge.heldUntilMs).toBe(18_000);
    expect(judged("++++++", { judge, startMs: 9_000 })).toBe("-----u");
    expect(judged("!x", { judge, startMs: 20_000 })).toBe("u-");
    expect(judge.heldUntilMs).toBe(22_000 + 20_000);
  });

  it("grows to eight times the stated one", () => {
    const judge = new HealthJudge(options);
    judged("+", { judge });
    let nowMs = 0;
    const holds = Array.from({ length: 7 }, () => {
      judge.operationFailed(nowMs);
      judge.failed("connection", nowMs);
      const heldMs = judge.heldUntilMs - nowMs;
      nowMs += heldMs;
      judge.succeeded(false, nowMs);
      judge.succeeded(false, nowMs);
      nowMs += 1;
      return heldMs;
    });
    expect(holds).toEqual([0, 10_000, 20_000, 40_000, 80_000, 80_000, 80_000]);
  });

  it("is forgotten when the backend has been up for the stated time", () => {
    const judge = new HealthJudge(options);
    judged("+!x++!x", { judge, stepMs: 1_000 });
    expect(judge.heldUntilMs).toBe(16_000);
    expect(judged("++", { judge, startMs: 20_000 })).toBe("-u");
    expect(judged("!x", { judge, startMs: 40_000 })).toBe("u-");
    expect(judge.heldUntilMs).toBe(42_000);
  });
});

const anything = fc.array(
  fc.record({ step: fc.constantFrom(..."++++~xxb!"), afterMs: fc.integer({ min: 1, max: 6_000 }) }),
  { maxLength: 200 },
);

describe("whatever happens", () => {
  it("a backend comes back at most twice within a hold-down", () => {
    fc.assert(
      fc.property(anything, (steps) => {
        const judge = new HealthJudge(options);
        const returns: number[] = [];
        let nowMs = 0;
        for (const { step, afterMs } of steps) {
          nowMs += afterMs;
          const before = judge.health;
          judged(step, { judge, startMs: nowMs });
          if (before === "down" && judge.health !== "down") returns.push(nowMs);
        }
        // The first is not a return.
        for (let index = 3; index < returns.length; index += 1) {
          expect(returns[index]! - returns[index - 2]!).toBeGreaterThanOrEqual(options.holdDownMs);
        }
      }),
    );
  });

  it("it never changes on one failed check alone, nor comes back on one success, once it is known", () => {
    fc.assert(
      fc.property(anything, (steps) => {
        const judge = new HealthJudge(options);
        const seen: string[] = [];
        let nowMs = 0;
        let known = false;
        for (const { step, afterMs } of steps) {
          nowMs += afterMs;
          const before = judge.health;
          judged(step, { judge, startMs: nowMs });
          seen.push(step);
          if (known && before !== "down" && judge.health === "down") {
            const checks = seen.filter((each) => each !== "!");
            const lastChecks = checks.slice(-options.fall);
            const failedOften = lastChecks.every((each) => each === "x" || each === "b");
            const sinceSuccess = seen.slice(seen.findLastIndex((each) => each === "+" || each === "~") + 1);
            const confirmed = sinceSuccess.includes("!") && checks.at(-1) === "x";
            expect(failedOften || confirmed).toBe(true);
          }
          if (known && before === "down" && judge.health !== "down") {
            const checks = seen.filter((each) => each !== "!");
            expect(checks.slice(-options.rise).every((each) => each === "+" || each === "~")).toBe(true);
          }
          known ||= step !== "!";
        }
      }),
    );
  });
});
