/** Documents of every style that configuration files have, with random edits: what they say, and which lines they keep. */
import type { JsonValue } from "@espalier/service";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editYaml } from "../../src/engine/yaml-edit/edit-yaml.ts";
import { type Change, changed, type YamlEdit } from "../../src/engine/yaml-edit/model-edit.ts";
import type { ConfigNode, Key } from "../../src/inputs/config-node.ts";
import { SourceFile } from "../../src/inputs/source-file.ts";
import { parseYaml } from "../../src/inputs/yaml.ts";

interface Style {
  readonly step: number;
  readonly listStep: number;
  readonly newline: string;
  readonly isEnded: boolean;
}

type Tree =
  | { readonly scalar: string; readonly comment?: string }
  | { readonly members: readonly (readonly [string, Tree])[]; readonly isFlow: boolean; readonly above?: string }
  | { readonly items: readonly Tree[]; readonly isFlow: boolean; readonly above?: string };

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/);
const scalar = fc.oneof(
  word,
  fc.constantFrom("1", "true", "''", '"a: b # c"', "null", "0.5", "'it''s'", '"\\n"', "~", "80:80", "http://a/b?c", ""),
  fc.constantFrom("|\n@text\n@  more\n", "|+\n@kept\n\n", ">-\n@folded\n@text\n"),
);
const comment = fc.option(fc.constantFrom("# why", "#", "# a: b"), { nil: undefined, freq: 4 });

const tree = fc.letrec<{ tree: Tree; leaf: Tree; map: Tree; list: Tree }>((tie) => ({
  leaf: fc.record({ scalar, comment }) as fc.Arbitrary<Tree>,
  map: fc.record({
    members: fc.uniqueArray(fc.tuple(word, tie("tree")), { maxLength: 3, selector: ([key]) => key }),
    isFlow: fc.boolean(),
    above: comment,
  }) as fc.Arbitrary<Tree>,
  list: fc.record({
    items: fc.array(tie("tree"), { maxLength: 3 }),
    isFlow: fc.boolean(),
    above: comment,
  }) as fc.Arbitrary<Tree>,
  tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("leaf"), tie("map"), tie("list")),
}));

const style: fc.Arbitrary<Style> = fc.record({
  step: fc.constantFrom(2, 4, 3),
  listStep: fc.constantFrom(0, 2),
  newline: fc.constantFrom("\n", "\r\n"),
  isEnded: fc.boolean(),
});

/** In flow style only what can be written in one line. */
function flow(node: Tree): string {
  if ("scalar" in node)
    return /[|>\n]|^$/.test(node.scalar)
      ? "x"
      : node.scalar.includes(":")
        ? `'${node.scalar.replaceAll("'", "")}'`
        : node.scalar;
  if ("items" in node) return `[${node.items.map(flow).join(", ")}]`;
  return `{${node.members.map(([key, value]) => `${key}: ${flow(value)}`).join(", ")}}`;
}

/** What stands behind `key:` or `-`, with the lines below it; `column` is that of the key, `inner` that of what is below. */
function behind(node: Tree, column: number, below: { map: number; list: number }, style: Style): string {
  if ("scalar" in node) {
    if (/[|>]/.test(node.scalar)) return ` ${node.scalar.replaceAll("@", " ".repeat(column + style.step))}`;
    const value = node.scalar === "" ? "" : ` ${node.scalar}`;
    return `${value}${node.comment === undefined ? "" : ` ${node.comment}`}\n`;
  }
  const isEmpty = ("items" in node ? node.items : node.members).length === 0;
  if (node.isFlow || isEmpty) return ` ${flow(node)}\n`;
  const inner = "items" in node ? below.list : below.map;
  const above = node.above === undefined ? "" : `${" ".repeat(inner)}${node.above}\n`;
  return `\n${above}${lines(node, inner, style)}`;
}

