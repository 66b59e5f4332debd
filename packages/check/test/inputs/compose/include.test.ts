// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { readProject } from "../../../src/inputs/read-project.ts";
import { folderOf } from "../../project.ts";
import { composeProject, composeProjects, modelOf, problemsOf } from "./model.ts";

test("what is included belongs to the model, and its file is no project of its own", () => {
  const files = {
    "compose.yaml": "include: [db/compose.yaml]\nservices: {web: {image: web, depends_on: [db], networks: [back]}}",
    "db/compose.yaml": "services: {db: {image: db, networks: [back]}}\nnetworks: {back: {internal: true}}",
  };
  const project = composeProject(files);
  expect(project.model.value).toEqual({
    services: {
      web: { image: "web", depends_on: ["db"], networks: ["back"] },
      db: { image: "db", networks: ["back"] },
    },
    networks: { back: { internal: true } },
  });
  expect(project.files).toEqual(["compose.yaml", "db/compose.yaml"]);
  expect(project.services[1]?.node.get("image")).toMatchObject({
    path: ["services", "db", "image"],
    sourcePath: ["services", "db", "image"],
    location: { file: "db/compose.yaml", line: 1 },
  });
});

test("included files include others, and several that include one file have it once", () => {
  expect(
    modelOf({
      "compose.yaml": "include: [a.yaml, b.yaml]",
      "a.yaml": "include: [c.yaml]\nservices: {a: {image: a}}",
      "b.yaml": "include: [c.yaml]\nservices: {b: {image: b}}",
      "c.yaml": "services: {c: {image: c}}",
    }),
  ).toEqual({ services: { c: { image: "c" }, a: { image: "a" }, b: { image: "b" } } });
});

test("several paths of one include are merged before they are included", () => {
  expect(
    modelOf({
      "compose.yaml": "include: [{path: [sub/a.yaml, override.yaml]}]",
      "sub/a.yaml": "services: {a: {image: a, user: '0'}}",
      "override.yaml": "services: {a: {image: a, user: '1'}}",
    }),
  ).toEqual({ services: { a: { image: "a", user: "1" } } });
});

test("variables are filled in from the .env beside the included file, and from the project's before that", () => {
  expect(
    modelOf(
      {
        ".env": "BOTH=project\n",
        "compose.yaml": "include: [sub/compose.yaml]",
        "sub/compose.yaml": "services: {a: {image: '${BOTH}-${OWN}-${SHELL_ONLY}'}}",
        "sub/.env": "BOTH=sub\nOWN=sub\nSHELL_ONLY=sub\n",
      },
      { environment: { SHELL_ONLY: "shell" } },
    ),
  ).toEqual({ services: { a: { image: "project-sub-shell" } } });
});

test("project_directory and env_file of the long form are where paths begin and what variables are filled from", () => {
  const project = composeProject({
    "compose.yaml": "include: [{path: a/compose.yaml, project_directory: b, env_file: [c/1.env, c/2.env]}]",
    "a/compose.yaml": "services: {a: {image: '${X}${Y}${Z:-z}', volumes: ['./x.conf:/x']}}",
    "b/x.conf": "",
    "b/.env": "Z=not read\n",
    "c/1.env": "X=1\nY=1\n",
    "c/2.env": "Y=2\n",
  });
  expect(project.services[0]?.node.get("image")?.text).toBe("12z");
  expect(project.services[0]?.mounts[0]?.file).toBe("b/x.conf");
});

test("files that are included, extended or read as env_file are read where they lie outside of what was named", () => {
  const root = folderOf({
    "main/compose.yaml": "include: [../other/compose.yaml]\nservices: {a: {image: a, env_file: ../a.env}}",
    "other/compose.yaml": "services: {b: {extends: {file: ../base.yaml, service: base}}}",
    "base.yaml": "services: {base: {image: base}}",
    "a.env": "A=1\n",
    "unrelated.yaml": "services: {c: {image: c}}",
  });
  const project = readProject({ root, paths: ["main"], environment: {} });
  expect(project.unreadable).toEqual([]);
  expect([...project.files.keys()]).toEqual(["main/compose.yaml", "other/compose.yaml", "base.yaml", "a.env"]);
  expect(project.of("compose").map(({ services }) => services.map(({ name }) => name))).toEqual([["a", "b"]]);
  expect(project.of("dotenv").map(({ path }) => path)).toEqual(["a.env"]);
});

test("a name that both have is refused, unless it means the same", () => {
  const files = (included: string) => ({
    "compose.yaml": "include:\n  - a.yaml\nservices:\n  web: {image: web}\nnetworks: {back: {internal: true}}\n",
    "a.yaml": `services:\n  other: {image: other}\nnetworks:\n  back: ${included}\n`,
  });
  expect(composeProjects(files("{internal: true}"))).toHaveLength(1);
  expect(problemsOf(files("{internal: false}"))).toEqual([
    "compose.yaml:2:5: networks.back is given by what is included here (a.yaml, line 4) and by another file: rename one",
  ]);
});

test("a later file of the project overrides what an earlier one includes", () => {
  expect(
    modelOf({
      "compose.yaml": "include: [a.yaml]",
      "compose.override.yaml": "services: {a: {user: '1'}}",
      "a.yaml": "services: {a: {image: a}}",
    }),
  ).toEqual({ services: { a: { image: "a", user: "1" } } });
});

test("files that include each other are refused", () => {
  expect(
    problemsOf({
      "compose.yaml": "include:\n  - sub/a.yaml\nservices: {web: {image: web}}\n",
      "sub/a.yaml": "include:\n  - ../compose.yaml\nservices: {a: {image: a}}\n",
    }),
  ).toEqual(["sub/a.yaml:2:5: it includes itself (compose.yaml → sub/a.yaml → compose.yaml)"]);
});

test("what cannot be included is told where it is named, and the rest is read", () => {
  const files = {
    "compose.yaml":
      "include:\n  - none.yaml\n  - https://example.com/stack.git\n  - broken.yaml\n  - {path: ok.yaml, env_file: none.env}\nservices: {web: {image: web}}\n",
    "broken.yaml": "services: [\n",
    "ok.yaml": "services: {ok: {image: ok}}\n",
  };
  expect(problemsOf(files)).toEqual([
    "broken.yaml:2:1: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    "compose.yaml:2:5: none.yaml: there is no such file or folder",
    "compose.yaml:3:5: this is fetched from elsewhere, and was not looked at: check a copy of it",
    "compose.yaml:5:31: none.env: there is no such file or folder",
  ]);
});

test("an include that is no list of files is refused", () => {
  expect(problemsOf({ "compose.yaml": "include: a.yaml\nservices: {web: {image: web}}\n" })).toEqual([
    "compose.yaml:1:10: include must be a list of files",
  ]);
  expect(problemsOf({ "compose.yaml": "include:\n  - pat: a.yaml\nservices: {web: {image: web}}\n" })).toContain(
    "compose.yaml:2:5: include[0].pat is no key of the compose specification; is path meant?",
  );
});
