/** Buffers that responses are gathered in: how much memory they take, whoever is answered. */
import { expect, it } from "vitest";
import type { BerWriter } from "../../src/ber/writer.ts";
import { FLUSH_BYTES, OutputPool } from "../../src/server/output-pool.ts";

const kilobyte = 1_024;

function bytesOf(writers: readonly BerWriter[]): number {
  return writers.reduce((sum, { buffer }) => sum + buffer.length, 0);
}

function fill(writer: BerWriter, bytes: number): void {
  while (writer.length < bytes) writer.writeOctets(new Uint8Array(kilobyte));
}

it("takes little for each of a thousand clients who are answered at once", () => {
  const pool = new OutputPool();
  const lent = Array.from({ length: 1_000 }, () => pool.acquire(false));
  expect(bytesOf(lent)).toBeLessThanOrEqual(1_000 * 4 * kilobyte);
});

it("lends what has been given back, empty, and makes nothing new", () => {
  const pool = new OutputPool();
  const lent = Array.from({ length: 100 }, () => pool.acquire(false));
  for (const writer of lent) {
    fill(writer, 2 * kilobyte);
    pool.release(writer);
  }
  const again = lent.map(() => pool.acquire(false));
  expect(new Set(again)).toEqual(new Set(lent));
  expect(again.map(({ length }) => length)).toEqual(lent.map(() => 0));
});

it("lends what a long answer goes on with in the size of that", () => {
  const pool = new OutputPool();
  const first = pool.acquire(false);
  fill(first, FLUSH_BYTES);
  pool.release(first);
  expect(pool.acquire(false)).toBe(first);
  expect(pool.acquire(true).buffer.length).toBe(2 * FLUSH_BYTES);
});

it("keeps no more than 4 MB after a thousand long answers and one that was very long", () => {
  const pool = new OutputPool();
  const lent = Array.from({ length: 1_000 }, () => pool.acquire(true));
  fill(lent[0]!, 8 * FLUSH_BYTES);
  for (const writer of lent) pool.release(writer);
  const kept = lent.map(() => pool.acquire(false)).filter((writer) => lent.includes(writer));
  expect(bytesOf(kept)).toBeLessThanOrEqual(4 * kilobyte * kilobyte);
});