function lines(node: Tree, column: number, style: Style): string {
  const indent = " ".repeat(column);
  if ("scalar" in node) return "";
  if ("items" in node) {
    return node.items
      .map((item) => {
        if ("members" in item && !item.isFlow && item.members.length > 0 && item.above === undefined) {
          return `${indent}- ${lines(item, column + 2, style).slice(column + 2)}`;
        }
        return `${indent}-${behind(item, column, { map: column + 2, list: column + 2 }, style)}`;
      })
      .join("");
  }
  return node.members
    .map(([key, value]) => {
      const below = { map: column + style.step, list: column + style.listStep };
      return `${indent}${key}:${behind(value, column, below, style)}`;
    })
    .join("");
}

const document = fc
  .record({
    members: fc.uniqueArray(fc.tuple(word, tree.tree), { minLength: 1, maxLength: 3, selector: ([key]) => key }),
    style,
  })
  .map(({ members, style }) => {
    const text = lines({ members, isFlow: false }, 0, style).replaceAll("\n", style.newline);
    return style.isEnded ? text : text.replace(/\s+$/, "");
  });

function documentsOf(text: string): readonly ConfigNode[] {
  return parseYaml(new SourceFile({ path: "a.yaml", absolutePath: "/a.yaml", text }));
}

function rootOf(text: string): ConfigNode {
  return documentsOf(text)[0]!;
}

function nodesOf(node: ConfigNode): readonly ConfigNode[] {
  const inner = node.kind === "map" ? node.entries().map(([, value]) => value) : node.items();
  return [node, ...inner.flatMap(nodesOf)];
}

const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>("text", "no", "10m", 5, true, null, "two\nlines\n", " padded ", "# c", "a: b", ""),
  fc.constantFrom<JsonValue>({ a: 1 }, ["ALL"], {}, [], { a: { b: ["c", { d: "e" }] } }),
);

/** An edit that can be made of a file, by the places that it has. */
function editOf(
  root: ConfigNode,
  pick: number,
  kind: Change["kind"],
  key: string,
  put: JsonValue,
): YamlEdit | undefined {
  const all = nodesOf(root);
  const node = all[pick % all.length]!;
  const file = "a.yaml";
  if (kind === "delete") return node.path.length === 0 ? undefined : { kind, file, path: node.path };
  if (kind === "append") {
    const list = node.kind === "list" ? node.path : node.kind === "map" ? [...node.path, `new_${key}`] : undefined;
    return list && { kind, file, path: list, value: put };
  }
  const path: readonly Key[] = node.kind === "map" && pick % 2 === 0 ? [...node.path, `new_${key}`] : node.path;
  return path.length === 0 ? undefined : { kind, file, path, value: put };
}

