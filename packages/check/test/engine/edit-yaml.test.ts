import type { JsonValue } from "@espalier/service";
import { describe, expect, it } from "vitest";
import { editYaml } from "../../src/engine/yaml-edit/edit-yaml.ts";
import type { Change, YamlEdit } from "../../src/engine/yaml-edit/model-edit.ts";
import type { Key } from "../../src/inputs/config-node.ts";

function edit(path: readonly Key[], change: Change): YamlEdit {
  return { ...change, file: "compose.yaml", path };
}

const set = (value: JsonValue, ...path: Key[]) => edit(path, { kind: "set", value });
const append = (value: JsonValue, ...path: Key[]) => edit(path, { kind: "append", value });
const remove = (...path: Key[]) => edit(path, { kind: "delete" });

function edited(text: string, ...edits: YamlEdit[]): string {
  const { text: result, refused } = editYaml(text, edits);
  expect([...refused.values()]).toEqual([]);
  return result;
}

function refusal(text: string, ...edits: YamlEdit[]): readonly string[] {
  const { text: result, refused } = editYaml(text, edits);
  expect(result).toBe(text);
  return [...refused.values()];
}

describe("a key that is set", () => {
  it("comes last among its siblings, indented as they are, before comments that follow them", () => {
    const text = "services:\n    web:   # the page\n        image: nginx\n        # about nothing\n\n    db: {}\n";
    expect(edited(text, set(true, "services", "web", "read_only"))).toBe(
      "services:\n    web:   # the page\n        image: nginx\n        read_only: true\n        # about nothing\n\n    db: {}\n",
    );
  });

  it("replaces a value and leaves the comment behind it", () => {
    expect(edited("a: 1 # one\nb: 2\n", set("x y", "a"))).toBe("a: x y # one\nb: 2\n");
  });

  it("makes the maps on the way, with the indentation of the file", () => {
    const text = "services:\n   web:\n      image: nginx\n";
    expect(edited(text, set("512m", "services", "web", "deploy", "resources", "limits", "memory"))).toBe(
      `${text}      deploy:\n         resources:\n            limits:\n               memory: 512m\n`,
    );
  });

  it("fills a key that has nothing, and an empty file", () => {
    expect(edited("web: # later\ndb: 1\n", set(1, "web", "size"))).toBe("web: # later\n  size: 1\ndb: 1\n");
    expect(edited("web: # later\n", set("x", "web"))).toBe("web: x # later\n");
    expect(edited("# nothing yet\n", set(1, "a", "b"))).toBe("# nothing yet\na:\n  b: 1\n");
  });

  it("puts a scalar in the place of a map, and a map in that of a scalar", () => {
    expect(edited("a:\n  # about b\n  b: 1\nc: 2\n", set("x", "a"))).toBe("a: x\n  # about b\nc: 2\n");
    expect(edited("a: 1 # one\nc: 2\n", set({ b: 1 }, "a"))).toBe("a: # one\n  b: 1\nc: 2\n");
    expect(edited("a: |\n  text\n  more\nc: 2\n", set({ b: [1] }, "a"))).toBe("a:\n  b:\n    - 1\nc: 2\n");
  });

  it("quotes what other parsers would take for something else", () => {
    expect(edited("a: 1\n", set("22:22", "p"), set("no", "q"), set("1.0", "r"))).toBe(
      'a: 1\np: "22:22"\nq: "no"\nr: "1.0"\n',
    );
    expect(edited("a: 'x'\n", set("no", "q"))).toBe("a: 'x'\nq: 'no'\n");
  });

  it("goes into flow style in the manner of the collection", () => {
    expect(edited("web: {image: nginx}\n", set(["ALL"], "web", "cap_drop"))).toBe(
      "web: {image: nginx, cap_drop: [ALL]}\n",
    );
    expect(edited("web: { image: nginx, }\n", set(1, "web", "size"))).toBe("web: { image: nginx, size: 1 }\n");
    expect(edited("a: {}\n", set(1, "a", "b"))).toBe("a: {b: 1}\n");
  });

  it("keeps JSON what JSON is", () => {
    const text = '{\n  "live-restore": true,\n  "hosts": ["unix://"]\n}\n';
    const after = edited(
      text,
      set({ "max-size": "10m" }, "log-opts"),
      set(false, "live-restore"),
      append("b", "hosts"),
    );
    expect(after).toBe(
      '{\n  "live-restore": false,\n  "hosts": ["unix://", "b"],\n  "log-opts": {\n    "max-size": "10m"\n  }\n}\n',
    );
    expect(JSON.parse(after)).toEqual({
      "live-restore": false,
      hosts: ["unix://", "b"],
      "log-opts": { "max-size": "10m" },
    });
    expect(edited("{}", set({ a: "b" }, "x"))).toBe('{"x":{"a":"b"}}');
  });

  it("keeps carriage returns, a byte order mark, and a last line without an end", () => {
    expect(edited("a:\r\n  b: 1\r\nc: 2", set(3, "a", "d"), set([1], "e"))).toBe(
      "a:\r\n  b: 1\r\n  d: 3\r\nc: 2\r\ne:\r\n  - 1",
    );
    expect(edited("\uFEFFa: 1\n", set(2, "b"))).toBe("\uFEFFa: 1\nb: 2\n");
  });
});

