/** Random SQL expressions whose value is known, made of everything in which a question mark is no placeholder. */
import fc from "fast-check";
import type { Dialect } from "../../src/source/source.ts";

/** An expression and its value; without a value it is a placeholder. */
export interface Expression {
  readonly sql: string;
  readonly value: string | undefined;
}

/** Text of the characters that mean something to one dialect or another. */
const text = fc.string({ unit: fc.constantFrom(..."?'\"`\\$;-/*#[]E e1\n\u00e9".split("")), maxLength: 12 });
const tag = fc.constantFrom("", "a", "E", "_1", "\u00e9");

const doubled = (content: string, quote: string) => `${quote}${content.replaceAll(quote, quote + quote)}${quote}`;
const escaped = (content: string, quote: string) => doubled(content.replaceAll("\\", "\\\\"), quote);
/** A column that is called by the text. */
const named = (content: string, quoted: string) => ({
  sql: `(SELECT ${quoted} FROM (SELECT 'v' AS ${quoted}) q)`,
  value: "v",
  content,
});
const nameable = text.map((content) => `n${content}`.trim());

const plainComments = [
  // Taken out of `**//`, the end of a comment would leave another one.
  text.filter((content) => !/\*\/|\/\*/.test(content)).map((content) => `/*${content} */`),
  text.map((content) => `-- ${content.replaceAll("\n", "")}\n`),
];

const languages: Readonly<Record<Dialect, { values: fc.Arbitrary<Expression>[]; blanks: fc.Arbitrary<string>[] }>> = {
  postgres: {
    values: [
      text.map((value) => ({ sql: doubled(value, "'"), value })),
      text.map((value) => ({ sql: `E${escaped(value, "'")}`, value })),
      text.map((value) => ({ sql: `e'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`, value })),
      fc.tuple(tag, text).map(([name, content]) => {
        const value = `${content.replaceAll("$", "")} `;
        return { sql: `$${name}$${value}$${name}$`, value };
      }),
      nameable.map((name) => named(name, doubled(name, '"'))),
      fc.constant({ sql: "(SELECT a$b$c FROM (SELECT 'v' AS a$b$c) q)", value: "v" }),
    ],
    blanks: [...plainComments, text.map((content) => `/*? /*${content.replaceAll("/", "")}*/ ?' */`)],
  },
  mysql: {
    values: [
      text.map((value) => ({ sql: escaped(value, "'"), value })),
      text.map((value) => ({ sql: escaped(value, '"'), value })),
      text.map((value) => ({ sql: `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`, value })),
      nameable.map((name) => named(name, doubled(name, "`"))),
      fc.constant({ sql: "CAST(7--1 AS char)", value: "8" }),
    ],
    blanks: [...plainComments, text.map((content) => `#${content.replaceAll("\n", "")}\n`)],
  },
  sqlite: {
    values: [
      text.map((value) => ({ sql: doubled(value, "'"), value })),
      nameable.map((name) => named(name, doubled(name, '"'))),
      nameable.map((name) => named(name, doubled(name, "`"))),
      nameable.map((name) => named(name, `[${name.replaceAll("]", "")}]`)),
      fc.constant({ sql: "?1", value: undefined }),
    ],
    blanks: plainComments,
  },
  get mariadb() {
    return this.mysql;
  },
};

/** Expressions with comments around them, and comments and semicolons for the end of the query. */
export function expressions(dialect: Dialect): fc.Arbitrary<{ list: readonly Expression[]; end: string }> {
  const { values, blanks } = languages[dialect];
  const blank = fc.oneof(fc.constant(" "), ...blanks);
  const expression = fc.oneof(
    { arbitrary: fc.constant<Expression>({ sql: "?", value: undefined }), weight: 3 },
    ...values,
  );
  const spaced = fc
    .tuple(blank, expression, blank)
    .map(([before, { sql, value }, after]): Expression => ({ sql: `${before}${sql}${after}`, value }));
  return fc.record({
    list: fc.array(spaced, { minLength: 1, maxLength: 8 }),
    end: fc.array(fc.oneof(fc.constant(";"), blank), { maxLength: 3 }).map((parts) => parts.join("")),
  });
}
