import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { HashPool, type HashPoolOutcome, type HashRunner } from "../../src/password/hash-pool.ts";
import { matchesSlowHash } from "../../src/password/slow-hash.ts";
import { hashProfile, type SlowHash } from "../../src/password/stored-hash.ts";
import { maxPasswordBytes, PasswordVerifier } from "../../src/password/verifier.ts";
import vectors from "./vectors.json" with { type: "json" };

const right = Buffer.from("correct horse");
const wrong = Buffer.from("wrong horse");
const storedOf = (scheme: string) =>
  vectors.find((vector) => vector.scheme === scheme && vector.password === "correct horse")!.stored;

/** Computes in this thread and writes down the work it was given. */
class RecordingRunner implements HashRunner {
  readonly work: string[] = [];
  readonly pending = 0;
  answer: HashPoolOutcome | undefined;
  async run(stored: SlowHash, password: Uint8Array): Promise<HashPoolOutcome> {
    this.work.push(hashProfile(stored));
    return this.answer ?? (matchesSlowHash(stored, password) ? "match" : "mismatch");
  }
  async close(): Promise<void> {}
}

function recording(options: { allowCleartext?: boolean } = {}) {
  const runner = new RecordingRunner();
  return { runner, verifier: new PasswordVerifier({ allowCleartext: options.allowCleartext ?? false }, runner) };
}

describe("verifying a password", () => {
  const pool = new HashPool({ maxWorkers: 2 });
  const verifier = new PasswordVerifier({ allowCleartext: false }, pool);
  afterAll(() => verifier.close());

  it("answers a digest at once, without a promise", () => {
    expect(verifier.verify("ann", storedOf("{SSHA}"), right)).toBe("match");
    expect(verifier.verify("ann", storedOf("{SSHA}"), wrong)).toBe("mismatch");
  });

  it.each(["{ARGON2ID}", "{PBKDF2-SHA512}", "bcrypt", "sha512crypt", "md5crypt"])(
    "answers %s from a worker",
    async (scheme) => {
      const answers = [
        verifier.verify("ann", storedOf(scheme), right),
        verifier.verify("ann", storedOf(scheme), wrong),
      ];
      expect(answers.every((answer) => answer instanceof Promise)).toBe(true);
      expect(verifier.pending).toBe(2);
      expect(await Promise.all(answers)).toEqual(["match", "mismatch"]);
    },
  );

  it("matches neither an empty password nor one beyond the length limit, whatever is stored", () => {
    const sha = (password: Uint8Array) => `{SHA}${createHash("sha1").update(password).digest("base64")}`;
    const longest = Buffer.alloc(maxPasswordBytes, 65);
    const tooLong = Buffer.alloc(maxPasswordBytes + 1, 65);
    expect(
      [Buffer.alloc(0), longest, tooLong].map((password) => verifier.verify("ann", sha(password), password)),
    ).toEqual(["mismatch", "match", "mismatch"]);
  });

  it("says why a stored value admits nobody", async () => {
    const refused = ["!", "{SASL}ann", "{SSHA}?", `$6$rounds=2000000$a$${"a".repeat(86)}`];
    const answers = await Promise.all(refused.map((stored) => verifier.verify("ann", stored, right)));
    expect(answers).toEqual(["locked", "unsupported", "malformed", "tooCostly"]);
  });

  it("tells an overloaded machine from a wrong password", async () => {
    const { runner, verifier } = recording();
    verifier.observe(storedOf("bcrypt"));
    for (const answer of ["busy", "failed"] as const) {
      runner.answer = answer;
      expect(await verifier.verify("ann", storedOf("bcrypt"), right)).toBe(answer);
      expect(await verifier.verify("ann", "{SASL}ann", right)).toBe(answer);
      expect(await verifier.verifyDummy("nobody", right)).toBe(answer);
    }
  });
});