describe("an item that is appended", () => {
  it("stands below the others, in their column", () => {
    expect(edited("a:\n- 1 # one\n# end\nb: 2\n", append({ x: 1, z: 2 }, "a"))).toBe(
      "a:\n- 1 # one\n- x: 1\n  z: 2\n# end\nb: 2\n",
    );
    expect(edited("a: [1, 2,]\n", append(3, "a"))).toBe("a: [1, 2, 3]\n");
    expect(edited("a: [\n  one, # first\n  two # second\n]\n", append("x", "a"))).toBe(
      "a: [\n  one, # first\n  two, # second\n  x\n]\n",
    );
  });

  it("makes the list where there is none, as the file's lists are", () => {
    expect(edited("x:\n- 1\n", append("a", "z"))).toBe("x:\n- 1\nz:\n- a\n");
    expect(edited("x:\n  - 1\nz:\n", append("a", "z"))).toBe("x:\n  - 1\nz:\n  - a\n");
  });

  it("is not added to what is no list", () => {
    expect(refusal("a: text\n", append(1, "a"))).toEqual(["what it would be added to is no list"]);
  });
});

describe("what is deleted", () => {
  it("takes its lines with it, and no others", () => {
    const text =
      "# version\nversion: '3'\n\nservices:\n  web:\n    image: a\n    privileged: true # !\n    # next\n    user: b\n";
    expect(edited(text, remove("version"), remove("services", "web", "privileged"))).toBe(
      "# version\n\nservices:\n  web:\n    image: a\n    # next\n    user: b\n",
    );
  });

  it("leaves an empty collection where it was the only member", () => {
    expect(edited("a:\n  b: 1\nc:\n  - 1\n", remove("a", "b"), remove("c", 0))).toBe("a: {}\nc: []\n");
    expect(edited("a: [1]\nb: {c: 1}\n", remove("a", 0), remove("b", "c"))).toBe("a: []\nb: {}\n");
  });

  it("lets the next member take the place behind a dash", () => {
    expect(edited("a:\n  - x: 1\n    y: 2\n", remove("a", 0, "x"))).toBe("a:\n  - y: 2\n");
  });

  it("is counted by the items as they were", () => {
    const text = "a:\n  - 0\n  - 1\n  - 2\n  - 3\nb: [0, 1, 2]\n";
    expect(edited(text, remove("a", 0), remove("a", 1), remove("a", 3), remove("b", 1), set("x", "b", 2))).toBe(
      "a:\n  - 2\nb: [0, x]\n",
    );
  });

  it("is refused where it is not there", () => {
    expect(refusal("a: 1\n", remove("b"))).toEqual(["there is no b"]);
    expect(refusal("a: [1]\n", remove("a", 1))).toEqual(["the list has no item 1"]);
  });
});

