// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
import { expect, test } from "vitest";
import type { ComposeService } from "../../../src/inputs/compose/compose-project.ts";
import type { Files } from "../../project.ts";
import { composeProject, problemsOf } from "./model.ts";

function serviceOf(lines: string, more: Files = {}, rest = ""): ComposeService {
  const compose = `services:\n  app:\n    image: app\n${lines.replaceAll(/^(?=.)/gm, "    ")}\n${rest}`;
  return composeProject({ "compose.yaml": compose, ...more }).services[0]!;
}

function portsOf(list: string): readonly unknown[] {
  return serviceOf(`ports: ${list}`).ports.map(({ node: _, ...port }) => port);
}

test.each([
  ['["80"]', { published: undefined, target: 80, host: "0.0.0.0", protocol: "tcp" }],
  ["[80]", { published: undefined, target: 80, host: "0.0.0.0", protocol: "tcp" }],
  ['["8080:80"]', { published: 8080, target: 80, host: "0.0.0.0", protocol: "tcp" }],
  ['["127.0.0.1:8080:80"]', { published: 8080, target: 80, host: "127.0.0.1", protocol: "tcp" }],
  ['["127.0.0.1::80"]', { published: undefined, target: 80, host: "127.0.0.1", protocol: "tcp" }],
  ['["6060:6060/udp"]', { published: 6060, target: 6060, host: "0.0.0.0", protocol: "udp" }],
  ['["9090-9091:8080-8081"]', { published: 9090, target: 8080, host: "0.0.0.0", protocol: "tcp" }],
  ['["3000-3005"]', { published: undefined, target: 3000, host: "0.0.0.0", protocol: "tcp" }],
  ['["[::1]:636:636"]', { published: 636, target: 636, host: "::1", protocol: "tcp" }],
  ['["::1:636:636"]', { published: 636, target: 636, host: "::1", protocol: "tcp" }],
  ['["[::]:636:636"]', { published: 636, target: 636, host: "::", protocol: "tcp" }],
  ["[{target: 80}]", { published: undefined, target: 80, host: "0.0.0.0", protocol: "tcp" }],
  [
    '[{target: 53, published: "5353", host_ip: 10.0.0.1, protocol: udp}]',
    { published: 5353, target: 53, host: "10.0.0.1", protocol: "udp" },
  ],
  ["[{target: 80, published: 8080}]", { published: 8080, target: 80, host: "0.0.0.0", protocol: "tcp" }],
  ['[{target: 80, published: "8000-9000"}]', { published: 8000, target: 80, host: "0.0.0.0", protocol: "tcp" }],
])("ports: %s", (list, expected) => {
  expect(portsOf(list)).toEqual([expected]);
});

function mountsOf(lines: string): readonly unknown[] {
  const named = "volumes: {data: {}}\n";
  return serviceOf(lines, { "conf/app.conf": "x" }, named).mounts.map(({ node: _, ...mount }) => mount);
}

test.each([
  ["volumes: [/data]", { type: "volume", source: undefined, target: "/data", isReadOnly: false }],
  ["volumes: ['/data:ro']", { type: "volume", source: undefined, target: "/data", isReadOnly: true }],
  ["volumes: ['data:/data']", { type: "volume", source: "data", target: "/data", isReadOnly: false }],
  ["volumes: ['data:/data:ro']", { type: "volume", source: "data", target: "/data", isReadOnly: true }],
  ["volumes: ['/etc:/host:ro,z']", { type: "bind", source: "/etc", target: "/host", isReadOnly: true }],
  ["volumes: ['~/x:/x']", { type: "bind", source: "~/x", target: "/x", isReadOnly: false }],
  ["volumes: ['..:/x']", { type: "bind", source: "..", target: "/x", isReadOnly: false }],
  ["volumes: ['C:\\x:/x:ro']", { type: "bind", source: "C:\\x", target: "/x", isReadOnly: true }],
  [
    "volumes: ['./conf/app.conf:/app.conf:ro']",
    { type: "bind", source: "./conf/app.conf", target: "/app.conf", isReadOnly: true, file: "conf/app.conf" },
  ],
  [
    "volumes: [{type: bind, source: ./conf/app.conf, target: /app.conf, read_only: true}]",
    { type: "bind", source: "./conf/app.conf", target: "/app.conf", isReadOnly: true, file: "conf/app.conf" },
  ],
  [
    "volumes: [{type: volume, source: data, target: /d}]",
    { type: "volume", source: "data", target: "/d", isReadOnly: false },
  ],
  ["volumes: [{type: tmpfs, target: /t}]", { type: "tmpfs", source: undefined, target: "/t", isReadOnly: false }],
  ["volumes: [{type: npipe, source: a, target: /t}]", { type: "other", source: "a", target: "/t", isReadOnly: false }],
  ["tmpfs: /run", { type: "tmpfs", source: undefined, target: "/run", isReadOnly: false }],
  ["tmpfs: ['/run:size=64m']", { type: "tmpfs", source: undefined, target: "/run", isReadOnly: false }],
])("%s", (lines, expected) => {
  expect(mountsOf(lines)).toEqual([expected]);
});

