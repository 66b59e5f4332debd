// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import { composeProject, composeProjects, modelOf, problemsOf } from "./model.ts";

test("a service takes over what another of its file has, and what it says itself wins", () => {
  expect(
    modelOf({
      "compose.yaml": `
services:
  base: {image: base, environment: [A=1, B=2], command: [a], cap_add: [CHOWN]}
  web: {extends: base, environment: {B: "3"}, command: [b], cap_add: [KILL]}
`,
    }),
  ).toMatchObject({
    services: {
      web: { image: "base", environment: { A: "1", B: "3" }, command: ["b"], cap_add: ["CHOWN", "KILL"] },
    },
  });
});

test("the word extends itself is gone", () => {
  const model = modelOf({ "compose.yaml": "services: {a: {image: a}, b: {extends: {service: a}}}" });
  expect(model).toEqual({ services: { a: { image: "a" }, b: { image: "a" } } });
});

test("a service extends one of another file, which extends a third", () => {
  const files = {
    "compose.yaml": "services: {web: {extends: {file: common/base.yaml, service: app}, ports: ['80:80']}}",
    "common/base.yaml": "services: {app: {extends: {file: ../more.yaml, service: top}, user: '1'}, unused: {image: u}}",
    "more.yaml": "services: {top: {image: top, user: '0', read_only: true}}",
  };
  const project = composeProject(files);
  expect(project.model.value).toEqual({
    services: { web: { image: "top", user: "1", read_only: true, ports: ["80:80"] } },
  });
  expect(project.files).toEqual(["compose.yaml", "common/base.yaml", "more.yaml"]);
});

test("what is taken over is told where it is written, and the service where it extends", () => {
  const { services } = composeProject({
    "compose.yaml": "services:\n  web:\n    extends: {file: base.yaml, service: app}\n",
    "base.yaml": "services:\n  app:\n    image: app\n    read_only: true\n",
  });
  const [{ node } = expect.fail("no service")] = services;
  expect(node.get("read_only")).toMatchObject({
    path: ["services", "web", "read_only"],
    sourcePath: ["services", "app", "read_only"],
    location: { file: "base.yaml", line: 4, column: 16 },
  });
  expect(node).toMatchObject({ sourcePath: ["services", "web"], location: { file: "compose.yaml", line: 3 } });
});

test("paths of what is taken over begin at the folder of its file, and variables are filled in as everywhere", () => {
  const { services } = composeProject({
    ".env": "TAG=7\n",
    "compose.yaml": "services: {web: {extends: {file: common/base.yaml, service: app}, volumes: ['./here.conf:/b']}}",
    "common/base.yaml": "services: {app: {image: 'app:${TAG}', env_file: app.env, volumes: ['./there.conf:/a']}}",
    "common/.env": "TAG=8\n",
    "common/app.env": "MODE=prod\n",
    "common/there.conf": "x",
    "here.conf": "y",
  });
  expect(services[0]).toMatchObject({
    environment: [{ name: "MODE", value: "prod" }],
    mounts: [
      { target: "/a", file: "common/there.conf" },
      { target: "/b", file: "here.conf" },
    ],
  });
  expect(services[0]?.node.get("image")?.text).toBe("app:7");
});

test("!reset takes away what the extended service has", () => {
  const model = modelOf({
    "compose.yaml":
      "services: {a: {image: a, ports: ['1:1'], labels: {x: y}}, b: {extends: a, ports: !reset [], labels: !override {z: '1'}}}",
  });
  expect(model).toMatchObject({ services: { b: { image: "a", labels: { z: "1" } } } });
  expect(model).not.toHaveProperty("services.b.ports");
});

test("a file that is only extended is no project, unless it has the name of one", () => {
  const web = (file: string) => `services: {web: {extends: {file: ${file}, service: app}}}`;
  const base = "services: {app: {image: app}}";
  const names = (files: Readonly<Record<string, string>>) => composeProjects(files).map((project) => project.files[0]);
  expect(names({ "compose.yaml": web("base.yaml"), "base.yaml": base })).toEqual(["compose.yaml"]);
  expect(names({ "compose.yaml": web("other/compose.yaml"), "other/compose.yaml": base })).toEqual([
    "compose.yaml",
    "other/compose.yaml",
  ]);
});

test("services that extend each other in a circle are refused, over files too", () => {
  expect(
    problemsOf({ "compose.yaml": "services:\n  a: {image: a, extends: b}\n  b: {image: b, extends: a}\n" }),
  ).toEqual([
    "compose.yaml:2:26: service a extends itself (compose.yaml: a → compose.yaml: b → compose.yaml: a)",
    "compose.yaml:3:26: service b extends itself (compose.yaml: b → compose.yaml: a → compose.yaml: b)",
  ]);
  expect(
    problemsOf({
      "compose.yaml": "services:\n  a: {image: a, extends: {file: other.yaml, service: b}}\n",
      "other.yaml": "services:\n  b: {image: b, extends: {file: compose.yaml, service: a}}\n",
    }),
  ).toEqual(["compose.yaml:2:26: service a extends itself (compose.yaml: a → other.yaml: b → compose.yaml: a)"]);
});

test("a service or a file that is not there is refused where it is named", () => {
  expect(
    problemsOf({
      "compose.yaml":
        "services:\n  a: {image: a, extends: nobody}\n  b: {image: b, extends: {file: none.yaml, service: x}}\n",
    }),
  ).toEqual([
    "compose.yaml:2:26: service a extends nobody, which compose.yaml does not have",
    "compose.yaml:3:26: none.yaml: there is no such file or folder",
  ]);
});

test("a service that extends nothing that has a name is refused", () => {
  expect(problemsOf({ "compose.yaml": "services:\n  a: {image: a, extends: [b]}\n" })).toContain(
    "compose.yaml:2:26: services.a.extends must name a service",
  );
});