const shared = `x-log: &log
  driver: json-file # small
x-common: &common
  privileged: true
  security_opt: [a]
services:
  web:
    <<: *common
    logging: *log
  db:
    <<: *common
    logging: *log
`;

describe("what comes by an alias or a merge key", () => {
  it("is changed where it is written when everything that uses it gets the change", () => {
    const web = ["services", "web"];
    const db = ["services", "db"];
    const after = edited(
      shared,
      remove(...web, "<<", "privileged"),
      remove(...db, "<<", "privileged"),
      set("10m", ...web, "logging", "options", "max-size"),
      set("10m", ...db, "logging", "options", "max-size"),
      append("b", ...web, "<<", "security_opt"),
      append("b", ...db, "<<", "security_opt"),
    );
    expect(after).toBe(
      shared
        .replace("  privileged: true\n", "")
        .replace("# small\n", "# small\n  options:\n    max-size: 10m\n")
        .replace("[a]", "[a, b]"),
    );
  });

  it("gets a value of its own when others are to keep theirs", () => {
    const after = edited(
      shared,
      set("10m", "services", "web", "logging", "options", "max-size"),
      append("b", "services", "db", "security_opt"),
      set(false, "services", "db", "<<", "privileged"),
    );
    expect(after).toBe(
      shared
        .replace(
          "    logging: *log\n",
          "    logging:\n      driver: json-file\n      options:\n        max-size: 10m\n",
        )
        .replace("    logging: *log\n", "    logging: *log\n") +
        "    security_opt:\n      - a\n      - b\n    privileged: false\n",
    );
  });

  it("keeps its anchor when all its aliases are to have another value", () => {
    const value = { driver: "local" };
    const after = edited(shared, set(value, "services", "web", "logging"), set(value, "services", "db", "logging"));
    expect(after).toBe(shared.replace("driver: json-file", "driver: local"));
  });

  it("is not deleted for one when others are to keep it", () => {
    expect(refusal(shared, remove("services", "web", "<<", "privileged"))).toEqual([
      "it comes by a merge key, and other places that use it are to keep it",
    ]);
  });

  it("is not deleted with an anchor that something else needs", () => {
    expect(refusal("a: &a\n  x: 1\nb: *a\n", remove("a"))).toEqual([
      "the file is written in a way that is not changed",
    ]);
  });
});

describe("a file of several documents", () => {
  const text =
    "# one\n%YAML 1.2\n---\na: &a {x: 1} # first\nb: *a\n...\n# two\n---\na: &a\n  - 1 # second\n---\n# nothing\n";

  it("is edited in those that the edits name, each with its own anchors", () => {
    expect(edited(text, set(2, 0, "c"), append(2, 1, "a"), set(3, 2, "d"))).toBe(
      "# one\n%YAML 1.2\n---\na: &a {x: 1} # first\nb: *a\nc: 2\n...\n# two\n---\na: &a\n  - 1 # second\n  - 2\n---\n# nothing\nd: 3\n",
    );
  });

  it("keeps its documents apart", () => {
    // At the end of what is empty, it would begin another one.
    expect(refusal("a: 1\n---\n...\n---\nb: 1\n", set(1, 1, "c"))).toEqual([
      "the file is written in a way that is not changed",
    ]);
    expect(refusal(text, remove(1), set(1, 7, "a"))).toEqual([
      "a whole file is not replaced",
      "the file has no document 7",
    ]);
  });
});

describe("a file that is not edited", () => {
  it.each([
    ["is not YAML", "a: [1\n", "the file is not YAML"],
    ["has several documents, of which none is named", "a: 1\n---\nb: 2\n", "the file has no document a"],
  ])("%s", (_, text, reason) => {
    expect(refusal(text, set(1, "a"))).toEqual([reason]);
  });

  it("is left by one edit that cannot be made, but not by the others", () => {
    const good = set(2, "a");
    const bad = remove("x");
    const { text, refused } = editYaml("a: 1\n", [bad, good]);
    expect([text, refused]).toEqual(["a: 2\n", new Map([[bad, "there is no x"]])]);
  });
});
