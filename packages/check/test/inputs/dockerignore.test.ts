/** .dockerignore: which files of a build context stay out. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { isIgnored, parseDockerignore } from "../../src/inputs/dockerignore.ts";

it.each([
  [".env", ".env", true],
  [".env", "deploy/.env", false],
  ["**/.env", "deploy/.env", true],
  ["**/.env", ".env", true],
  ["/.env", ".env", true],
  ["secrets", "secrets/db", true],
  ["secrets/", "secrets/deep/db", true],
  ["*.key", "tls/a.key", false],
  ["*/*.key", "tls/a.key", true],
  ["a?c", "abc", true],
  ["[a-c]x", "bx", true],
  ["[^a]x", "bx", true],
  ["[b-a]x", "bx", false],
  ["# .env", ".env", false],
  ["*\n!keep.env", "keep.env", false],
  ["*\n!keep.env\nkeep*", "keep.env", true],
  ["a.c", "abc", false],
])("%j, and then %s is left out: %s", (text, path, ignored) => {
  expect(isIgnored(parseDockerignore(text), path)).toBe(ignored);
});

it("takes any text, and leaves out a file that is named by itself", () => {
  const name = fc.stringMatching(/^[a-z0-9._-]{1,12}$/).filter((text) => !/^\.+$/.test(text));
  fc.assert(
    fc.property(fc.string(), name, (text, path) => {
      isIgnored(parseDockerignore(text), path);
      expect(isIgnored(parseDockerignore(`${text.replaceAll(/[\r\n]/g, " ")}\n${path}`), path)).toBe(true);
    }),
  );
});
