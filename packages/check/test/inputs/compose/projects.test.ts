// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import type { Files } from "../../project.ts";
import { composeProject, composeProjects, problemsOf } from "./model.ts";

const web = "services: {web: {image: web}}\n";

function filesOf(files: Files): readonly (readonly string[])[] {
  return composeProjects(files).map((project) => project.files);
}

test("each file that nothing joins to another is a project", () => {
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`stacks/s${index}.yaml`, `services: {s${index}: {image: s}}\n`]),
  );
  expect(filesOf(files)).toHaveLength(60);
});

test("a main file and its override are one project, by each of their names", () => {
  expect(filesOf({ "compose.yaml": web, "compose.override.yaml": web })).toEqual([
    ["compose.yaml", "compose.override.yaml"],
  ]);
  expect(filesOf({ "docker-compose.yml": web, "docker-compose.override.yml": web })).toEqual([
    ["docker-compose.yml", "docker-compose.override.yml"],
  ]);
});

test("of two main files in one folder Docker takes the first; the other is a project of its own", () => {
  expect(filesOf({ "compose.yaml": web, "docker-compose.yml": web, "compose.override.yml": web })).toEqual([
    ["compose.yaml", "compose.override.yml"],
    ["docker-compose.yml"],
  ]);
});

test("a file that is complete only with the main file is read over it", () => {
  const fragment = "services: {web: {restart: always}}\n";
  expect(filesOf({ "compose.yaml": web, "compose.prod.yaml": fragment })).toEqual([
    ["compose.yaml"],
    ["compose.yaml", "compose.prod.yaml"],
  ]);
});

test("COMPOSE_FILE in .env names the files of a folder's project", () => {
  const fragment = "services: {web: {restart: always}}\n";
  const files = { "compose.yaml": web, "compose.prod.yaml": fragment, "compose.override.yaml": web };
  expect(filesOf({ ...files, ".env": "COMPOSE_FILE=compose.yaml:compose.prod.yaml\n" })).toEqual([
    ["compose.yaml", "compose.prod.yaml"],
    ["compose.override.yaml"],
  ]);
});

test("files that are named are one project in place of those that are found", () => {
  const files = { "a.yaml": web, "b.yaml": web, "compose.yaml": web };
  expect(composeProjects(files, { composeFiles: ["b.yaml", "a.yaml"] }).map((project) => project.files)).toEqual([
    ["b.yaml", "a.yaml"],
  ]);
});

test("a YAML file of another format is not taken for a compose file", () => {
  expect(
    filesOf({
      "traefik/dynamic.yaml": "http: {services: {a: {loadBalancer: {}}}}\n",
      "config/services.yaml": "services:\n  App\\Mailer:\n    arguments: [1]\n",
      "ci.yml": "services: [docker]\n",
      "values.yaml": "image: x\n",
    }),
  ).toEqual([]);
});

test("the name of a project is what it says, what COMPOSE_PROJECT_NAME says, or its folder's", () => {
  expect(composeProject({ "My Stack.1/compose.yaml": web }).name).toBe("mystack1");
  expect(composeProject({ "stack/compose.yaml": `name: given-\${X}\n${web}`, "stack/.env": "X=1\n" }).name).toBe(
    "given-1",
  );
  expect(
    composeProject({ "compose.yaml": `name: given\n${web}` }, { environment: { COMPOSE_PROJECT_NAME: "shell" } }).name,
  ).toBe("shell");
});

test("services keep their profiles, and those of all profiles are there", () => {
  const { services } = composeProject({
    "compose.yaml": "services: {a: {image: a}, b: {image: b, profiles: [debug]}}\n",
  });
  expect(services.map(({ name, node }) => [name, node.get("profiles")?.value])).toEqual([
    ["a", undefined],
    ["b", ["debug"]],
  ]);
});

test("keys that begin with x- are kept as they are, and anchors among them are used", () => {
  const { model } = composeProject({
    "compose.yaml": "x-log: &log {driver: journald}\nservices: {a: {image: a, logging: *log, x-note: [1]}}\n",
  });
  expect(model.value).toEqual({
    "x-log": { driver: "journald" },
    services: { a: { image: "a", logging: { driver: "journald" }, "x-note": [1] } },
  });
});

test.each([
  [
    "compose.yaml",
    "services: [\n",
    "compose.yaml:2:1: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["compose.yaml", "", "compose.yaml:1:1: there is nothing in it"],
  ["compose.yaml", "- a\n", "compose.yaml:1:1: a compose file must be a map, with services and what they need"],
  [
    "docker-compose.yml",
    "services: 5\n",
    "docker-compose.yml:1:11: services must be a map, and is a number: write it in quotes",
  ],
  [
    "compose.yaml",
    "name: ${\nservices: {a: {image: a}}\n",
    "compose.yaml:1:7: name: a ${ is not closed by a brace; write $${ for the text itself",
  ],
  ["stack.yaml", "services:\n  a: *b\n", "stack.yaml:2:6: there is no anchor &b before this"],
  [
    "compose.yaml",
    "services:\n  a: {image: '${'}\n",
    "compose.yaml:2:14: services.a.image: a ${ is not closed by a brace; write $${ for the text itself",
  ],
])("%s with %j is never clean", (path, text, problem) => {
  expect(problemsOf({ [path]: text })).toContain(problem);
});

test("a compose file that is named and not there is never clean", () => {
  expect(problemsOf({ "a.yaml": web }, { composeFiles: ["b.yaml"] })).toEqual([
    "b.yaml: there is no such file or folder",
  ]);
});

test("an .env that cannot be read makes the project unreadable", () => {
  expect(problemsOf({ "compose.yaml": web, ".env": "A B=1\n" })).toEqual([
    ".env:1:1: this line is not of the form NAME=value: a name has letters, digits, _ . - and no spaces",
  ]);
});
