import { createHash, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesCleartext, matchesDigest } from "../../src/password/digest.ts";
import { parseStoredHash, schemeOf } from "../../src/password/scheme.ts";
import { matchesSlowHash } from "../../src/password/slow-hash.ts";
import { defaultHashLimits, type HashRefusal } from "../../src/password/stored-hash.ts";
import binaryVectors from "./binary-vectors.json" with { type: "json" };
import vectors from "./vectors.json" with { type: "json" };

/** The outcome in this thread. */
function compare(stored: string, password: string | Uint8Array, allowCleartext = false): boolean | HashRefusal {
  const hash = parseStoredHash(stored, { allowCleartext });
  if (typeof hash === "string") return hash;
  const bytes = typeof password === "string" ? Buffer.from(password) : password;
  if (hash.kind === "digest") return matchesDigest(hash, bytes);
  return hash.kind === "cleartext" ? matchesCleartext(hash, bytes) : matchesSlowHash(hash, bytes);
}

describe("hashes that other programs made", () => {
  it.each(vectors)("verifies $scheme of $madeBy for $password", ({ scheme, password, stored }) => {
    expect({
      scheme: schemeOf(stored),
      right: compare(stored, password),
      longer: compare(stored, `${password} `),
      otherCase: compare(stored, password.toUpperCase()),
    }).toEqual({ scheme, right: true, longer: false, otherCase: false });
  });

  it.each(binaryVectors)("verifies crypt hashes by libxcrypt of the bytes $passwordHex", ({ passwordHex, stored }) => {
    const password = Buffer.from(passwordHex, "hex");
    const changed = Buffer.from(password);
    changed[0]! ^= 1;
    expect(stored.map((hash) => [compare(hash, password), compare(hash, changed)])).toEqual(
      stored.map(() => [true, false]),
    );
  });

  it("verifies Django's pbkdf2_sha256, whose salt is its own text", () => {
    const key = pbkdf2Sync("correct horse", "RMBOL9PBmcmTm3jj", 1000, 32, "sha256").toString("base64");
    expect(compare(`pbkdf2_sha256$1000$RMBOL9PBmcmTm3jj$${key}`, "correct horse")).toBe(true);
    expect(compare(`pbkdf2_sha256$1000$RMBOL9PBmcmTm3jk$${key}`, "correct horse")).toBe(false);
  });
});

