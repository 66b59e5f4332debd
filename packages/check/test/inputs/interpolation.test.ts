// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import fc from "fast-check";
import { expect, test } from "vitest";
import { InterpolationError, interpolate, type Lookup } from "../../src/inputs/interpolation.ts";

const lookup: Lookup = (name) => {
  const values: Readonly<Record<string, string>> = { SET: "value", EMPTY: "", OTHER: "other" };
  const value = values[name];
  return value === undefined ? undefined : { value, from: "environment" };
};

test.each([
  ["$SET", "value"],
  ["${SET}", "value"],
  ["a-${SET}-$OTHER.b", "a-value-other.b"],
  ["${UNSET}", ""],
  ["$UNSET", ""],
  // :- and -
  ["${SET:-default}", "value"],
  ["${EMPTY:-default}", "default"],
  ["${UNSET:-default}", "default"],
  ["${SET-default}", "value"],
  ["${EMPTY-default}", ""],
  ["${UNSET-default}", "default"],
  ["${UNSET:-}", ""],
  // :+ and +
  ["${SET:+there}", "there"],
  ["${EMPTY:+there}", ""],
  ["${UNSET:+there}", ""],
  ["${SET+there}", "there"],
  ["${EMPTY+there}", "there"],
  ["${UNSET+there}", ""],
  // :? and ? where they are filled
  ["${SET:?must be set}", "value"],
  ["${EMPTY?must be set}", ""],
  // nested
  ["${UNSET:-${OTHER}}", "other"],
  ["${UNSET:-$OTHER}", "other"],
  ["${UNSET:-${ALSO_UNSET:-${SET}-x}}/y", "value-x/y"],
  ["${UNSET?$OTHER}", ""],
  ["${SET:+${OTHER}}", "other"],
  ["${UNSET:-a:b/c?d-e}", "a:b/c?d-e"],
  ["${UNSET:-https://host:80/?q=${SET}&r}", "https://host:80/?q=value&r"],
  // a dollar sign itself
  ["$$SET", "$SET"],
  ["$${SET}", "${SET}"],
  ["$$$SET", "$value"],
  ["$$$$", "$$"],
  ["100$", "100$"],
  ["$1 and $(command)", "$1 and $(command)"],
  ["${UNSET:-$$SET}", "$SET"],
  ["a } brace", "a } brace"],
])("%s is filled in as %s", (text, expected) => {
  expect(interpolate(text, lookup).value).toBe(expected);
});

test("each variable is told with what fills it", () => {
  expect(
    interpolate("$SET ${UNSET} ${EMPTY} ${UNSET:-x} ${UNSET:?why} ${UNSET+y} ${SET-z}", lookup).references,
  ).toEqual([
    { name: "SET", operator: "", from: "environment", isEmpty: false },
    { name: "UNSET", operator: "", from: "nothing", isEmpty: true },
    { name: "EMPTY", operator: "", from: "environment", isEmpty: true },
    { name: "UNSET", operator: ":-", from: "default", isEmpty: false },
    { name: "UNSET", operator: ":?", from: "nothing", isEmpty: true },
    { name: "UNSET", operator: "+", from: "default", isEmpty: true },
    { name: "SET", operator: "-", from: "environment", isEmpty: false },
  ]);
});

test("a variable in a default counts only where the default is used", () => {
  const names = (text: string) => interpolate(text, lookup).references.map(({ name }) => name);
  expect(names("${UNSET:-${INNER}}")).toEqual(["UNSET", "INNER"]);
  expect(names("${SET:-${INNER}}")).toEqual(["SET"]);
});

test.each(["${", "${}", "${SET", "${1}", "${SET/a/b}", "${ SET}", "${UNSET:-${INNER}", "${UNSET:-${}}"])(
  "%s is refused",
  (text) => {
    expect(() => interpolate(text, lookup)).toThrow(InterpolationError);
  },
);

test("a text whose dollar signs are doubled stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "a", "A", ":", "-", "?", " ") }), (text) => {
      expect(interpolate(text.replaceAll("$", "$$$$"), lookup)).toEqual({ value: text, references: [] });
    }),
  );
});

test("the parts of a text are filled in by themselves", () => {
  const literal = fc.stringMatching(/^[a-z :/.-]*$/);
  const name = fc.constantFrom("SET", "EMPTY", "OTHER", "UNSET");
  const part: fc.Arbitrary<{ text: string; value: string }> = fc.letrec<{ part: { text: string; value: string } }>(
    (tie) => ({
      part: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        literal.map((text) => ({ text, value: text })),
        name.map((each) => ({ text: `\${${each}}`, value: lookup(each)?.value ?? "" })),
        fc
          .tuple(name, fc.constantFrom(":-", "-", ":+", "+"), fc.array(tie("part"), { maxLength: 3 }))
          .map(([each, operator, parts]) => {
            const word = {
              text: parts.map(({ text }) => text).join(""),
              value: parts.map(({ value }) => value).join(""),
            };
            const variable = lookup(each);
            const isFilled = variable !== undefined && (operator.length === 1 || variable.value !== "");
            const own = variable?.value ?? "";
            const value = operator.endsWith("-") ? (isFilled ? own : word.value) : isFilled ? word.value : "";
            return { text: `\${${each}${operator}${word.text}}`, value };
          }),
      ),
    }),
  ).part;
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.map((each) => each.text).join("");
      expect(interpolate(text, lookup).value).toBe(parts.map(({ value }) => value).join(""));
    }),
  );
});

test("whatever text is read, it is filled in or refused", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "_", "1", ":", "-", "?", "+", "\n") }),
      (text) => {
        try {
          expect(interpolate(text, lookup).value).toBeTypeOf("string");
        } catch (error) {
          expect(error).toBeInstanceOf(InterpolationError);
        }
      },
    ),
  );
});
