import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIni } from "../../src/inputs/ini.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

const comment = /^[#;]/;

function fileOf(text: string): SourceFile {
  return new SourceFile({ path: "a.conf", absolutePath: "/a.conf", text });
}

test("each value has its place, and an empty one the end of its line", () => {
  const text = "\ufeff# comment\r\n[a b]\r\n  Key =  some text \r\nempty =\n; other\n[c]\nx=y=z\n";
  const { root, place } = read(text);
  expect(root).toEqual({ "a b": { key: "some text", empty: "" }, c: { x: "y=z" } });
  expect([place("a b", "key"), place("a b", "empty"), place("c", "x")]).toEqual([
    { line: 3, column: 10, text: "some text" },
    { line: 4, column: 8, text: "" },
    { line: 7, column: 3, text: "y=z" },
  ]);
});

test("a section that comes again goes on, and of a key that comes again the last counts", () => {
  expect(read("[a]\nx = 1\n[b]\ny = 2\n[a]\nx = 3\nz = 4\n").root).toEqual({ a: { x: "3", z: "4" }, b: { y: "2" } });
});

test.each([
  ["[a]\nx\n", "this line is neither `key = value` nor a [section]", 2],
  ["[a]\n= x\n", "this line has no name before its `=`", 2],
  ["x = 1\n[a]\n", "this stands before the first [section]", 1],
  ["[a]\n\n[b\n", "this section has no closing bracket at the end of its line", 3],
])("%j is refused", (text, message, line) => {
  expect(() => parseIni(fileOf(text), { comment })).toThrow(
    expect.objectContaining({ message, location: expect.objectContaining({ line }) }),
  );
});

test("what is written is read back, and whatever else is read is an InputError at most", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_/]{0,10}$/);
  const value = fc.stringMatching(/^(?:[^\s=;#[\]](?:[^\r\n]{0,10}[^\s])?)?$/).filter((text) => text.trim() === text);
  fc.assert(
    fc.property(fc.dictionary(name, fc.dictionary(name, value)), fc.constantFrom("\n", "\r\n"), (sections, end) => {
      const lines = Object.entries(sections).flatMap(([section, keys]) => [
        `[${section}]`,
        ...Object.entries(keys).map(([key, text]) => `${key} = ${text}`),
      ]);
      const { root, place } = read(lines.map((line) => `${line}${end}`).join(""));
      expect(root).toEqual({ ...sections });
      for (const [section, keys] of Object.entries(sections)) {
        for (const [key, text] of Object.entries(keys)) expect(place(section, key).text).toBe(text);
      }
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[[\]=#;a \n]{0,30}$/)), (text) => {
      try {
        parseIni(fileOf(text), { comment });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});

function read(text: string) {
  const root = parseIni(fileOf(text), { comment });
  return {
    root: root.value,
    place: (...path: string[]) => {
      const { line, column, start, end } = root.get(...path)!.location;
      return { line, column, text: text.slice(start, end) };
    },
  };
}
