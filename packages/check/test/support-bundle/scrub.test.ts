import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scrubber } from "../../src/support-bundle/scrub.ts";

const nobody = new Scrubber([]);

describe("scrubbing", () => {
  it("takes a known secret out of whatever text, in whatever spelling", () => {
    const secret = fc
      .string({ minLength: 6, unit: "grapheme" })
      .filter((text) => text.trim().length >= 6 && !"[secret]".includes(text));
    const spelling = fc.constantFrom<(text: string) => string>(
      (text) => text,
      encodeURIComponent,
      (text) => JSON.stringify(text).slice(1, -1),
      (text) => Buffer.from(text).toString("base64"),
      (text) => Buffer.from(text).toString("base64url"),
      (text) => Buffer.from(text).toString("hex"),
    );
    fc.assert(
      fc.property(secret, spelling, (text, spell) => {
        const isSpellable = text.isWellFormed();
        fc.pre(isSpellable);
        const scrubbed = new Scrubber([text]).text(`before ${spell(text)} after`);
        expect(scrubbed).not.toContain(spell(text));
      }),
    );
  });

  it.each([
    ['password = "hunter2"', "password = [secret]"],
    ["SQL_PASSWORD=hunter2 next", "SQL_PASSWORD=[secret] next"],
    ["bind_password: hunter2", "bind_password: [secret]"],
    ["postgres://ann:hunter2@db/people", "postgres://ann:[secret]@db/people"],
    ["Authorization: Bearer abc.def-123", "Authorization: [secret] [secret]"],
    ["got Bearer abc.def-123, refused", "got Bearer [secret], refused"],
    ["userPassword {SSHA}aGFzaA== of ann", "userPassword [secret] of ann"],
    ["hash $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA ends", "hash [secret] ends"],
    ["-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nafter", "[secret]\nafter"],
    ["AGE-SECRET-KEY-1QQQQ", "[secret]"],
    ["whsec_c2VjcmV0", "[secret]"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln", "[secret]"],
  ])("takes the secret out of %j by its look", (text, scrubbed) => {
    expect(nobody.text(text)).toBe(scrubbed);
  });

  it.each(["the password of ann expires in 3 days", "binds=3 searches=4", "passwordPolicy is on", "tokens left 5"])(
    "leaves %j as it is",
    (text) => {
      expect(nobody.text(text)).toBe(text);
    },
  );

  it("goes by the names of keys in JSON, at any depth, and leaves groups of settings", () => {
    const value = {
      gateway: { sql: { url: "postgres://ann:hunter2@db/people" }, keyContent: "MII" },
      notify: { apiKeys: ["one", "two"], channels: [{ password: "hunter2", to: ["ann@example.com"] }] },
      clusters: [{ password_policy: { min_length: 8 }, bind_password: 12_345 }],
    };
    expect(nobody.json(value)).toEqual({
      gateway: { sql: { url: "postgres://ann:[secret]@db/people" }, keyContent: "[secret]" },
      notify: { apiKeys: "[secret]", channels: [{ password: "[secret]", to: ["ann@example.com"] }] },
      clusters: [{ password_policy: { min_length: 8 }, bind_password: "[secret]" }],
    });
  });

  it("reads a log line by line, of JSON or not", () => {
    const log = '{"level":30,"password":"hunter2","msg":"token=abc"}\nplain password=hunter2\n{"cut off';
    expect(nobody.log(log)).toBe(
      '{"level":30,"password":"[secret]","msg":"token=[secret]"}\nplain password=[secret]\n{"cut off',
    );
  });
});
