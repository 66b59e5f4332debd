import { expect, test } from "vitest";
import { composeProject, modelOf, problemsOf } from "./model.ts";

/** The service `foo` of two files that are merged; each is given as the lines below it. */
function merged(base: string, override: string): unknown {
  const model = modelOf(
    { "base.yaml": fooOf(base), "override.yaml": fooOf(override) },
    { composeFiles: ["base.yaml", "override.yaml"] },
  ) as { services: { foo: unknown } };
  return model.services.foo;
}

function fooOf(lines: string): string {
  return `services:\n  foo:\n    image: foo\n${lines.replaceAll(/^(?=.)/gm, "    ")}\n`;
}

test("maps get what is missing, and of what both have the later value", () => {
  expect(merged("user: a\nhostname: b", "hostname: B\nrestart: always")).toEqual({
    image: "foo",
    user: "a",
    hostname: "B",
    restart: "always",
  });
});

test("lists get the later items after the earlier", () => {
  expect(merged("security_opt: [a:1]", "security_opt: [b:2]")).toMatchObject({ security_opt: ["a:1", "b:2"] });
});

test.each(["command", "entrypoint"])("%s is replaced, also a list by a text", (key) => {
  expect(merged(`${key}: [echo, foo]`, `${key}: [echo, bar]`)).toMatchObject({ [key]: ["echo", "bar"] });
  expect(merged(`${key}: [echo, foo]`, `${key}: echo bar`)).toMatchObject({ [key]: "echo bar" });
});

test("healthcheck.test is replaced, and the rest of the healthcheck is merged", () => {
  expect(merged("healthcheck: {test: [CMD, a], interval: 5s}", "healthcheck: {test: b, retries: 3}")).toMatchObject({
    healthcheck: { test: "b", interval: "5s", retries: 3 },
  });
});

test("volumes with one target are one, in whichever form each is written", () => {
  expect(merged("volumes: [./a:/work, ./b:/data]", "volumes: [./c:/work:ro]")).toMatchObject({
    volumes: ["./c:/work:ro", "./b:/data"],
  });
  expect(merged("volumes: [./a:/work]", "volumes: [{type: tmpfs, target: /work}]")).toMatchObject({
    volumes: [{ type: "tmpfs", target: "/work" }],
  });
});

test("ports are added, but for one that is there already", () => {
  expect(merged('ports: ["8080:80"]', 'ports: ["8443:443", "8080:80"]')).toMatchObject({
    ports: ["8080:80", "8443:443"],
  });
  const long = (mode: string) => `ports: [{target: 80, published: "8080", mode: ${mode}}]`;
  expect(merged(long("host"), long("ingress"))).toMatchObject({
    ports: [{ target: 80, published: "8080", mode: "ingress" }],
  });
});

