import { Ajv } from "ajv";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { ComposeValidator, composeSchema } from "../../../src/inputs/compose/schema.ts";
import { SourceFile } from "../../../src/inputs/source-file.ts";
import { parseYaml } from "../../../src/inputs/yaml.ts";
import { problemsOf } from "./model.ts";

const app = (lines: string) => ({ "compose.yaml": `services:\n  app:\n    image: app\n    ${lines}\n` });

test.each([
  [
    "helthcheck: {}",
    "compose.yaml:4:5: services.app.helthcheck is no key of the compose specification; is healthcheck meant?",
  ],
  ["nonsense: {}", "compose.yaml:4:5: services.app.nonsense is no key of the compose specification"],
  [
    "deploy: {resources: {limits: {memory: 5}}}",
    "compose.yaml:4:43: services.app.deploy.resources.limits.memory must be a text, and is a number: write it in quotes",
  ],
  ["environment:", "compose.yaml:4:17: services.app.environment must be a map or a list, and is empty"],
  ["volumes: {a: b}", "compose.yaml:4:14: services.app.volumes must be a list, and is a map"],
  ["restart: true", "compose.yaml:4:14: services.app.restart must be a text, and is true or false: write it in quotes"],
  ["init: maybe", "compose.yaml:4:11: services.app.init must be true or false, and is a text"],
  ["tty: constructor", "compose.yaml:4:10: services.app.tty must be true or false, and is a text"],
  ["pids_limit: many", "compose.yaml:4:17: services.app.pids_limit must be a number, and is a text"],
  ["init: []", "compose.yaml:4:11: services.app.init must be true or false or a text, and is a list"],
  ["cgroup: shared", 'compose.yaml:4:13: services.app.cgroup must be one of "host", "private"'],
  ["cpu_percent: 101", "compose.yaml:4:18: services.app.cpu_percent must be at most 100"],
  ["cpu_count: -1", "compose.yaml:4:16: services.app.cpu_count must be at least 0"],
  [
    "external_links: [a, a]",
    "compose.yaml:4:25: services.app.external_links[1] is in the list already: remove one of both",
  ],
  ["ulimits: {nofile: {soft: 1}}", 'compose.yaml:4:23: services.app.ulimits.nofile has no "hard"'],
  [
    "volumes: [{type: bind, targt: /x}]",
    "compose.yaml:4:28: services.app.volumes[0].targt is no key of the compose specification; is target meant?",
  ],
  ["pull_policy: somtimes", /^compose.yaml:4:18: services.app.pull_policy must be of the form always\|never/],
])("%s is told in a sentence, with its place", (lines, problem) => {
  const problems = problemsOf(app(lines));
  expect(problems).toContainEqual(typeof problem === "string" ? problem : expect.stringMatching(problem));
});

test("a key of a file that is not known, and a service whose name is none, are told", () => {
  expect(problemsOf({ "compose.yaml": "service: {}\nservices:\n  'a b': {image: a}\n" })).toEqual([
    "compose.yaml:1:1: service is no key of the compose specification; is services meant?",
    'compose.yaml:3:3: services["a b"] is no name that may stand here',
  ]);
});

test("the key version is allowed", () => {
  expect(problemsOf({ "compose.yaml": 'version: "3.8"\nservices: {a: {image: a}}\n' })).toEqual([]);
});

test("a fault in the second of two files is told there, and what is whole only with the first is none", () => {
  const files = {
    "compose.yaml": "services:\n  a: {image: a, depends_on: {b: {condition: service_started}}}\n  b: {image: b}\n",
    "compose.override.yaml": "services:\n  a: {depends_on: {b: {restart: true}}, ulimit: {}}\n",
  };
  expect(problemsOf(files)).toEqual([
    "compose.override.yaml:2:41: services.a.ulimit is no key of the compose specification; is ulimits meant?",
  ]);
});

test("no message shows a value, which may be a secret", () => {
  const problems = problemsOf(app("environment: [{PASSWORD: hunter2}]\n    secrets: hunter2\n    cgroup: hunter2"));
  expect(problems).toHaveLength(3);
  expect(problems.join("\n")).not.toContain("hunter2");
});

const { $schema: _, ...schema } = composeSchema() as Record<string, unknown>;
const ajv = new Ajv({ strict: false, validateSchema: false, meta: false }).compile(schema);

/** Keys and values of the kinds that the schema tells apart, right ones and wrong ones. */
function anyBelow(given: unknown, depth = 0): fc.Arbitrary<unknown> {
  const {
    $ref,
    oneOf,
    properties = {},
    patternProperties = {},
    items,
    type,
    enum: allowed,
  } = given as {
    $ref?: string;
    oneOf?: unknown[];
    properties?: Record<string, unknown>;
    patternProperties?: Record<string, unknown>;
    items?: unknown;
    type?: string | string[];
    enum?: string[];
  };
  if ($ref !== undefined) return anyBelow(composeSchema().definitions![$ref.split("/").at(-1)!], depth);
  if (oneOf !== undefined) return fc.oneof(...oneOf.map((branch) => anyBelow(branch, depth)));
  const scalars = fc.oneof(
    fc.constantFrom("a", "b=c", "", "80:80", "always"),
    fc.integer({ min: -1, max: 101 }),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  if (depth > 5) return scalars;
  if (allowed !== undefined) return fc.oneof(fc.constantFrom(...allowed), scalars);
  const right: fc.Arbitrary<unknown>[] = [];
  const kinds = [type ?? []].flat();
  if (kinds.includes("object") || Object.keys(properties).length > 0) {
    const known = Object.keys(properties);
    const names = [
      ...(known.length > 0 ? [fc.constantFrom(...known)] : []),
      fc.constantFrom("a", "x-a", "a b", "nofile"),
    ];
    const member = fc
      .oneof(...names.map((name) => ({ arbitrary: name, weight: name === names[0] ? 8 : 1 })))
      .chain((name) => {
        const pattern = Object.keys(patternProperties).find((each) => new RegExp(each).test(name));
        const inner = properties[name] ?? (pattern === undefined ? {} : patternProperties[pattern]);
        return fc.tuple(fc.constant(name), anyBelow(inner, depth + 1));
      });
    right.push(fc.array(member, { maxLength: 4 }).map((members) => Object.fromEntries(members)));
  }
  if (kinds.includes("array")) right.push(fc.array(anyBelow(items ?? {}, depth + 1), { maxLength: 3 }));
  if (right.length === 0) return scalars;
  return fc.oneof(
    { arbitrary: fc.oneof(...right), weight: 12 },
    { arbitrary: scalars, weight: 1 },
    { arbitrary: fc.constant([]), weight: 1 },
  );
}

test("whatever a file has, it is valid where Ajv finds it valid", () => {
  const verdicts = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(anyBelow(schema), (value) => {
      const text = stringify(value, { aliasDuplicateObjects: false });
      const [root] = parseYaml(new SourceFile({ path: "compose.yaml", absolutePath: "/compose.yaml", text }));
      const problems: unknown[] = [];
      new ComposeValidator((problem) => problems.push(problem)).checkModel(root!);
      const isValid = ajv(root!.value);
      verdicts[isValid ? "valid" : "invalid"] += 1;
      expect(problems.length === 0).toBe(isValid);
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(verdicts.valid, verdicts.invalid)).toBeGreaterThan(50);
});
