/**
 * The image of deploy/Dockerfile, each of its steps carried out without Docker in a root that debootstrap made, and what makes
 * the secrets of its containers. Not proved: what the real `node:24-slim` has besides, and Docker's own caching of layers.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { buildImage, type Image } from "../scripts/image/build.ts";
import { DockerfileError, parseDockerfile } from "../scripts/image/dockerfile.ts";
import { type Entering, enteringCommand } from "../scripts/image/enter.ts";
import {
  ChildServer,
  type CommandResult,
  fillSqlite,
  freePort,
  ldapsearch,
  person,
  requirePrograms,
  runCommand,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "./lab/index.ts";

const repository = join(import.meta.dirname, "..");
const healthcheck = join(repository, "deploy", "healthcheck.mjs");

describe("reading a Dockerfile", () => {
  test("keeps what each instruction says, and its line", () => {
    const text = `# base
ARG BASE=node:24-slim
FROM $BASE AS Page
COPY --from=other a b ./
RUN one \\
# in between

 && two
HEALTHCHECK --timeout=5s CMD ["node", "check.mjs"]
`;
    const run = "RUN one && two";
    expect(parseDockerfile(text)).toEqual([
      { kind: "arg", name: "BASE", value: "node:24-slim", line: 2, text: "ARG BASE=node:24-slim" },
      { kind: "from", image: "$BASE", stage: "page", line: 3, text: "FROM $BASE AS Page" },
      {
        kind: "copy",
        from: "other",
        sources: ["a", "b"],
        destination: "./",
        line: 4,
        text: "COPY --from=other a b ./",
      },
      { kind: "run", command: "one  && two", line: 5, text: run },
      {
        kind: "healthcheck",
        options: { timeout: "5s" },
        command: ["node", "check.mjs"],
        line: 9,
        text: 'HEALTHCHECK --timeout=5s CMD ["node", "check.mjs"]',
      },
    ]);
  });

  test.each([
    ["ADD a b", "ADD is not known here"],
    ["COPY --chmod=755 a b", "COPY --chmod is not known here"],
    ["COPY *.json ./", "COPY of *.json: patterns, heredocs and .. are not known here"],
    ["COPY ../secret ./", "COPY of ../secret: patterns, heredocs and .. are not known here"],
    ["RUN --mount=type=cache true", "RUN is known with a shell command alone: no flag, array or heredoc"],
    ["ENTRYPOINT espalier", 'ENTRYPOINT is known as an array of words alone, ["program", "argument"]'],
    ["USER node", "USER is known as two numbers, UID:GID"],
    ["FROM --platform=linux/amd64 a", "FROM is known as FROM IMAGE and FROM IMAGE AS NAME"],
    ["ENV a=b c=d", "ENV is known with one word alone"],
    ["RUN true \\", "the last line must not end with a backslash"],
    ["# escape=`", "parser directives are not known here"],
  ])("refuses %s", (line, message) => {
    expect(() => parseDockerfile(`FROM node:24-slim\n${line}\n`)).toThrow(new DockerfileError(2, message));
  });

  test("takes any text, or says in which line it is wrong", () => {
    const words = fc.constantFrom(
      "FROM",
      "COPY",
      "RUN",
      "HEALTHCHECK",
      "CMD",
      " ",
      "\n",
      "\\",
      "[",
      '"',
      "a",
      "--",
      "=",
      "#",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseDockerfile(text);
        } catch (error) {
          expect(error).toBeInstanceOf(DockerfileError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the health check of a container", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["::1", "[::1]"],
    ["::", "[::]"],
  ])("finds what listens on %s", async (address, written) => {
    const server = await answering(200, address);
    const { port } = server.address() as AddressInfo;
    const { exitCode, stdout } = await check(`${written}:${port}`);
    expect([exitCode, stdout]).toEqual([0, ""]);
  });

  test("fails with the reason while it is not ready", async () => {
    const { port } = (await answering(503, "127.0.0.1")).address() as AddressInfo;
    expect(await check(`127.0.0.1:${port}`)).toMatchObject({ exitCode: 1, stdout: "because\n" });
  });

  test("fails where nobody answers, and where nobody listens", async () => {
    const port = await freePort();
    const refused = `nothing answers on 127.0.0.1:${port}: ECONNREFUSED\n`;
    expect(await check(`127.0.0.1:${port}`)).toMatchObject({ exitCode: 1, stdout: refused });
    const off = "METRICS_LISTEN is off: the health of this container is asked there, so it needs a port\n";
    expect(await check("off")).toMatchObject({ exitCode: 1, stdout: off });
  });

  function check(listen: string): Promise<CommandResult> {
    return runCommand(process.execPath, [healthcheck], { environment: { METRICS_LISTEN: listen } });
  }

  async function answering(status: number, address: string): Promise<Server> {
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/readyz" ? status : 404).end(status === 200 ? "" : "because");
    });
    server.listen(0, address);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return server;
  }
});

requirePrograms({ openssl: "openssl" }, { root: true })("deploy/secrets.sh", () => {
  const names = ["ldap.example.com", "ldap", "192.0.2.10"];
  let deploy: TemporaryDirectory;

  beforeAll(async () => {
    deploy = await temporaryDirectory("secrets");
    await makeSecrets(deploy, names);
  }, 60_000);
  afterAll(() => deploy[Symbol.asyncDispose]());

  test("makes every file that compose.yaml and compose.small.yaml name", () => {
    const wanted = [compose("compose.yaml"), compose("compose.small.yaml")].flatMap(({ secrets }) =>
      Object.values(secrets).map(({ file }) => file.replace("secrets/", "")),
    );
    expect(readdirSync(deploy.file("secrets")).sort()).toEqual([...new Set([...wanted, "ca"])].sort());
  });

  test("each can be read by the users of the containers that it is for, and by nobody else on the machine", () => {
    const readers = new Map<string, Set<string>>();
    for (const service of Object.values(compose("compose.yaml").services)) {
      for (const written of service.secrets ?? []) {
        const secret = typeof written === "string" ? written : written.source;
        readers.set(secret, (readers.get(secret) ?? new Set()).add(service.user));
      }
    }
    const found = [...readers].map(([secret, users]) => {
      const { uid, gid, mode } = statSync(deploy.file(`secrets/${secret}`));
      return { secret, mode: mode & 0o777, unread: [...users].filter((user) => !mayRead(user, { uid, gid, mode })) };
    });
    const modeOf = (secret: string) => (secret.endsWith(".crt") ? 0o444 : 0o600);
    expect(found).toEqual([...readers.keys()].map((secret) => ({ secret, mode: modeOf(secret), unread: [] })));
    expect(statSync(deploy.file("secrets")).mode & 0o777).toBe(0o700);
    expect(statSync(deploy.file("secrets/ca/authority.key"))).toMatchObject({ uid: 0, mode: 0o100600 });
  });

  test("the certificates are the authority's, for the names that they are reached by", async () => {
    const file = (name: string) => deploy.file(`secrets/${name}`);
    for (const [certificate, name] of [
      ["ldap1", "ldap1"],
      ["ldap2", "ldap2"],
      ...names.map((each) => ["ldap", each]),
    ]) {
      const purpose = /^[\d.]+$/.test(name!) ? "-verify_ip" : "-verify_hostname";
      const verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", file("ca.crt"), purpose, name!];
      expect(await succeed("openssl", [...verify, file(`${certificate}.crt`)])).toBe(
        `${file(`${certificate}.crt`)}: OK\n`,
      );
      const key = await succeed("openssl", ["pkey", "-in", file(`${certificate}.key`), "-pubout"]);
      expect(await succeed("openssl", ["x509", "-in", file(`${certificate}.crt`), "-noout", "-pubkey"])).toBe(key);
    }
  });

  test("the addresses of databases have the passwords that the databases are given", () => {
    const read = (name: string) => readFileSync(deploy.file(`secrets/${name}`), "utf8");
    expect(read("store_url")).toBe(`postgres://espalier:${read("store_password")}@postgres/espalier`);
    expect(read("sql_uri")).toBe(`postgres://gateway:${read("sql_password")}@postgres/users`);
    const passwords = ["postgres", "store", "sql", "grafana"].map((name) => read(`${name}_password`));
    expect(new Set([...passwords, read("alertmanager_token")]).size).toBe(5);
    expect(read("alertmanager_own_token")).toBe(read("alertmanager_token"));
    for (const password of passwords) expect(password).toMatch(/^[0-9a-f]{48}$/);
  });

  test("run again it changes nothing, and makes only what is missing", async () => {
    const before = snapshot(deploy.file("secrets"));
    await makeSecrets(deploy, ["another.example.com"]);
    expect(snapshot(deploy.file("secrets"))).toEqual(before);

    await succeed("rm", [deploy.file("secrets/ldap2.key"), deploy.file("secrets/grafana_password")]);
    await makeSecrets(deploy, names);
    const after = snapshot(deploy.file("secrets"));
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(changed.sort()).toEqual(["ca/issued.jsonl", "grafana_password", "ldap2.crt", "ldap2.key"]);
  });
});

const inRoot = requirePrograms(
  {
    debootstrap: "debootstrap",
    setpriv: "util-linux",
    ldapsearch: "ldap-utils",
    openssl: "openssl",
  },
  { root: true },
);

inRoot("building without Docker", () => {
  test("a step that fails is named by its line, and what it began is ended and removed", async () => {
    await using folder = await temporaryDirectory("image");
    const duration = 1_000_000 + (await freePort());
    const { dockerfile, context, output } = emptyContext(folder, `RUN sleep ${duration} & exit 3`);
    await expect(buildImage({ dockerfile, context, output })).rejects.toThrow(
      new DockerfileError(2, `/bin/sh -c sleep ${duration} & exit 3: ended with 3`),
    );
    expect(readdirSync(output)).toEqual([]);
    expect(processesWith(`${duration}`)).toEqual([]);
  });

  test("when the builder is killed nothing goes on, and nothing is left mounted", async () => {
    await using folder = await temporaryDirectory("image");
    const duration = 1_000_000 + (await freePort());
    const { context, output } = emptyContext(folder, `RUN true && sleep ${duration}`);
    const script = join(repository, "scripts", "build-image.ts");
    await using builder = new ChildServer(process.execPath, [script, "--context", context, "--output", output]);
    await builder.ready(() => processesWith(`sleep\0${duration}`).length > 0, 60_000);
    await builder.kill();
    await until("the step to end", () => processesWith(`${duration}`).length === 0);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(folder.path);
  });

  function emptyContext(folder: TemporaryDirectory, instruction: string) {
    const [context, output] = [folder.file("context"), folder.file("image")];
    mkdirSync(join(context, "deploy"), { recursive: true });
    mkdirSync(output);
    const dockerfile = join(context, "deploy", "Dockerfile");
    writeFileSync(dockerfile, `FROM node:24-slim\n${instruction}\n`);
    return { dockerfile, context, output };
  }

  /** The processes whose command line has the text: words are parted by zero bytes. */
  function processesWith(text: string): string[] {
    return readdirSync("/proc").filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
  }
});

