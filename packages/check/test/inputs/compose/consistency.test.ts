import { expect, test } from "vitest";
import { problemsOf } from "./model.ts";

const app = (lines: string, rest = "") => ({
  "compose.yaml": `services:\n  app:\n    image: app\n    ${lines}\n  other: {image: other}\n${rest}`,
});

test.each([
  [
    "depends_on: [othr]",
    "compose.yaml:4:18: services.app.depends_on[0] names the service othr, which the project does not have; is other meant?",
  ],
  [
    "depends_on: {nobody: {condition: service_started}}",
    "compose.yaml:4:18: services.app.depends_on.nobody names the service nobody, which the project does not have",
  ],
  [
    "network_mode: service:nobody",
    "compose.yaml:4:19: services.app.network_mode names the service nobody, which the project does not have",
  ],
  [
    "networks: [front]",
    "compose.yaml:4:16: services.app.networks[0] names the network front, which the project does not have",
  ],
  [
    "volumes: ['data:/data']",
    "compose.yaml:4:15: services.app.volumes[0] names the volume data, which the project does not have",
  ],
  [
    "secrets: [key]",
    "compose.yaml:4:15: services.app.secrets[0] names the secret key, which the project does not have",
  ],
  [
    "configs: [{source: conf}]",
    "compose.yaml:4:15: services.app.configs[0] names the config conf, which the project does not have",
  ],
])("%s where there is no such thing is told, as Docker refuses it", (lines, problem) => {
  expect(problemsOf(app(lines))).toEqual([problem]);
});

test.each([
  ["depends_on: [other]", ""],
  ["depends_on: {nobody: {condition: service_started, required: false}}", ""],
  ["network_mode: service:other", ""],
  ["networks: [default]", ""],
  ["networks: [front]", "networks: {front: }\n"],
  ["volumes: ['data:/data', /anonymous, './bind:/b']", "volumes: {data: }\n"],
  ["secrets: [key]", "secrets: {key: {file: ./key}}\n"],
])("%s with %j is right", (lines, rest) => {
  expect(problemsOf(app(lines, rest))).toEqual([]);
});

test("a service that nothing can be started of is told", () => {
  expect(problemsOf({ "compose.yaml": "services:\n  a: {image: a}\n  b: {restart: always}\n" })).toEqual([
    "compose.yaml:3:3: service b has neither an image nor a build",
  ]);
});

test("network_mode and networks together are told", () => {
  expect(problemsOf(app("network_mode: host\n    networks: [default]"))).toEqual([
    "compose.yaml:4:19: service app has both network_mode and networks, of which only one may be given",
  ]);
});