describe("how a scheme may be spelt", () => {
  const ssha = vectors[0]!.stored;
  const sha512crypt = vectors.find(({ stored }) => stored.startsWith("$6$"))!.stored;
  const argon2 = vectors.find(({ stored }) => stored.startsWith("$argon2id$"))!.stored;

  it.each([
    ["a lower-case prefix", ssha.replace("{SSHA}", "{ssha}")],
    ["a mixed-case prefix", ssha.replace("{SSHA}", "{sShA}")],
    ["base64 without padding", ssha.replace(/=*$/, "")],
    ["base64 over two lines", `${ssha.slice(0, 20)}\n ${ssha.slice(20)}`],
    ["a trailing line end", `${ssha}\n`],
    ["{crypt} before a crypt hash", `{crypt}${sha512crypt}`],
    ["{ARGON2} before an argon2 hash", `{ARGON2}${argon2}`],
    ["{CRYPT} before an argon2 hash", `{CRYPT}${argon2}`],
    ["argon2 parameters in another order", argon2.replace("m=1024,t=2,p=2", "t=2,p=2,m=1024")],
  ])("accepts %s", (_, stored) => expect(compare(stored, "correct horse")).toBe(true));

  it("takes $2a$, $2b$ and $2y$ for the same hash", () => {
    const { stored, password } = vectors.find(({ stored }) => stored.startsWith("$2y$"))!;
    expect(["$2a$", "$2b$", "$2y$"].map((id) => compare(stored.replace("$2y$", id), password))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("compares the first 72 bytes with bcrypt, as every implementation does", () => {
    const { passwordHex, stored } = binaryVectors.find(({ passwordHex }) => passwordHex.length === 144)!;
    const bcrypt = stored.find((hash) => hash.startsWith("$2b$"))!;
    const password = Buffer.from(passwordHex, "hex");
    expect(compare(bcrypt, Buffer.concat([password, Buffer.from("more")]))).toBe(true);
    expect(compare(bcrypt, password.subarray(0, 71))).toBe(false);
  });
});

describe("any bytes as a password", () => {
  const password = fc.uint8Array({ minLength: 1, maxLength: 100 });
  const digests = fc.constantFrom(
    ["SSHA", "sha1"],
    ["SMD5", "md5"],
    ["SSHA256", "sha256"],
    ["SSHA384", "sha384"],
    ["SSHA512", "sha512"],
  );

  it("match their salted digest, NUL and invalid UTF-8 included, and no other bytes do", () => {
    fc.assert(
      fc.property(
        password,
        password,
        fc.uint8Array({ minLength: 1, maxLength: 32 }),
        digests,
        (right, other, salt, [name, algorithm]) => {
          const digest = createHash(algorithm!).update(right).update(salt).digest();
          const stored = `{${name}}${Buffer.concat([digest, salt]).toString("base64")}`;
          expect(compare(stored, right)).toBe(true);
          expect(compare(stored, other)).toBe(Buffer.compare(right, other) === 0);
        },
      ),
    );
  });

  it("never match a crypt hash when they hold NUL, where crypt(3) would stop reading", () => {
    for (const { stored, passwordHex } of binaryVectors.slice(0, 4)) {
      const password = Buffer.from(`${passwordHex}0041`, "hex");
      expect(stored.map((hash) => compare(hash, password))).toEqual(stored.map(() => false));
    }
  });
});

describe("clear text", () => {
  it("is compared only where it is allowed", () => {
    const stored = ["{CLEARTEXT}pässwörd ✓", "{clear}pässwörd ✓", "pässwörd ✓"];
    expect(stored.map((text) => compare(text, "pässwörd ✓", true))).toEqual([true, true, true]);
    expect(stored.map((text) => compare(text, "pässwörd", true))).toEqual([false, false, false]);
    expect(stored.map((text) => compare(text, "pässwörd ✓"))).toEqual(["unsupported", "unsupported", "unsupported"]);
  });

  it("is never what begins like a hash: the hash would be the password", () => {
    const hashes = [
      "$y$j9T$WXqyGvYaGdaoDhuL$SNbD8uxudKtdFktP",
      "{SASL}ann@EXAMPLE.COM",
      "{FOO}bar",
      "{CRYPT}ZcZtdgfYWV3CA",
    ];
    expect(hashes.map((text) => compare(text, text, true))).toEqual(Array(4).fill("unsupported"));
    expect(compare("{SSHA}AAAA", "{SSHA}AAAA", true)).toBe("malformed");
  });

  it.each([
    "!",
    "!!",
    "*",
    "*0",
    "*LK*",
    "*NP*",
    "x",
    "!*",
    "!$6$salt$hash",
    "!{SSHA}abcd",
    "{CRYPT}!",
    "{CRYPT}*",
    "{crypt}!!$6$a$b",
  ])("is never the mark of a locked account: %s", (mark) => {
    expect(compare(mark, mark, true)).toBe("locked");
    expect(schemeOf(mark)).toBe("locked");
  });
});

describe("stored values that are refused", () => {
  const bcryptBody = "pG/40qxYyPzSCOAchhbHluGv4ib9c14graDaCIVLvL0cBRcFj9NQ6";
  const argon2 = (head: string, salt = "c29tZXNhbHQxMjM", tag = "A".repeat(43)) => `$argon2${head}$${salt}$${tag}`;
  const pbkdf2 = (iterations: string) => `{PBKDF2-SHA256}${iterations}$13QFHpn9dww1rSzOjdGxAw$${"A".repeat(43)}`;

  it.each<[HashRefusal, string, string]>([
    ["unsupported", "yescrypt", "$y$j9T$WXqyGvYaGdaoDhuL/vM2m0$SNbD8uxudKtdFktPuFAJV8oRNfJXR2JT9FdD270B5N5"],
    ["unsupported", "yescrypt", "{CRYPT}$y$j9T$WXqyGvYaGdaoDhuL/vM2m0$SNbD8uxudKtdFktPuFAJV8oRNfJXR2JT9FdD270B5N5"],
    ["unsupported", "descrypt", "{CRYPT}ZcZtdgfYWV3CA"],
    ["unsupported", "bcrypt-2x", `$2x$10$${bcryptBody}`],
    ["unsupported", "{SASL}", "{SASL}ann@EXAMPLE.COM"],
    ["unsupported", "unknown", "{hunter2}whatever"],
    ["unsupported", "unknown", "$hunter2$whatever"],
    ["unsupported", "cleartext", "hunter2"],
    ["unsupported", "{ARGON2I}", argon2("i$v=16$m=256,t=2,p=1")],
    ["unsupported", "{ARGON2I}", argon2("i$m=256,t=2,p=1")],
    ["unsupported", "{ARGON2ID}", argon2("id$v=19$m=256,t=2,p=1,keyid=AAAA")],
    ["malformed", "cleartext", ""],
    ["malformed", "{SSHA}", "{SSHA}"],
    ["malformed", "{SSHA}", "{SSHA}not base64!"],
    ["malformed", "{SSHA}", `{SSHA}${Buffer.alloc(20).toString("base64")}`],
    ["malformed", "{SHA}", `{SHA}${Buffer.alloc(21).toString("base64")}`],
    ["malformed", "{SHA512}", `{SHA512}${Buffer.alloc(63).toString("base64")}`],
    ["malformed", "{PBKDF2-SHA256}", pbkdf2("0")],
    ["malformed", "{PBKDF2-SHA256}", "{PBKDF2-SHA256}1000$13QFHpn9dww1rSzOjdGxAw$AAAA"],
    ["malformed", "{PBKDF2_SHA256}", "{PBKDF2_SHA256}AAAgAA=="],
    ["malformed", "{ARGON2}", "{ARGON2}m=256,t=2,p=1"],
    ["malformed", "{ARGON2ID}", argon2("id$v=19$m=256,t=2")],
    ["malformed", "{ARGON2ID}", argon2("id$v=19$m=256,t=2,p=1,p=1")],
    ["malformed", "{ARGON2ID}", argon2("id$v=19$m=7,t=2,p=1")],
    ["malformed", "{ARGON2ID}", argon2("id$v=19$m=256,t=2,p=1", "c2FsdA")],
    ["malformed", "{ARGON2ID}", argon2("id$v=19$m=256,t=2,p=1", undefined, "AAAA")],
    ["malformed", "sha512crypt", `$6$rounds=999$salt$${"a".repeat(86)}`],
    ["malformed", "sha512crypt", `$6$rounds=01000$salt$${"a".repeat(86)}`],
    ["malformed", "sha512crypt", `$6$saltsaltsaltsalts$${"a".repeat(86)}`],
    ["malformed", "sha512crypt", `$6$salt$${"a".repeat(43)}`],
    ["malformed", "sha256crypt", `$5$salt$${"a".repeat(86)}`],
    ["malformed", "md5crypt", "$1$saltsalts$aaaaaaaaaaaaaaaaaaaaaa"],
    ["malformed", "bcrypt", `$2b$03$${bcryptBody}`],
    ["malformed", "bcrypt", `$2b$10$${bcryptBody.slice(1)}`],
    ["tooCostly", "{PBKDF2-SHA256}", pbkdf2("2000001")],
    ["tooCostly", "{PBKDF2-SHA256}", pbkdf2("9999999999")],
    ["tooCostly", "{ARGON2ID}", argon2("id$v=19$m=262145,t=1,p=1")],
    ["tooCostly", "{ARGON2ID}", argon2("id$v=19$m=65536,t=17,p=1")],
    ["tooCostly", "sha512crypt", `$6$rounds=1000001$salt$${"a".repeat(86)}`],
    ["tooCostly", "bcrypt", `$2b$15$${bcryptBody}`],
  ])("are %s (%s): %s", (refusal, scheme, stored) => {
    expect({ refusal: compare(stored, "hunter2"), scheme: schemeOf(stored) }).toEqual({ refusal, scheme });
  });

  it("are too costly in 389-DS's fixed form by the eight blocks that it derives", () => {
    const bytes = Buffer.alloc(324);
    bytes.writeUInt32BE(250_001);
    expect(compare(`{PBKDF2_SHA256}${bytes.toString("base64")}`, "x")).toBe("tooCostly");
  });

  it("never throw, whatever the row holds, and never match the row's own text", () => {
    const cheap = {
      ...defaultHashLimits,
      argon2WorkKib: 2048,
      pbkdf2Iterations: 2000,
      cryptRounds: 1500,
      bcryptCost: 4,
    };
    const genuine = fc.constantFrom(...vectors.map(({ stored }) => stored));
    const mutated = fc
      .tuple(genuine, fc.nat(120), fc.string({ maxLength: 3 }))
      .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 200 }), mutated), (stored) => {
        const hash = parseStoredHash(stored, { allowCleartext: false, limits: cheap });
        expect(typeof schemeOf(stored)).toBe("string");
        if (typeof hash === "string" || hash.kind === "cleartext") return;
        const matches =
          hash.kind === "digest"
            ? matchesDigest(hash, Buffer.from(stored))
            : matchesSlowHash(hash, Buffer.from(stored));
        expect(matches).toBe(false);
      }),
    );
  });
});
