import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpolate } from "../../src/configuration/interpolation.ts";

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/);
const defaultText = fc.string().filter((text) => !text.includes("}"));

describe("filling in text", () => {
  it("gives any text back when its dollar signs are doubled", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(interpolate(text.replaceAll("$", "$$$$"), () => undefined)).toEqual({ text });
      }),
    );
  });

  it("puts a value in as it is, whatever it holds, and does not look through it again", () => {
    fc.assert(
      fc.property(name, fc.string(), fc.string(), fc.string(), (variable, value, before, after) => {
        const doubled = (text: string) => text.replaceAll("$", "$$$$");
        const filled = interpolate(`${doubled(before)}\${${variable}}${doubled(after)}`, (asked) =>
          asked === variable ? value : undefined,
        );
        expect(filled).toEqual({ text: before + value + after });
      }),
    );
  });

  it("takes the default exactly when the variable is not set", () => {
    fc.assert(
      fc.property(name, defaultText, fc.option(fc.string(), { nil: undefined }), (variable, fallback, value) => {
        expect(interpolate(`\${${variable}:-${fallback}}`, () => value)).toEqual({ text: value ?? fallback });
      }),
    );
  });

  it("either fills in everything or says what it could not, for any text at all", () => {
    const piece = fc.oneof(fc.constantFrom("$", "${", "}", ":-", "$$", "NAME", " "), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const result = interpolate(text, (asked) => (asked === "NAME" ? "value" : undefined));
        if (!text.includes("$")) expect(result).toEqual({ text });
        else expect(Object.keys(result)).toHaveLength(1);
      }),
    );
  });

  it.each([
    ["a lone dollar sign stays", "pa$word $1 $", { text: "pa$word $1 $" }],
    ["two make one, three two", "$$ $$$", { text: "$ $$" }],
    ["a doubled one is no reference", "$$\u007bA}", { text: "$\u007bA}" }],
    ["an empty default", "x\u0024{B:-}y", { text: "xy" }],
  ])("%s", (_, text, expected) => {
    expect(interpolate(text, () => undefined)).toEqual(expected);
  });

  it.each(["\u0024{}", "\u0024{1A}", "\u0024{A-b}", "\u0024{A", "\u0024{A:default}", "\u0024{ A }"])(
    "refuses %s",
    (text) => {
      const sentence = `${text} is not \${NAME} or \${NAME:-default}: write $$ where a dollar sign is meant`;
      expect(interpolate(text, () => "x")).toEqual({ problem: sentence });
    },
  );

  it("names every variable that is not set", () => {
    expect(interpolate(`\${A}\${B:-b}\${C}`, () => undefined)).toEqual({
      problem:
        `\${A}: the variable A is not set: set it, or write \${A:-default}; ` +
        `\${C}: the variable C is not set: set it, or write \${C:-default}`,
    });
  });
});
