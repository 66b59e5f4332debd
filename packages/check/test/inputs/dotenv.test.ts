// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import fc from "fast-check";
import { expect, test } from "vitest";
import { dotenvFormat, parseDotenv } from "../../src/inputs/dotenv.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string, path = ".env"): SourceFile {
  return new SourceFile({ path, absolutePath: `/site/${path}`, text });
}

function valuesOf(text: string, options: Parameters<typeof parseDotenv>[1] = {}): Record<string, string> {
  const { variables } = parseDotenv(fileOf(text), options);
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

const fromShell = {
  lookup: (name: string) => (name === "HOME" ? { value: "/root", from: "environment" as const } : undefined),
};

// The examples of Docker's "Syntax for .env files", and what its parser does beyond them.
test.each([
  ["VAR=VAL", "VAL"],
  ['VAR="VAL"', "VAL"],
  ["VAR='VAL'", "VAL"],
  ["  VAR = VAL  ", "VAL"],
  ["VAR: VAL", "VAL"],
  ["export VAR=VAL", "VAL"],
  ["VAR=", ""],
  ['VAR=""', ""],
  ["VAR=VAL # comment", "VAL"],
  ["VAR=VAL# not a comment", "VAL# not a comment"],
  ['VAR="VAL # not a comment"', "VAL # not a comment"],
  ['VAR="VAL" # comment', "VAL"],
  ["VAR='$OTHER'", "$OTHER"],
  ["VAR='${OTHER}'", "${OTHER}"],
  ["VAR='Let\\'s go!'", "Let's go!"],
  ['VAR="{\\"hello\\": \\"json\\"}"', '{"hello": "json"}'],
  ['VAR="some\\tvalue"', "some\tvalue"],
  ["VAR='some\\tvalue'", "some\\tvalue"],
  ["VAR=some\\tvalue", "some\\tvalue"],
  ['VAR="a\\nb"', "a\nb"],
  ['VAR="a\\\\b"', "a\\b"],
  ['VAR="a\\\\nb"', "a\\nb"],
  ['VAR="first\nsecond"', "first\nsecond"],
  ["VAR='first\nsecond'", "first\nsecond"],
  ["VAR=a=b=c", "a=b=c"],
  ["VAR=pass$$word", "pass$word"],
  ['VAR="pa\\$word"', "pa$word"],
  ["VAR=${UNSET:-default}", "default"],
  ["VAR=$HOME/x", "/root/x"],
  ['VAR="${HOME}/x"', "/root/x"],
  ["\uFEFFVAR=VAL", "VAL"],
  ["# comment\n\n  # another\nVAR=VAL", "VAL"],
  ["VAR=VAL\r\n", "VAL"],
])("%j sets VAR to %j", (text, expected) => {
  expect(valuesOf(text, fromShell)).toEqual({ VAR: expected });
});

test("a value is filled in from what stands above it, and from the environment before that", () => {
  expect(valuesOf("HOST=db\nHOME=/file\nURL=pg://${HOST}$HOME\n", fromShell)).toEqual({
    HOST: "db",
    HOME: "/file",
    URL: "pg://db/root",
  });
});

test("a name by itself is taken over from the environment, where it has it", () => {
  expect(valuesOf("HOME\nUNSET\nVAR=1\n", fromShell)).toEqual({ HOME: "/root", VAR: "1" });
});

test("names may have dots, dashes and brackets; those that begin with a digit are left out", () => {
  expect(valuesOf("a.b-c[0]=1\n2FA=no\n")).toEqual({ "a.b-c[0]": "1" });
});

test("in the raw format quotes, escapes and variables are nothing but text", () => {
  expect(valuesOf('A="x"\nB=${HOME} # y\nC=\'z', { ...fromShell, isRaw: true })).toEqual({
    A: '"x"',
    B: "${HOME} # y",
    C: "'z",
  });
});

test("each variable is told with what is written, and where", () => {
  const file = fileOf('# secrets\n  export  PASSWORD = "a${B}"  # c\nEMPTY=\n');
  const { variables } = parseDotenv(file);
  expect(variables).toEqual([
    {
      name: "PASSWORD",
      value: "a",
      written: '"a${B}"',
      isLiteral: false,
      location: { file: ".env", line: 2, column: 11, start: 20, end: 38 },
    },
    {
      name: "EMPTY",
      value: "",
      written: "",
      isLiteral: true,
      location: { file: ".env", line: 3, column: 1, start: 44, end: 50 },
    },
  ]);
  expect(file.text.slice(20, 38)).toBe('PASSWORD = "a${B}"');
});

test.each([
  ["A=1", true],
  ["A='$B'", true],
  ["A=$$B", true],
  ["A=x${B:-1}", false],
  ['A="$B"', false],
  ["HOME", false],
])("whether %s has the value itself: %s", (text, expected) => {
  expect(parseDotenv(fileOf(text), fromShell).variables.map(({ isLiteral }) => isLiteral)).toEqual([expected]);
});

test.each([
  ["MY VAR=1", "this line is not of the form NAME=value: a name has letters, digits, _ . - and no spaces", 1],
  ["A=1\n=2", "this line is not of the form NAME=value: a name has letters, digits, _ . - and no spaces", 2],
  ['A=1\nB="x\n', 'the quote " that begins this value is not closed', 2],
  ["A=${", "a ${ is not closed by a brace; write $${ for the text itself", 1],
])("%j is refused, and says where", (text, message, line) => {
  const refusal = (() => {
    try {
      return parseDotenv(fileOf(text));
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(InputError);
  expect(refusal).toMatchObject({ message, location: { file: ".env", line } });
});

test.each([
  [".env", true],
  ["stack/.env.production", true],
  ["stack/ldap.env", true],
  [".env.example", true],
  [".env.gpg", false],
  ["env", false],
  ["src/env.ts", false],
  [".env.schema.json", false],
  [".environment", false],
])("whether %s is an environment file: %s", (path, expected) => {
  expect(dotenvFormat.recognizes(fileOf("", path))).toBe(expected);
});

test("what is written is read back, in each kind of quotes", () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]*$/);
  const double = (value: string) => `"${value.replaceAll(/[\\"]/g, "\\$&").replaceAll("$", "$$$$")}"`;
  const single = (value: string) => `'${value.replaceAll("'", "\\'")}'`;
  const line = fc.oneof(
    fc
      .tuple(name, fc.string({ unit: "binary" }))
      .map(([key, value]) => ({ key, value, text: `${key}=${double(value)}` })),
    // Before a quote a backslash would be taken as its escape.
    fc
      .tuple(
        name,
        fc.string({ unit: "binary" }).filter((value) => !value.includes("\\")),
      )
      .map(([key, value]) => ({ key, value, text: `${key}=${single(value)} # comment` })),
    fc
      .tuple(name, fc.stringMatching(/^[\w/:@.,=-]+$/))
      .map(([key, value]) => ({ key, value, text: `${key}=${value}` })),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom("\n", "\r\n", "\n\n"), (lines, end) => {
      const expected = Object.fromEntries(lines.map(({ key, value }) => [key, value]));
      expect(valuesOf(lines.map(({ text }) => text + end).join(""))).toEqual(expected);
    }),
  );
});

test("whatever text is read, it is an environment file or an InputError", () => {
  const unit = fc.constantFrom("A", "b", "=", ":", '"', "'", "\\", "$", "{", "}", "#", " ", "\n", "\r", "é");
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: "binary" })), fc.boolean(), (text, isRaw) => {
      const file = fileOf(text);
      try {
        for (const { name, location } of parseDotenv(file, { isRaw }).variables) {
          expect(text.slice(location.start, location.end).startsWith(name)).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 1000 },
  );
});
