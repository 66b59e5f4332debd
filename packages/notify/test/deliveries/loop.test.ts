import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Loop } from "../../src/deliveries/loop.ts";
import { silent } from "./databases.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function counting(answers: readonly number[], restMs?: number) {
  const times: number[] = [];
  const begun = Date.now();
  const step = async () => answers[times.push(Date.now() - begun) - 1] ?? 1_000;
  return { times, loop: new Loop({ name: "counting", step, logger: silent, ...(restMs && { restMs }) }) };
}

it("steps at once when it is woken, and again when its time has come", async () => {
  const { times, loop } = counting([300]);
  loop.wake();
  await vi.advanceTimersByTimeAsync(1_299);
  expect(times).toEqual([0, 300]);
  loop.wake();
  await vi.advanceTimersByTimeAsync(999);
  expect(times).toEqual([0, 300, 1_299]);
  await loop.stop();
});

it("does what wakes it while it rests together, when the rest is over", async () => {
  const { times, loop } = counting([], 20);
  loop.wake();
  for (const pauseMs of [5, 5, 5]) {
    await vi.advanceTimersByTimeAsync(pauseMs);
    loop.wake();
  }
  await vi.advanceTimersByTimeAsync(500);
  expect(times).toEqual([0, 20]);
  loop.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(times).toEqual([0, 20, 515]);
  await loop.stop();
});

it("does not rest while there is more to do, nor wait for longer than it was asked to", async () => {
  const { times, loop } = counting([0, 0, 100, 20], 20);
  loop.wake();
  await vi.advanceTimersByTimeAsync(130);
  expect(times).toEqual([0, 0, 0, 100, 120]);
  await loop.stop();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(times).toHaveLength(5);
});