describe("a user who does not exist", () => {
  it.each(["{ARGON2ID}", "{PBKDF2-SHA512}", "bcrypt", "sha512crypt", "md5crypt"])(
    "is given the work of a wrong password where hashes are %s",
    async (scheme) => {
      const { runner, verifier } = recording();
      verifier.observe(storedOf(scheme));
      const outcomes = [
        await verifier.verify("ann", storedOf(scheme), wrong),
        await verifier.verifyDummy("nobody", wrong),
        await verifier.verify("locked", "!", wrong),
        await verifier.verify("foreign", "{SASL}foreign", wrong),
      ];
      expect(outcomes).toEqual(["mismatch", "mismatch", "locked", "unsupported"]);
      expect(runner.work).toEqual(Array(4).fill(runner.work[0]));
    },
  );

  it("is answered without a promise where hashes are fast, as a wrong password is", () => {
    const { verifier } = recording();
    verifier.observe(storedOf("{SSHA}"));
    expect(verifier.verifyDummy("nobody", wrong)).toBe("mismatch");
  });

  it("is never let in, not even where clear text is allowed", async () => {
    for (const { stored } of vectors) {
      const { verifier } = recording({ allowCleartext: true });
      verifier.observe(stored);
      expect(await verifier.verifyDummy("nobody", right)).toBe("mismatch");
    }
  });

  it("takes a share of the schemes like the directory's, and the same one each time", async () => {
    const { runner, verifier } = recording();
    for (let user = 0; user < 300; user += 1) {
      const salt = user.toString(36).padStart(4, "0");
      verifier.observe(user % 3 === 0 ? `$6$${salt}$${"a".repeat(86)}` : `$1$${salt}$${"a".repeat(22)}`);
    }
    const names = Array.from({ length: 300 }, (_, index) => `nobody${index}`);
    for (const name of [...names, ...names]) await verifier.verifyDummy(name, wrong);
    expect(runner.work.slice(300)).toEqual(runner.work.slice(0, 300));
    const share = runner.work.filter((profile) => profile.startsWith("sha512crypt")).length / 600;
    expect(share).toBeGreaterThan(1 / 3 - 0.14);
    expect(share).toBeLessThan(1 / 3 + 0.14);
  });

  it("does not look like the service account that logs in a thousand times as often as everybody else", async () => {
    const { runner, verifier } = recording();
    for (let user = 0; user < 200; user += 1) verifier.observe(`$1$${user.toString(36)}$${"a".repeat(22)}`);
    for (let login = 0; login < 1000; login += 1) verifier.verify("service", storedOf("{SSHA}"), right);
    for (let index = 0; index < 100; index += 1) await verifier.verifyDummy(`nobody${index}`, wrong);
    expect(runner.work.length).toBeGreaterThan(90);
  });

  it("does the work of a new scheme once the directory has moved to it", async () => {
    const { runner, verifier } = recording();
    for (let user = 0; user < 9000; user += 1) verifier.observe(`$1$${user.toString(36)}$${"a".repeat(22)}`);
    for (let user = 0; user < 90_000; user += 1)
      verifier.observe(`$5$rounds=1000$${user.toString(36)}$${"a".repeat(43)}`);
    for (let index = 0; index < 50; index += 1) await verifier.verifyDummy(`nobody${index}`, wrong);
    expect(runner.work.filter((profile) => profile === "sha256crypt rounds=1000").length).toBeGreaterThan(45);
  });
});

describe("a bind that is refused before its password is looked at", () => {
  it("waits about as long as a slow hash takes, and does no work", async () => {
    const { runner, verifier } = recording();
    verifier.observe(storedOf("sha512crypt"));
    await verifier.verify("ann", storedOf("sha512crypt"), wrong);
    const work = runner.work.length;
    const startMs = performance.now();
    await verifier.pause("ann");
    expect(performance.now() - startMs).toBeGreaterThan(1);
    expect(runner.work.length).toBe(work);
  });

  it("does not wait where hashes are fast", () => {
    const { verifier } = recording();
    verifier.observe(storedOf("{SSHA}"));
    expect(verifier.pause("ann")).toBeUndefined();
  });
});

it("never rejects and never matches by accident, whatever row and password meet", async () => {
  const { verifier } = recording();
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.uint8Array({ maxLength: 64 }), async (stored, password) => {
      expect(await verifier.verify("ann", stored, password)).not.toBe("match");
    }),
  );
});
