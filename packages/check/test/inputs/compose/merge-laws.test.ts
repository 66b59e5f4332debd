import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ConfigNode } from "../../../src/inputs/config-node.ts";
import { readProject } from "../../../src/inputs/read-project.ts";
import type { SourceFile } from "../../../src/inputs/source-file.ts";
import { parseYaml } from "../../../src/inputs/yaml.ts";
import { folderOf } from "../../project.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9 :#'"-]{0,8}[a-z0-9]$/);
const name = fc.constantFrom("a", "b", "c");
const assignments = fc.oneof(
  fc.dictionary(name, word, { maxKeys: 3 }),
  fc
    .uniqueArray(fc.tuple(name, word), { maxLength: 3, selector: ([key]) => key })
    .map((pairs) => pairs.map((pair) => pair.join("="))),
);

const service = fc
  .record(
    {
      image: word,
      user: word,
      command: fc.oneof(word, fc.array(word, { maxLength: 3 })),
      environment: assignments,
      labels: assignments,
      volumes: fc.array(
        fc
          .tuple(name, fc.boolean())
          .map(([to, isLong]) => (isLong ? { type: "tmpfs", target: `/${to}` } : `./x:/${to}`)),
        { maxLength: 3 },
      ),
      ports: fc.uniqueArray(fc.constantFrom("80:80", "443:443", "127.0.0.1:22:22"), { maxLength: 3 }),
      cap_add: fc.uniqueArray(fc.constantFrom("KILL", "CHOWN"), { maxLength: 2 }),
      security_opt: fc.uniqueArray(word, { maxLength: 2 }),
      tmpfs: fc.oneof(fc.constant("/t"), fc.uniqueArray(fc.constantFrom("/t", "/u"), { maxLength: 2 })),
      depends_on: fc.constantFrom(["z"], { z: { condition: "service_started" } }),
      healthcheck: fc.record(
        { test: fc.oneof(word, fc.array(word, { maxLength: 2 })), retries: fc.nat(9) },
        { requiredKeys: [] },
      ),
      deploy: fc.constantFrom({ resources: { limits: { memory: "1g" } } }, { resources: { limits: { cpus: "2" } } }),
      extends: fc.constant("z"),
    },
    { requiredKeys: [] },
  )
  .map(({ depends_on, ...rest }) => (depends_on === undefined ? rest : { ...rest, depends_on }));

const file = fc
  .record(
    { services: fc.dictionary(name, service, { maxKeys: 3 }), "x-note": fc.dictionary(name, word) },
    { requiredKeys: ["services"] },
  )
  // What others extend and depend on.
  .map((content) => ({
    ...content,
    services: { z: { image: "z", user: "z", labels: { a: "z" } }, ...content.services },
  }));

/** What a service extends comes again with each file that says so, over what earlier files have. */
const fileWithoutExtends = file.map(({ services, ...content }) => ({
  ...content,
  services: Object.fromEntries(
    Object.entries(services as Services).map(([each, { extends: _, ...given }]) => [each, given]),
  ),
}));

type Services = Record<string, Record<string, unknown>>;

/** The model of files that are merged, with the files; nothing where Docker would refuse them. */
function merge(
  contents: readonly unknown[],
): { model: ConfigNode; files: ReadonlyMap<string, SourceFile> } | undefined {
  const texts = contents.map(
    (content, index) => [`f${index}.yaml`, content === undefined ? "" : stringify(content)] as const,
  );
  const root = folderOf(Object.fromEntries(texts));
  const composeFiles = texts.map(([path]) => path);
  const project = readProject({ root, paths: [], composeFiles, environment: {} });
  // A service of which no file names the image is none: that has nothing to do with how they are merged.
  const refusals = project.unreadable.filter(({ message }) => !message.endsWith("has neither an image nor a build"));
  expect(refusals).toEqual([]);
  const [compose] = project.of("compose");
  return compose && { model: compose.model, files: project.files };
}

test("an empty file changes nothing, before and after", () => {
  fc.assert(
    fc.property(file, fc.constantFrom(undefined, {}, { services: {} }), (content, empty) => {
      const alone = merge([content])?.model.value;
      expect(merge([content, empty])?.model.value).toEqual(alone);
      expect(merge([empty, content])?.model.value).toEqual(alone);
    }),
    { numRuns: 60 },
  );
});

test("merging one file after the other is merging all", () => {
  fc.assert(
    fc.property(file, file, file, (a, b, c) => {
      const two = merge([a, b])?.model.value;
      expect(merge([two, c])?.model.value).toEqual(merge([a, b, c])?.model.value);
    }),
    { numRuns: 60 },
  );
});

test("a single value is that of the last file that has it", () => {
  fc.assert(
    fc.property(fc.array(fileWithoutExtends, { minLength: 1, maxLength: 3 }), (contents) => {
      const model = merge(contents)?.model;
      for (const content of contents) {
        for (const each of Object.keys(content.services)) {
          for (const key of ["image", "user", "command"] as const) {
            const all = contents.map(({ services }) => (services as Services)[each]?.[key]);
            const last = all.findLast((value) => value !== undefined);
            if (last !== undefined) expect(model?.get("services", each, key)?.value).toEqual(last);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("each value is what the text at its place says, and is found in its file by its source path", () => {
  fc.assert(
    fc.property(fc.array(file, { minLength: 1, maxLength: 3 }), (contents) => {
      const { model, files } = merge(contents)!;
      const roots = new Map([...files].map(([path, source]) => [path, parseYaml(source)[0]]));
      for (const node of scalarsBelow(model)) {
        const { file: path, start, end } = node.location;
        const written = parse(files.get(path)?.text.slice(start, end) ?? "");
        const own = roots.get(path)?.get(...node.sourcePath);
        expect(model.get(...node.path)).toBe(node);
        // A list that is merged with a map becomes one, and a name alone a key without a value.
        const isOfList = typeof written === "string" && written.startsWith(`${node.path.at(-1)}=`);
        const value = isOfList ? `${node.path.at(-1)}=${node.value}` : node.value;
        if (isGivenByName(node)) continue;
        expect(written).toEqual(value);
        expect(own?.value).toEqual(written);
      }
    }),
    { numRuns: 60 },
  );
});

/** `depends_on: [z]` as a map: the condition is written nowhere. */
function isGivenByName({ path }: ConfigNode): boolean {
  return path[2] === "depends_on" && path.at(-1) === "condition";
}

function scalarsBelow(node: ConfigNode): readonly ConfigNode[] {
  const inner = [...node.entries().map(([, member]) => member), ...node.items()];
  return node.kind === "scalar" ? [node] : inner.flatMap(scalarsBelow);
}
