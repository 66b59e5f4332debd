/** Texts that `espalier init` writes into espalier.yaml are the texts that are read from it, whatever they are. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { block, flowScalar, scalar } from "../../packages/espalier/src/init/yaml-text.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.stringMatching(/^[ -~]{1,20}$/),
  fc.constantFrom(
    "yes",
    "null",
    "1",
    "1e3",
    "0x10",
    "1:30",
    "- a",
    "a: b",
    "a #b",
    `\${HOME}`,
    "$$",
    "~",
    "*",
    "a,b",
    "[x]",
    "2024-01-01",
    ".inf",
  ),
);
/** As the loader does it. */
const filledIn = (written: unknown) => String(written).replaceAll("$$", "$");

it("on a line of their own, and in lists between brackets", () => {
  fc.assert(
    fc.property(text, text, (first, second) => {
      const read = parse(`key: ${scalar(first)}\nlist: [${flowScalar(first)}, ${flowScalar(second)}]\n`);
      expect(typeof read.key).toBe("string");
      expect([read.key, ...read.list].map(filledIn)).toEqual([first, first, second]);
    }),
  );
});

it("as blocks of several lines", () => {
  const line = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
      const read = parse(`outer:\n${block("key", lines.join("\n"), 2)}\n`);
      expect(filledIn(read.outer.key)).toBe(`${lines.join("\n")}\n`);
    }),
  );
});
