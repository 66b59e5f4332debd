import { expect, it } from "vitest";
import { ConnectBackoff } from "../../src/upstream/connect-backoff.ts";

it("waits longer after each failure, up to 5 s, and not at all after a success", () => {
  const backoff = new ConnectBackoff(() => 1 - Number.EPSILON);
  let nowMs = 0;
  const delays: number[] = [];
  for (let at = 0; at < 8; at++) {
    backoff.failed(nowMs);
    delays.push(Math.round(backoff.remainingMs(nowMs)));
    nowMs += backoff.remainingMs(nowMs);
  }
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  backoff.failed(nowMs);
  backoff.succeeded();
  expect(backoff.remainingMs(nowMs)).toBe(0);
});

it("counts attempts that fail together once, and shortens the wait by up to a half at random", () => {
  const backoff = new ConnectBackoff(() => 0);
  for (let at = 0; at < 8; at++) backoff.failed(0);
  expect(backoff.remainingMs(0)).toBe(50);
});
