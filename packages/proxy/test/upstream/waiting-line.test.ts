import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WaitingLine } from "../../src/upstream/waiting-line.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function newLine() {
  const count = { waiting: 0 };
  return { count, line: new WaitingLine<string, string>(count, () => new Error("too late")) };
}

describe("a waiting line", () => {
  it("serves one client after the other, however much one of them asks", async () => {
    const { line } = newLine();
    const inAMinute = performance.now() + 60_000;
    const served: string[] = [];
    const wait = (client: string, wish: string) =>
      line.wait(client, inAMinute, wish).then((granted) => served.push(granted));
    for (const wish of ["a1", "a2", "a3"]) void wait("a", wish);
    void wait("b", "b1");
    void wait("c", "c1");
    void wait("b", "b2");
    while (line.size > 0) {
      const wish = line.nextWish!;
      line.take()!.grant(wish);
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(served).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  it("refuses whoever's deadline has passed, and nobody else", async () => {
    const { line, count } = newLine();
    const nowMs = performance.now();
    const soon = line.wait("a", nowMs + 1_000, "x");
    const later = line.wait("a", nowMs + 3_000, "y");
    const refusal = expect(soon).rejects.toThrow("too late");
    await vi.advanceTimersByTimeAsync(2_000);
    await refusal;
    expect([line.size, count.waiting, line.nextWish]).toEqual([1, 1, "y"]);
    line.take()!.grant("granted");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await later).toBe("granted");
  });

  it("lets a client leave", async () => {
    const { line, count } = newLine();
    const inAMinute = performance.now() + 60_000;
    const refusals = Promise.allSettled([line.wait("a", inAMinute, "a1"), line.wait("a", inAMinute, "a2")]);
    void line.wait("b", inAMinute, "b1");
    line.refuse(new Error("gone"), "a");
    expect((await refusals).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([line.size, count.waiting, line.nextWish]).toEqual([1, 1, "b1"]);
  });
});