test.each([
  ["user: a", ["default"]],
  ["networks: [front, back]", ["front", "back"]],
  ["networks: {front: {aliases: [x]}, back: }", ["front", "back"]],
  ["network_mode: host", []],
])("%s is on these networks: %j", (lines, expected) => {
  expect(serviceOf(lines, {}, "networks: {front: {}, back: {}}\n").networks).toEqual(expected);
});

test("environment is read over env_file, the later files over the earlier, with what is written and where", () => {
  const { environment } = serviceOf(
    'env_file: [a.env, {path: b.env}, {path: none.env, required: false}]\nenvironment: ["C=c$$", "D", "E=${HOME:-/root}/x", "B=env"]',
    { "a.env": "A=1\nB=1\n", "b.env": "# b\nB=2\nF=${A:-f}\n" },
  );
  expect(
    environment.map(({ node, location: { file, line }, ...entry }) => ({
      ...entry,
      at: `${file}:${line}`,
      isNode: node !== undefined,
    })),
  ).toEqual([
    { name: "A", value: "1", written: "1", isLiteral: true, at: "a.env:1", isNode: false },
    { name: "B", value: "env", written: "env", isLiteral: true, at: "compose.yaml:5", isNode: true },
    { name: "F", value: "f", written: "${A:-f}", isLiteral: false, at: "b.env:3", isNode: false },
    { name: "C", value: "c$", written: "c$$", isLiteral: true, at: "compose.yaml:5", isNode: true },
    { name: "D", value: undefined, written: undefined, isLiteral: false, at: "compose.yaml:5", isNode: true },
    { name: "E", value: "/root/x", written: "${HOME:-/root}/x", isLiteral: false, at: "compose.yaml:5", isNode: true },
  ]);
});

test("a map of environment has numbers, empty values and what the shell gives", () => {
  const { environment } = serviceOf('environment: {PORT: 80, EMPTY: "", SHELL_ONLY: , FLAG: "true"}');
  expect(environment.map(({ name, value, isLiteral }) => [name, value, isLiteral])).toEqual([
    ["PORT", "80", true],
    ["EMPTY", "", true],
    ["SHELL_ONLY", undefined, false],
    ["FLAG", "true", true],
  ]);
});

test("an env_file in the raw format is read as it is, and one that is not there is told", () => {
  const { environment } = serviceOf("env_file: [{path: raw.env, format: raw}]", { "raw.env": "A='${B}'\n" });
  expect(environment).toMatchObject([{ name: "A", value: "'${B}'" }]);
  expect(problemsOf({ "compose.yaml": "services:\n  a:\n    image: a\n    env_file: [none.env]\n" })).toEqual([
    "compose.yaml:4:16: none.env: there is no such file or folder",
  ]);
  expect(
    problemsOf({
      "compose.yaml": "services:\n  a:\n    image: a\n    env_file: [{path: a.env, required: false}]\n",
      "a.env": "A B\n",
    }),
  ).toEqual(["a.env:1:1: this line is not of the form NAME=value: a name has letters, digits, _ . - and no spaces"]);
});

test("texts become what compose takes them for, by where they are", () => {
  const { node } = serviceOf(
    'privileged: "yes"\nread_only: ${RO:-true}\ninit: "${INIT}"\npids_limit: "${PIDS:-200}"\ncontainer_name: "true"\nhealthcheck: {retries: "3", disable: off}',
  );
  expect(node.value).toEqual({
    image: "app",
    privileged: true,
    read_only: true,
    init: "",
    pids_limit: 200,
    container_name: "true",
    healthcheck: { retries: 3, disable: false },
  });
});
