import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ConfigNode } from "../../src/inputs/config-node.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { parseYaml } from "../../src/inputs/yaml.ts";

function fileOf(text: string): SourceFile {
  return new SourceFile({ path: "a.yaml", absolutePath: "/site/a.yaml", text });
}

function read(text: string): ConfigNode {
  return parseYaml(fileOf(text))[0]!;
}

test("a scalar is told with its value, what is written, its key and its place", () => {
  const node = read("a:\n  port: 0x10 # hex\n").get("a", "port")!;
  expect(node).toMatchObject({
    content: 16,
    written: "0x10",
    path: ["a", "port"],
    sourcePath: ["a", "port"],
    location: { file: "a.yaml", line: 2, column: 9, start: 11, end: 15 },
    keyLocation: { file: "a.yaml", line: 2, column: 3, start: 5, end: 9 },
  });
});

test("what an alias takes over is where it is used, and is told where it is written", () => {
  const node = read("base: &base\n  image: x\nweb: *base\n").get("web", "image")!;
  expect(node).toMatchObject({
    path: ["web", "image"],
    sourcePath: ["web", "image"],
    location: { line: 2, column: 10 },
  });
});

test("a merge key brings what is not there, the first of several first, and is in the path of an edit", () => {
  const root = read(`
one: &one {a: 1, b: 1}
two: &two {b: 2, c: 2}
all:
  <<: [*one, *two]
  c: 3
`);
  expect(root.get("all")?.value).toEqual({ c: 3, a: 1, b: 1 });
  expect(root.get("all", "b")).toMatchObject({
    path: ["all", "b"],
    sourcePath: ["all", "<<", "b"],
    location: { line: 2 },
  });
  expect(root.get("all", "c")).toMatchObject({ sourcePath: ["all", "c"] });
});

test("a merge key that is merged itself brings all of it", () => {
  const root = read("a: &a {x: 1}\nb: &b\n  <<: *a\n  y: 2\nc:\n  <<: *b\n");
  expect(root.get("c")?.value).toEqual({ y: 2, x: 1 });
  expect(root.get("c", "x")?.sourcePath).toEqual(["c", "<<", "<<", "x"]);
});

test("of several documents each has its number in the paths of edits, also where others are empty", () => {
  const roots = parseYaml(fileOf("a: 1\n---\n# nothing\n---\nb: [2]\n"));
  expect(roots.map((root) => root.value)).toEqual([{ a: 1 }, null, { b: [2] }]);
  expect(roots[0]?.get("a")).toMatchObject({ path: ["a"], sourcePath: [0, "a"] });
  expect(roots[2]?.get("b", 0)).toMatchObject({ path: ["b", 0], sourcePath: [2, "b", 0] });
});

test("an anchor that is given twice means the one above the alias, also where that is read again", () => {
  const root = read("a: &x 1\nlist: &list [*x]\nb: &x 2\nagain: *list\nlast: *x\n");
  expect(root.value).toEqual({ a: 1, list: [1], b: 2, again: [1], last: 2 });
});

test("tags are kept, and their values are read as without them", () => {
  const root = read("a: !reset null\nb: !override [1]\nc: !custom {x: 1}\n");
  expect(root.value).toEqual({ a: "null", b: [1], c: { x: 1 } });
  expect(root.entries().map(([, node]) => node.tag)).toEqual(["!reset", "!override", "!custom"]);
});

test("each document of a file is read, and an empty file has none", () => {
  expect(parseYaml(fileOf("a: 1\n---\nb: 2\n")).map(({ value }) => value)).toEqual([{ a: 1 }, { b: 2 }]);
  expect(parseYaml(fileOf("# nothing\n"))).toEqual([]);
  expect(parseYaml(fileOf(""))).toEqual([]);
});

test("a key without a value is null, and has a place", () => {
  expect(read("a:\nb: 1\n").get("a")).toMatchObject({ content: null, location: { line: 1 } });
});

test.each([
  ["a: *nothing\n", "there is no anchor &nothing before this", 1],
  ["a: &a\n  b: *a\n", "the alias *a is within its own anchor", 2],
  ["a: 1\na: 2\n", "this is not YAML: Map keys must be unique", 2],
  ["a: [1\n", "this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]", 2],
])("%j is refused, and says where", (text, message, line) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ message, location: expect.objectContaining({ line }) }));
});

test("aliases of aliases that make a small file large are refused", () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  expect(() => read(["l0: &l0 x", ...levels].join("\n"))).toThrow(InputError);
});

test("what is nested thousands of times is refused", () => {
  expect(() => read("[".repeat(50_000))).toThrow(InputError);
});

test("each value is what the text at its place says, and is found by its path", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== "<<" && key !== "__proto__"),
        tie("value"),
        { maxKeys: 4 },
      ),
    ),
  })).value;
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1 }),
      fc.constantFrom("PLAIN", "QUOTE_DOUBLE"),
      (values, defaultStringType) => {
        const file = fileOf(stringify(values, { defaultStringType } as never));
        const root = parseYaml(file)[0]!;
        expect(root.value).toEqual(values);
        for (const node of scalarsBelow(root)) {
          expect(root.get(...node.sourcePath)).toBe(node);
          // A block scalar has no meaning without the indentation of its line.
          const text = file.text.slice(node.location.start, node.location.end);
          if (!/^[|>]/.test(text)) expect(parse(text) ?? null).toEqual(node.value);
        }
      },
    ),
  );
});

function scalarsBelow(node: ConfigNode): readonly ConfigNode[] {
  const inner = [...node.entries().map(([, member]) => member), ...node.items()];
  return node.kind === "scalar" ? [node] : inner.flatMap(scalarsBelow);
}

test("whatever text is read, it is YAML or an InputError", () => {
  const unit = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "-",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "'",
    '"',
    "<",
    "#",
    "?",
    ",",
    "%",
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: "binary" })), (text) => {
      try {
        parseYaml(fileOf(text));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 1000 },
  );
});