inRoot("the image", () => {
  const cleanup = new AsyncDisposableStack();
  let image: Image;

  beforeAll(async () => {
    const folder = cleanup.use(await temporaryDirectory("image"));
    image = await buildFromPrivateClone(folder);
    const sizeOf = (path: string) => Number(spawnSync("du", ["-sm", path], { encoding: "utf8" }).stdout.split("\t")[0]);
    console.log(
      `The image: ${sizeOf(image.root)} MB with Debian and Node, of which ${sizeOf(join(image.root, "app"))} MB are /app`,
    );
  }, 900_000);
  afterAll(() => cleanup.disposeAsync());

  test("has what runs, and no test of ours", () => {
    const app = join(image.root, "app");
    expect(readdirSync(app).sort()).toEqual(
      ["LICENSE", "deploy", "node_modules", "package-lock.json", "package.json", "packages"].sort(),
    );
    expect(readdirSync(join(app, "packages")).sort()).toEqual(readdirSync(join(repository, "packages")).sort());
    const ours = readdirSync(join(app, "packages"), { recursive: true, encoding: "utf8" });
    expect(ours.filter((path) => /(^|\/)test(\/|$)|\.test\.[a-z]+$/.test(path))).toEqual([]);
    expect(existsSync(join(app, "packages/web/dist/index.html"))).toBe(true);
  });

  test("has no npm, no compiler and nothing for development", async () => {
    const tools = ["npm", "npx", "yarn", "corepack", "cc", "gcc", "g++", "make", "tsc", "vite"];
    const found = await inside(["sh", "-c", `for tool in ${tools.join(" ")}; do command -v $tool; done; true`]);
    expect(found).toMatchObject({ exitCode: 0, stdout: "" });
    const packages = readdirSync(join(image.root, "app/node_modules"));
    const development = [
      "vite",
      "vitest",
      "typescript",
      "playwright-core",
      "knip",
      "rolldown",
      "react",
      "fast-check",
      "node",
    ];
    expect(packages.filter((name) => development.includes(name))).toEqual([]);
    expect(readdirSync(join(image.root, "app/node_modules/@espalier")).includes("tests")).toBe(false);
  });

  test("has nothing that .dockerignore names", async () => {
    const everywhere = await inside(["grep", "--recursive", "--files-with-matches", planted, "/app"]);
    expect(everywhere).toMatchObject({ exitCode: 1, stdout: "" });
  });

  test("belongs to root, and its user can read all of it and change none of it", async () => {
    expect(
      await succeed("find", [join(image.root, "app"), "(", "!", "-user", "root", "-o", "!", "-group", "root", ")"]),
    ).toBe("");
    const unreadable = ["(", "!", "-readable", "-o", "-type", "d", "!", "-executable", ")"];
    const writable = ["!", "-type", "l", "-perm", "/022"];
    expect(await inside(["find", "/app", ...unreadable])).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await inside(["find", "/app", ...writable])).toMatchObject({ exitCode: 0, stdout: "" });
    expect(statSync(join(image.root, "data"))).toMatchObject({ uid: 1000, gid: 1000, mode: 0o40700 });
  });

  test("starts Espalier in /data as user 1000", async () => {
    expect(image.config).toEqual({
      environment: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NODE_ENV: "production" },
      workingDirectory: "/data",
      user: "1000:1000",
      volumes: ["/data"],
      entrypoint: ["espalier"],
      command: ["up"],
      healthcheck: ["node", "/app/deploy/healthcheck.mjs"],
    });
    const { version } = JSON.parse(readFileSync(join(repository, "packages/espalier/package.json"), "utf8"));
    expect(await inside(["espalier", "--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("serves with a root that cannot be written to, is healthy once it is ready, and ends when it is told", async () => {
    const site = await makeSite(cleanup);
    const { environment } = site;
    const healthy = () => inside(image.config.healthcheck ?? [], { environment });
    expect(await healthy()).toMatchObject({ exitCode: 1 });

    const [program, ...parameters] = enteringCommand(
      container(site, ["espalier", "up", "--config", "/run/espalier.yaml"]),
    );
    const espalier = cleanup.use(new ChildServer(program, parameters));
    await espalier.ready(async () => (await healthy()).exitCode === 0, 60_000);

    const found = await ldapsearch(`ldaps://127.0.0.1:${site.ldapsPort}`, {
      base: "dc=example,dc=com",
      filter: "(uid=ann)",
      attributes: ["cn"],
      options: ["-D", "uid=ann,dc=example,dc=com", "-w", "pw-ann"],
      authority: site.authority,
    });
    expect(found).toEqual({
      resultCode: 0,
      entries: [{ dn: "uid=ann,dc=example,dc=com", attributes: { cn: ["Ann Smith"] } }],
      diagnostics: "",
    });
    const page = await fetch(`http://127.0.0.1:${site.pagePort}/`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);

    const process1 = firstProcessOf(espalier.pid);
    expect(readFileSync(`/proc/${process1}/cmdline`, "utf8").split("\0").slice(0, 2)).toEqual([
      "node",
      "/usr/local/bin/espalier",
    ]);
    expect(readFileSync(`/proc/${process1}/status`, "utf8")).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    const write =
      "for place in /app /etc /usr/local/bin / /run; do touch $place/new 2>/dev/null && echo $place; done; touch /tmp/new /data/new";
    expect(await inside(["sh", "-c", write])).toMatchObject({ exitCode: 0, stdout: "" });

    process.kill(process1, "SIGTERM");
    expect(await espalier.exited()).toBe(0);
    expect(await healthy()).toMatchObject({ exitCode: 1 });
  });

  /** Runs a command as the container's user, to its end. */
  async function inside(command: readonly string[], site?: Pick<Site, "environment">): Promise<CommandResult> {
    await using data = await temporaryDirectory("image-data");
    await succeed("chown", ["1000:1000", data.path]);
    const { environment = {} } = site ?? {};
    const [program, ...parameters] = enteringCommand(container({ data: data.path, environment, binds: {} }, command));
    return await runCommand(program, parameters);
  }

  function container(site: Pick<Site, "data" | "environment" | "binds">, command: readonly string[]): Entering {
    const { root, config } = image;
    const [user, group] = config.user.split(":").map(Number);
    return {
      root,
      command,
      environment: { ...config.environment, HOME: "/home/node", ...site.environment },
      workingDirectory: config.workingDirectory,
      binds: site.binds,
      confinement: { user: user!, group: group!, volumes: { "/data": site.data } },
    };
  }
});

/** In each file that must not get into the image. */
const planted = "this-belongs-to-the-machine";

/** A copy of this repository as `umask 077` makes a clone, with what a machine leaves in it. */
async function buildFromPrivateClone(folder: TemporaryDirectory): Promise<Image> {
  const context = folder.file("clone");
  const left = /(^|\/)(node_modules|\.git|dist|data|\.build)$|^deploy\/secrets$/;
  cpSync(repository, context, { recursive: true, filter: (path) => !left.test(relative(repository, path)) });
  for (const path of [
    ...[".git/config", ".env", "cert/server.txt", "data/espalier.db", "deploy/secrets/store_password"],
    ...["node_modules/left/package.json", "packages/gateway/server.key", "packages/gateway/node_modules/left/index.js"],
    ...["packages/web/dist/stale.js", "packages/manager/production.env", "packages/proxy/src/ca.pem", "old.tgz"],
  ]) {
    mkdirSync(join(context, path, ".."), { recursive: true });
    writeFileSync(join(context, path), planted);
  }
  await succeed("chmod", ["-R", "go=", context]);
  const output = folder.file("image");
  mkdirSync(output);
  return buildImage({ dockerfile: join(context, "deploy", "Dockerfile"), context, output });
}

interface Site {
  /** What is mounted on /data. */
  readonly data: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly binds: Readonly<Record<string, string>>;
  readonly ldapsPort: number;
  readonly pagePort: number;
  readonly authority: string;
}

/** Users in SQLite, certificate and key as deploy/secrets.sh makes them, and what `espalier up` needs to be told. */
async function makeSite(cleanup: AsyncDisposableStack): Promise<Site> {
  const folder = cleanup.use(await temporaryDirectory("image-site"));
  const data = folder.file("data");
  mkdirSync(data);
  const population = {
    users: [person("ann", 2001, { fullName: "Ann Smith" })],
    groups: [],
  };
  const queries = fillSqlite(join(data, "users.sqlite"), population);
  await succeed("chown", ["--recursive", "1000:1000", data]);
  await makeSecrets(folder, ["localhost", "127.0.0.1"]);
  const [ldapsPort, pagePort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const configuration = folder.file("espalier.yaml");
  writeFileSync(
    configuration,
    `gateway:
  base: dc=example,dc=com
  commonName: localhost
  listen: ["ldaps://127.0.0.1:${ldapsPort}"]
  tls: { certPath: /run/secrets/ldap.crt, keyPath: /run/secrets/ldap.key }
manager: { listen: "127.0.0.1:${pagePort}" }
clusters:
  - { name: users, host: 127.0.0.1, port: ${ldapsPort}, base_dn: "dc=example,dc=com", readonly: true,
      tls: { mode: ldaps, ca_file: /run/secrets/ca.crt }, roles: [{ role: viewer, users: ["*"] }] }
`,
  );
  const secrets = Object.fromEntries(
    ["ldap.crt", "ldap.key", "ca.crt"].map((name) => [`/run/secrets/${name}`, folder.file(`secrets/${name}`)]),
  );
  return {
    data,
    environment: { ...queries, SQL_URI: "sqlite:/data/users.sqlite", METRICS_LISTEN: `127.0.0.1:${metricsPort}` },
    binds: { ...secrets, "/run/espalier.yaml": configuration },
    ldapsPort,
    pagePort,
    authority: folder.file("secrets/ca.crt"),
  };
}

/** Runs deploy/secrets.sh for a folder `secrets` in `folder`, with the `espalier` of this repository on the PATH. */
async function makeSecrets(folder: TemporaryDirectory, names: readonly string[]): Promise<void> {
  const bin = folder.file("bin");
  mkdirSync(bin, { recursive: true });
  const command = join(repository, "packages", "espalier", "bin", "espalier.mjs");
  writeFileSync(join(bin, "espalier"), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`, { mode: 0o755 });
  cpSync(join(repository, "deploy", "secrets.sh"), folder.file("secrets.sh"));
  const environment = { PATH: `${bin}:${process.env.PATH ?? ""}`, LDAP_NAME: names.join(" ") };
  await succeed("sh", [folder.file("secrets.sh")], { environment });
}

interface ComposeFile {
  readonly services: Readonly<
    Record<string, { readonly user: string; readonly secrets?: readonly (string | { readonly source: string })[] }>
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

function compose(name: string): ComposeFile {
  return parse(readFileSync(join(repository, "deploy", name), "utf8"), { merge: true }) as ComposeFile;
}

/** A container's process has its user and its first group alone. */
function mayRead(user: string, { uid, gid, mode }: { uid: number; gid: number; mode: number }): boolean {
  const [asUser, asGroup] = user.split(":").map(Number);
  if (asUser === uid) return (mode & 0o400) !== 0;
  return (mode & (asGroup === gid ? 0o040 : 0o004)) !== 0;
}

/** Owner, mode, time of change and content of each file, by its path. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => ({ path, stat: statSync(join(folder, path)) }))
    .filter(({ stat }) => stat.isFile());
  return Object.fromEntries(
    files.map(({ path, stat: { uid, gid, mode, mtimeMs } }) => {
      return [path, [uid, gid, mode, mtimeMs, readFileSync(join(folder, path), "hex")].join(" ")];
    }),
  );
}

/** The process that is number 1 in the namespace that `unshare` made. */
function firstProcessOf(unshare: number): number {
  const [child] = readFileSync(`/proc/${unshare}/task/${unshare}/children`, "utf8").split(" ");
  const status = readFileSync(`/proc/${child}/status`, "utf8");
  expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
  return Number(child);
}
