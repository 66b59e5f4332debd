import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HashPool, type HashPoolOptions } from "../../src/password/hash-pool.ts";
import { parseStoredHash } from "../../src/password/scheme.ts";
import type { SlowHash } from "../../src/password/stored-hash.ts";

const right = Buffer.from("correct horse");
const sha512crypt = slowHash(
  "$6$abcdefgh$yIZAF3gQPvtKZO/9qOJKffAKKbtS3ef3qmwyugk4uWVjX8YZf/GV3A8SkFxEPY0T56CcilGrHKLffBsp6dLMG.",
);
/** Half a second or so of work that can be interrupted. */
const slowCrypt = slowHash(`$6$rounds=500000$abcdefgh$${"a".repeat(86)}`);

function slowHash(stored: string): SlowHash {
  const hash = parseStoredHash(stored, { allowCleartext: false });
  if (typeof hash === "string" || hash.kind === "digest" || hash.kind === "cleartext") throw new Error(stored);
  return hash;
}

const pools: HashPool[] = [];
const started: Worker[] = [];
const remember = (worker: Worker) => void started.push(worker);

beforeEach(() => void process.on("worker", remember));

function newPool(options: HashPoolOptions): HashPool {
  const pool = new HashPool(options);
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  process.off("worker", remember);
  started.length = 0;
});

describe("the hash pool", () => {
  it("starts no thread before the first job and no more than it may", async () => {
    const pool = newPool({ maxWorkers: 2 });
    expect(started.length).toBe(0);
    const jobs = Array.from({ length: 8 }, (_, index) =>
      pool.run(sha512crypt, index % 2 === 0 ? right : Buffer.from("x")),
    );
    expect(pool.pending).toBe(8);
    expect(await Promise.all(jobs)).toEqual(
      Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? "match" : "mismatch")),
    );
    expect({ threads: started.length, pending: pool.pending }).toEqual({ threads: 2, pending: 0 });
  });

  it("answers busy when the queue is full, and goes on with those that wait", async () => {
    const pool = newPool({ maxWorkers: 1, maxQueued: 2 });
    const jobs = Array.from({ length: 5 }, () => pool.run(sha512crypt, right));
    expect(await Promise.all(jobs)).toEqual(["match", "match", "match", "busy", "busy"]);
    expect(await pool.run(sha512crypt, right)).toBe("match");
  });

  it("compares the password as it was given, though its buffer is used again meanwhile", async () => {
    const pool = newPool({ maxWorkers: 1 });
    const first = pool.run(sha512crypt, right);
    const receiveBuffer = Buffer.from("…correct horse…");
    const waiting = pool.run(sha512crypt, receiveBuffer.subarray(3, -3));
    receiveBuffer.fill(0);
    expect([await first, await waiting]).toEqual(["match", "match"]);
  });

  it("survives the loss of a thread: its job fails, the others are done by a new one", async () => {
    const lost: Error[] = [];
    const pool = newPool({ maxWorkers: 1, onWorkerLost: (error) => lost.push(error) });
    const doomed = pool.run(slowCrypt, right);
    const waiting = pool.run(sha512crypt, right);
    // Node announces a thread in the tick after its start.
    await new Promise(process.nextTick);
    await started[0]!.terminate();
    expect([await doomed, await waiting, lost.length, started.length]).toEqual(["failed", "match", 1, 2]);
  });

  it("survives the loss of an idle thread", async () => {
    const pool = newPool({ maxWorkers: 1 });
    expect(await pool.run(sha512crypt, right)).toBe("match");
    await started[0]!.terminate();
    expect(await pool.run(sha512crypt, right)).toBe("match");
  });

  it("says malformed for parameters that OpenSSL refuses", async () => {
    const pool = newPool({ maxWorkers: 1 });
    const refused: SlowHash = {
      kind: "argon2",
      scheme: "{ARGON2ID}",
      algorithm: "argon2id",
      memoryKib: 1,
      passes: 1,
      parallelism: 1,
      salt: new Uint8Array(8),
      tag: new Uint8Array(16),
    };
    expect(await pool.run(refused, right)).toBe("malformed");
    expect(await pool.run(sha512crypt, right)).toBe("match");
  });

  it("ends what runs and waits as failed when it is closed, and everything after", async () => {
    const pool = newPool({ maxWorkers: 1 });
    const jobs = [pool.run(slowCrypt, right), pool.run(sha512crypt, right)];
    await pool.close();
    expect(await Promise.all([...jobs, pool.run(sha512crypt, right)])).toEqual(["failed", "failed", "failed"]);
  });
});