/** The lines on which something was at or below a path, and those of a flow collection around it: all that an edit of it may touch. */
function touchable(text: string, edit: YamlEdit): ReadonlySet<number> {
  const touched = new Set<number>();
  const file = new SourceFile({ path: "a.yaml", absolutePath: "/a.yaml", text });
  const root = parseYaml(file)[0]!;
  const addLines = (start: number, end: number) => {
    const last = file.locate(Math.max(start, text.slice(0, end).trimEnd().length - 1)).line;
    for (let line = file.locate(start).line; line <= last; line += 1) touched.add(line);
  };
  for (let depth = 1; depth <= edit.path.length; depth += 1) {
    const node = root.get(...edit.path.slice(0, depth));
    if (node === undefined) break;
    const isTarget = depth === edit.path.length && !(edit.kind === "append" && node.kind === "list");
    const isFlow = /^[[{]/.test(text.slice(node.location.start));
    const isEmptied =
      edit.kind === "delete" &&
      depth === edit.path.length - 1 &&
      (node.entries().length === 1 || node.items().length === 1);
    const [first, second] = node.entries();
    // The second member of a map in a list takes the place behind the dash.
    if (
      edit.kind === "delete" &&
      first?.[0] === edit.path[depth] &&
      second !== undefined &&
      typeof node.path.at(-1) === "number"
    ) {
      touched.add(file.locate(second[1].keyLocation!.start).line);
    }
    const isFilled = node.kind === "scalar";
    if (isTarget || isFlow || isEmptied || isFilled) {
      const dash = text.lastIndexOf("-", node.location.start - 1);
      addLines(node.keyLocation?.start ?? dash, node.location.end);
    }
  }
  return touched;
}

function isSubsequence(wanted: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const line of all) if (at < wanted.length && wanted[at] === line) at += 1;
  return at === wanted.length;
}

const kind = fc.constantFrom<Change["kind"]>("set", "append", "delete");

describe("for any document and any edit of it", () => {
  it("the file says what it said, with the edit made, and every line that the edit is not about is as it was", () => {
    fc.assert(
      fc.property(document, fc.nat(), kind, word, value, (text, pick, what, key, put) => {
        const root = rootOf(text);
        const edit = editOf(root, pick, what, key, put);
        fc.pre(edit !== undefined);
        const { text: after, refused } = editYaml(text, [edit]);
        expect([...refused.values()]).toEqual([]);
        const { path, ...change } = edit;
        expect(rootOf(after).value).toEqual(changed(root.value, path, change));
        const touched = touchable(text, edit);
        const kept = text.split("\n").filter((line, index) => line.trim() !== "" && !touched.has(index + 1));
        const trimmed = (lines: readonly string[]) => lines.map((line) => line.replace(/\r$/, ""));
        expect(trimmed(after.split("\n")), JSON.stringify(edit)).toSatisfy((lines: readonly string[]) =>
          isSubsequence(trimmed(kept), lines),
        );
        if (text.includes("\r\n")) expect(after.replaceAll("\r\n", "")).not.toContain("\n");
      }),
      { numRuns: 1_500 },
    );
  });

  it("several edits are all made, or refused and then without any effect", () => {
    const edits = fc.array(fc.tuple(fc.nat(), kind, word, value), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(document, edits, (text, wanted) => {
        const root = rootOf(text);
        const all = wanted.flatMap(([pick, what, key, put]) => editOf(root, pick, what, key, put) ?? []);
        // Two that are about the same place are told apart before it comes to the text.
        const apart = all.filter(
          (edit, index) => !all.slice(0, index).some((other) => isRelated(edit.path, other.path)),
        );
        const { text: after, refused } = editYaml(text, apart);
        expect([...refused.values()]).toEqual([]);
        const deletesLast = apart.toSorted(
          (a, b) => Number(a.kind === "delete") - Number(b.kind === "delete") || byIndexFromBehind(a.path, b.path),
        );
        const expected = deletesLast.reduce<JsonValue>(
          (model, { path, ...change }) => changed(model, path, change),
          root.value,
        );
        expect(rootOf(after).value).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe("for any file of several documents", () => {
  const separator = fc.constantFrom("---\n", "--- # next\n", "...\n# next\n---\n", "---\n# only this\n---\n");
  const several = fc.array(fc.tuple(document, separator), { minLength: 2, maxLength: 4 });

  it("one is edited as it would be by itself, and the others are byte for byte as they were", () => {
    fc.assert(
      fc.property(several, fc.nat(), fc.nat(), kind, word, value, (parts, which, pick, what, key, put) => {
        const index = which % parts.length;
        const texts = parts.map(([text, before], place) => {
          const newline = text.includes("\r\n") ? "\r\n" : "\n";
          const ended = text.endsWith("\n") || place === parts.length - 1 ? text : text + newline;
          return [place === 0 ? "" : before.replaceAll("\n", newline), ended] as const;
        });
        const before = texts.slice(0, index).flat().join("") + texts[index]![0];
        const behind = texts
          .slice(index + 1)
          .flat()
          .join("");
        const [, text] = texts[index]!;
        const alone = rootOf(text);
        const edit = editOf(alone, pick, what, key, put);
        fc.pre(edit !== undefined);
        const whole = before + text + behind;
        const root = documentsOf(whole).find(({ location }) => location.start >= before.length)!;
        const [number, ...inner] = root.sourcePath;
        expect([root.value, inner]).toEqual([alone.value, []]);
        const there = editYaml(whole, [{ ...edit, path: [number!, ...edit.path] }]);
        const { text: after, refused } = editYaml(text, [edit]);
        expect([...there.refused.values()]).toEqual([...refused.values()]);
        expect(there.text).toBe(before + after + behind);
      }),
      { numRuns: 1_000 },
    );
  });
});

function isRelated(left: readonly Key[], right: readonly Key[]): boolean {
  const length = Math.min(left.length, right.length);
  return left.slice(0, length).every((key, index) => key === right[index]);
}

function byIndexFromBehind(left: readonly Key[], right: readonly Key[]): number {
  for (const [index, key] of left.entries()) {
    const other = right[index];
    if (typeof key === "number" && typeof other === "number" && key !== other) return other - key;
    if (key !== other) return String(key) < String(other) ? -1 : 1;
  }
  return 0;
}

const uses = fc.record({ isMerged: fc.boolean(), isLogged: fc.boolean(), hasOwn: fc.boolean() });
const places: readonly (readonly Key[])[] = [
  ["privileged"],
  ["security_opt"],
  ["logging"],
  ["logging", "driver"],
  ["logging", "options", "max-size"],
  ["labels", "a"],
];
const change = fc.oneof<fc.Arbitrary<Change>[]>(
  fc.constant({ kind: "set", value: "new" }),
  fc.constant({ kind: "append", value: "new" }),
  fc.constant({ kind: "delete" }),
);

const reasons: readonly string[] = [
  "it comes by a merge key, and other places that use it are to keep it",
  "the file is written in a way that is not changed",
];

describe("for any use of anchors and merge keys", () => {
  it("each service that is edited says what it is to say, and the others what they said", () => {
    const edit = fc.record({ service: fc.nat(3), place: fc.constantFrom(...places), change });
    fc.assert(
      fc.property(
        fc.array(uses, { minLength: 2, maxLength: 4 }),
        fc.array(edit, { maxLength: 5 }),
        (services, wanted) => {
          const text = [
            "x-log: &log\n  driver: json-file\nx-common: &common\n  privileged: true # !\n  security_opt: [a]\n  labels: {a: b}\nservices:\n",
            ...services.map(({ isMerged, isLogged, hasOwn }, index) =>
              [
                `  s${index}:\n    image: i # ${index}\n`,
                ...(isMerged ? ["    <<: *common\n"] : []),
                ...(isLogged ? ["    logging: *log\n"] : []),
                ...(hasOwn ? ["    privileged: false\n    security_opt:\n      - b\n"] : []),
              ].join(""),
            ),
          ].join("");
          const root = rootOf(text);
          const edits = wanted.flatMap(({ service, place, change }, index) => {
            const path = ["services", `s${service % services.length}`, ...place];
            const isApart = wanted.slice(0, index).every((other) => {
              return !isRelated(path, ["services", `s${other.service % services.length}`, ...other.place]);
            });
            const node = root.get(...path);
            if (!isApart || !isPossible(node, change)) return [];
            return [{ ...change, file: "a.yaml", path: node?.sourcePath ?? path, logical: path }];
          });
          const { text: after, refused } = editYaml(text, edits);
          for (const [edit, reason] of refused) {
            // Of a merged key, or of one that hides a merged one, which would be back.
            expect([edit.kind, reasons.includes(reason)]).toEqual(["delete", true]);
          }
          const expected = edits
            .filter((each) => !refused.has(each))
            .reduce<JsonValue>((model, { path: _, logical, ...rest }) => changed(model, logical, rest), root.value);
          const servicesOf = (value: JsonValue) => (value as { services: JsonValue }).services;
          expect(servicesOf(rootOf(after).value)).toEqual(servicesOf(expected));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

function isPossible(node: ConfigNode | undefined, { kind }: Change): boolean {
  if (kind === "delete") return node !== undefined;
  return kind === "set" || node === undefined || node.kind === "list";
}