test("secrets and configs with one target are one", () => {
  const files = (service: string) => `${fooOf(service)}secrets: {key: {file: a}}\nconfigs: {conf: {file: b}}\n`;
  const model = modelOf(
    {
      "base.yaml": files("secrets: [key]\nconfigs: [{source: conf, target: /etc/conf}]"),
      "override.yaml": files(
        "secrets: [{source: key, target: /run/secrets/key, mode: 256}]\nconfigs: [{source: conf, target: /etc/conf, uid: '1'}]",
      ),
    },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(model).toMatchObject({
    services: {
      foo: {
        secrets: [{ source: "key", target: "/run/secrets/key", mode: 256 }],
        configs: [{ source: "conf", target: "/etc/conf", uid: "1" }],
      },
    },
  });
});

test.each(["environment", "labels", "annotations", "sysctls"])(
  "%s is merged by name, as maps, as lists and mixed",
  (key) => {
    expect(merged(`${key}: {A: "1", B: "2"}`, `${key}: {B: "3"}`)).toMatchObject({ [key]: { A: "1", B: "3" } });
    expect(merged(`${key}: [A=1, B=2]`, `${key}: [B=3, C=4]`)).toMatchObject({ [key]: ["A=1", "B=3", "C=4"] });
    expect(merged(`${key}: [A=1, B=2=x]`, `${key}: {A: "3"}`)).toMatchObject({ [key]: { A: "3", B: "2=x" } });
    expect(merged(`${key}: {A: "1"}`, `${key}: [A=2, B]`)).toMatchObject({ [key]: { A: "2", B: null } });
  },
);

test("deploy is merged to its depth", () => {
  expect(
    merged(
      "deploy: {resources: {limits: {memory: 1g, cpus: '1'}}, labels: [a=1]}",
      "deploy: {resources: {limits: {memory: 2g}}, labels: {a: '2'}}",
    ),
  ).toMatchObject({ deploy: { resources: { limits: { memory: "2g", cpus: "1" } }, labels: { a: "2" } } });
});

test.each(["dns", "dns_search", "env_file", "tmpfs"])("%s is added to, also where it is a single value", (key) => {
  const files = { "base.yaml": fooOf(`${key}: a`), "override.yaml": fooOf(`${key}: [b, a]`), a: "", b: "" };
  const model = modelOf(files, { composeFiles: ["base.yaml", "override.yaml"] });
  expect(model).toMatchObject({ services: { foo: { [key]: ["a", "b"] } } });
});

test("depends_on and networks are merged by name, whether they are lists or maps", () => {
  const others = "  a: {image: a}\n  b: {image: b}\nnetworks: {front: {}, back: {}}\n";
  const model = modelOf(
    {
      "base.yaml": `${fooOf("depends_on: [a]\nnetworks: [front]")}${others}`,
      "override.yaml": `${fooOf("depends_on: {b: {condition: service_healthy}}\nnetworks: {back: {aliases: [x]}}")}${others}`,
    },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(model).toMatchObject({
    services: {
      foo: {
        depends_on: { a: { condition: "service_started" }, b: { condition: "service_healthy" } },
        networks: { front: null, back: { aliases: ["x"] } },
      },
    },
  });
});

test("a build that is a path only is merged with one that is a map", () => {
  expect(merged("build: ./app", "build: {target: prod, args: {A: '1'}}")).toMatchObject({
    build: { context: "./app", target: "prod", args: { A: "1" } },
  });
});

test("options of a log driver are merged with those of the same, and dropped for another", () => {
  const base = "logging: {driver: json-file, options: {max-size: 10m}}";
  expect(merged(base, "logging: {options: {max-file: '3'}}")).toMatchObject({
    logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
  });
  expect(merged(base, "logging: {driver: syslog}")).toMatchObject({ logging: { driver: "syslog" } });
  expect(merged(base, "logging: {driver: syslog}")).not.toHaveProperty("logging.options");
});

test("a ulimit is replaced, unless both have a soft and a hard one", () => {
  expect(
    merged(
      "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 5}",
      "ulimits: {nofile: {hard: 3}, nproc: {soft: 6, hard: 7}}",
    ),
  ).toMatchObject({
    ulimits: { nofile: { soft: 1, hard: 3 }, nproc: { soft: 6, hard: 7 } },
  });
  expect(merged("ulimits: {nofile: {soft: 1, hard: 2}}", "ulimits: {nofile: 9}")).toMatchObject({
    ulimits: { nofile: 9 },
  });
});

test("capabilities are there once", () => {
  expect(
    merged("cap_add: [NET_BIND_SERVICE]\ncap_drop: [ALL]", "cap_add: [CHOWN, NET_BIND_SERVICE]\ncap_drop: [ALL]"),
  ).toMatchObject({
    cap_add: ["NET_BIND_SERVICE", "CHOWN"],
    cap_drop: ["ALL"],
  });
});

test("subnets are merged by their addresses", () => {
  const network = (config: string) => `services: {a: {image: a}}\nnetworks: {n: {ipam: {config: [${config}]}}}\n`;
  const model = modelOf(
    {
      "base.yaml": network("{subnet: 10.0.0.0/24, gateway: 10.0.0.1}"),
      "override.yaml": network("{subnet: 10.0.0.0/24, gateway: 10.0.0.9}, {subnet: 10.1.0.0/24}"),
    },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(model).toMatchObject({
    networks: { n: { ipam: { config: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.9" }, { subnet: "10.1.0.0/24" }] } } },
  });
});

test("!reset takes away what the earlier file has", () => {
  expect(
    merged('ports: ["8080:80"]\nenvironment: {FOO: BAR, A: b}', "ports: !reset []\nenvironment: {FOO: !reset null}"),
  ).toEqual({
    image: "foo",
    environment: { A: "b" },
  });
});

test("!reset takes a whole service away", () => {
  const model = modelOf(
    { "base.yaml": "services: {a: {image: a}, b: {image: b}}", "override.yaml": "services: {b: !reset {}}" },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(model).toEqual({ services: { a: { image: "a" } } });
});

test("!reset of what is not there, and in the first file, leaves nothing", () => {
  expect(merged("user: !reset x", "cap_add: !reset [A]")).toEqual({ image: "foo" });
});

test("!override puts a value in the place of the earlier, and nothing is merged", () => {
  expect(
    merged('ports: ["8080:80"]\nenvironment: {A: b}', 'ports: !override ["8443:443"]\nenvironment: !override {C: d}'),
  ).toEqual({
    image: "foo",
    ports: ["8443:443"],
    environment: { C: "d" },
  });
});

test("an empty value where there is a map or a list leaves it as it is", () => {
  const model = modelOf(
    { "base.yaml": "services: {a: {image: a}}\nnetworks: {n: {internal: true}}", "override.yaml": "networks: {n: }" },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(model).toEqual({ services: { a: { image: "a" } }, networks: { n: { internal: true } } });
});

test("what is there twice in one file is there once, the later in the place of the earlier", () => {
  expect(modelOf({ "compose.yaml": fooOf("environment: [A=1, B=2, A=3]\nvolumes: [./a:/x, ./b:/x]") })).toEqual({
    services: { foo: { image: "foo", environment: ["A=3", "B=2"], volumes: ["./b:/x"] } },
  });
});

test("three files are merged one over the other, and so are the documents of one file", () => {
  const files = {
    "a.yaml": fooOf("user: a\nhostname: a"),
    "b.yaml": fooOf("user: b"),
    "c.yaml": fooOf("restart: always"),
  };
  const expected = { services: { foo: { image: "foo", user: "b", hostname: "a", restart: "always" } } };
  expect(modelOf(files, { composeFiles: ["a.yaml", "b.yaml", "c.yaml"] })).toEqual(expected);
  expect(modelOf({ "compose.yaml": Object.values(files).join("---\n") })).toEqual(expected);
});

test("each value is told with the file it is written in, and a map with the first", () => {
  const { model, files } = composeProject(
    { "base.yaml": fooOf("user: a\nenvironment: [A=1]"), "override.yaml": fooOf("user: b\nenvironment: [B=2]") },
    { composeFiles: ["base.yaml", "override.yaml"] },
  );
  expect(files).toEqual(["base.yaml", "override.yaml"]);
  expect(model.get("services", "foo", "user")).toMatchObject({
    path: ["services", "foo", "user"],
    sourcePath: ["services", "foo", "user"],
    location: { file: "override.yaml", line: 4, column: 11 },
  });
  expect(model.get("services", "foo", "environment", 1)).toMatchObject({
    path: ["services", "foo", "environment", 1],
    sourcePath: ["services", "foo", "environment", 0],
    location: { file: "override.yaml", line: 5 },
  });
  expect(model.get("services", "foo")).toMatchObject({ location: { file: "base.yaml", line: 3 } });
});

test("a list cannot be merged with a map: both places are told", () => {
  const options = { composeFiles: ["base.yaml", "override.yaml"] };
  const files = {
    "base.yaml": "services: {a: {image: a}}\nx-list: [1]\n",
    "override.yaml": "x-list:\n  a: 1\n",
  };
  expect(problemsOf(files, options)).toEqual([
    "override.yaml:2:3: x-list is a list in base.yaml, line 2, and a map here: they cannot be merged",
  ]);
});
