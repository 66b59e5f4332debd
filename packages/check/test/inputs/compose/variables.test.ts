// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import type { ReadOptions } from "../../../src/inputs/read-project.ts";
import type { Files } from "../../project.ts";
import { composeProject } from "./model.ts";

function usesOf(files: Files, options: Partial<ReadOptions> = {}): readonly string[] {
  return composeProject(files, options).variables.map(
    ({ name, operator, from, isEmpty, isRequired, node }) =>
      `${node.location.file}:${node.location.line} ${node.pathText} ${name}${operator} from ${from}${isEmpty ? ", empty" : ""}${isRequired ? ", required" : ""}`,
  );
}

test("each variable is told with what fills it: the environment, then .env, then its default", () => {
  expect(
    usesOf(
      {
        ".env": "A=dotenv\nB=dotenv\nE=\n",
        "compose.yaml":
          "services:\n  web:\n    image: ${A}:${B:-x}\n    user: ${C:-1}\n    hostname: ${D}\n    domainname: $E\n    labels: ['a=${F:?why}']\n",
      },
      { environment: { A: "shell" } },
    ),
  ).toEqual([
    "compose.yaml:3 services.web.image A from environment",
    "compose.yaml:3 services.web.image B:- from dotenv",
    "compose.yaml:4 services.web.user C:- from default",
    "compose.yaml:5 services.web.hostname D from nothing, empty",
    "compose.yaml:6 services.web.domainname E from dotenv, empty",
    "compose.yaml:7 services.web.labels[0] F:? from nothing, empty, required",
  ]);
});

test("env files that are named take the place of .env, the later before the earlier", () => {
  const files = {
    ".env": "A=0\nB=0\n",
    "1.env": "A=1\nC=1\n",
    "2.env": "A=2\n",
    "compose.yaml": "services: {web: {image: '${A}-${B}-${C}'}}\n",
  };
  const { model } = composeProject(files, { envFiles: ["1.env", "2.env"] });
  expect(model.get("services", "web", "image")?.text).toBe("2--1");
});

test("the .env is the one beside the first file, also where others lie elsewhere", () => {
  const files = {
    "a/.env": "X=a\n",
    "b/.env": "X=b\n",
    "a/base.yaml": "services: {web: {image: '${X}'}}\n",
    "b/override.yaml": "services: {web: {user: '${X}'}}\n",
  };
  const { model } = composeProject(files, { composeFiles: ["a/base.yaml", "b/override.yaml"] });
  expect(model.get("services", "web")?.value).toEqual({ image: "a", user: "a" });
});

test("what an anchor gives to many is one use; what is overridden is none; a value that is merged keeps its own", () => {
  expect(
    usesOf(
      {
        "a.yaml":
          "x-env: &env {A: '${A}'}\nservices:\n  one: {image: '${OLD}', environment: *env}\n  two: {image: b, environment: {<<: *env, B: x}}\n",
        "b.yaml": "services:\n  one: {image: '${NEW}', environment: ['C=${C}']}\n",
      },
      { composeFiles: ["a.yaml", "b.yaml"] },
    ),
  ).toEqual([
    "a.yaml:1 x-env.A A from nothing, empty",
    "b.yaml:2 services.one.image NEW from nothing, empty",
    "b.yaml:2 services.one.environment.C C from nothing, empty",
  ]);
});

test("variables in what is extended have the path of the service that extends", () => {
  expect(
    usesOf({
      "compose.yaml": "services: {web: {extends: {file: base.yaml, service: app}}}\n",
      "base.yaml": "services: {app: {image: '${TAG}'}}\n",
    }),
  ).toEqual(["base.yaml:1 services.web.image TAG from nothing, empty"]);
});

test("keys are not filled in", () => {
  const { model } = composeProject({ "compose.yaml": "services: {web: {image: a, labels: {$KEY: x}}}\n" });
  expect(model.get("services", "web", "labels")?.value).toEqual({ $KEY: "x" });
});
