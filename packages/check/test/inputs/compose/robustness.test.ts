// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { readProject } from "../../../src/inputs/read-project.ts";
import { folderOf } from "../../project.ts";

const key = fc.constantFrom(
  ..."services networks volumes secrets configs include name x-a web db image build extends env_file environment command ports".split(
    " ",
  ),
  ..."depends_on healthcheck logging driver deploy labels path file service project_directory target source tmpfs ulimits".split(
    " ",
  ),
);
const scalar = fc.oneof(
  fc.constantFrom(
    "",
    "web",
    "db",
    "a=b",
    "${X}",
    "${X:-y}",
    "${",
    "./a:/b:ro",
    "80:80",
    "other.yaml",
    "compose.yaml",
    "a.env",
    ":",
    "::",
  ),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
})).value;
const service = fc.dictionary(key, value, { maxKeys: 5 });
const file = fc.oneof(
  value,
  fc.record(
    {
      services: fc.dictionary(key, service, { maxKeys: 3 }),
      include: fc.array(value, { maxLength: 2 }),
      name: scalar,
      volumes: value,
    },
    { requiredKeys: ["services"] },
  ),
);
/** Right, but for one key at most. */
const nearlyRight = fc
  .tuple(
    fc.dictionary(key, value, { maxKeys: 1 }),
    fc.constantFrom({}, { extends: "db" }, { extends: { file: "other.yaml", service: "db" } }),
  )
  .map(([keys, more]) => ({
    services: { db: { image: "db:${X}" }, web: { image: "web", env_file: "a.env", ...more, ...keys } },
  }));
const text = fc
  .tuple(fc.oneof(file, nearlyRight, nearlyRight), fc.constantFrom("", "", "!reset ", "!override "))
  .map(([content, tag]) => stringify(content).replace(": ", `: ${tag}`));

test("whatever compose files have, they are read or told to be unreadable, and each value of a model is at its path", () => {
  const root = folderOf({});
  const verdicts = { read: 0, unreadable: 0 };
  fc.assert(
    fc.property(text, text, text, fc.constantFrom("A=1\n", "A=${\n", "X=x\n"), (main, override, other, env) => {
      for (const [path, content] of Object.entries({
        "compose.yaml": main,
        "compose.override.yaml": override,
        "other.yaml": other,
        "a.env": env,
      })) {
        writeFileSync(join(root, path), content);
      }
      const project = readProject({ root, paths: ["."], environment: {} });
      verdicts[project.unreadable.length > 0 ? "unreadable" : "read"] += 1;
      for (const { model, variables } of project.of("compose")) {
        for (const { node } of variables) expect(model.get(...node.path)?.location).toBeDefined();
      }
    }),
    { numRuns: 500 },
  );
  expect(Math.min(verdicts.read, verdicts.unreadable)).toBeGreaterThan(10);
});
