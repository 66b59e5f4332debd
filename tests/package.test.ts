/**
 * The npm packages, packed, installed into an empty project and used as there. Not proved: other operating systems, whose binary
 * for bcrypt npm chooses, and other versions of npm than the one that runs this.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { toJavaScript } from "../scripts/package/javascript.ts";
import { neededPackages, readLockedPackages } from "../scripts/package/locked-packages.ts";
import {
  ChildServer,
  fillSqlite,
  freePort,
  ldapsearch,
  person,
  requirePrograms,
  runCommand,
  ServiceReports,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
} from "./lab/index.ts";

const repository = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(repository, "packages/espalier/package.json"), "utf8"));
/** What the outer npm tells its children is not meant for the npm of this test. */
const npmEnvironment = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith("npm_"))
    .map((name) => [name, undefined]),
);

it("what runs is the source without its types, each line where it was written", () => {
  const source = `import { type A, b } from "./b.ts";
export * from '@espalier/ldap';

const thread: Worker = new Worker(new URL("./thread.ts", import.meta.url)); // ./thread.ts
export const load = async (x?: A): Promise<void> => void (await import("../c.ts"));
`;
  expect(toJavaScript(source)).toBe(`import {         b } from "./b.js";
export * from '@espalier/ldap';

const thread         = new Worker(new URL("./thread.js", import.meta.url)); // ./thread.ts
export const load = async (x    )                => void (await import("../c.js"));
`);
});

it("a source that is named in an unknown way is not packed", () => {
  expect(() => toJavaScript('const name = "./thread.ts";')).toThrow(
    new SyntaxError('"./thread.ts" names a source in a way that is not known here'),
  );
});

requirePrograms(
  { curl: "curl", ip: "iproute2", ldapsearch: "ldap-utils", nsenter: "util-linux", unshare: "util-linux" },
  { root: true },
)("the packages in an empty project", () => {
  let folder: TemporaryDirectory;
  let project: string;
  let installed: string;
  /** The command that npm has put beside the project's other commands. */
  let command: string;

  beforeAll(async () => {
    folder = await temporaryDirectory("package");
    project = folder.file("project");
    installed = join(project, "node_modules/espalier");
    command = join(project, "node_modules/.bin/espalier");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
    const printed = await succeed(process.execPath, ["scripts/run.mjs", "pack", folder.path], {
      workingDirectory: repository,
      environment: npmEnvironment,
      timeoutMs: 120_000,
    });
    const tarballs = readdirSync(folder.path).filter((name) => name.endsWith(".tgz"));
    expect(tarballs.sort()).toEqual([`espalier-${version}.tgz`, `espalier-ldap-${version}.tgz`]);
    console.log(printed.trim());
    const parameters = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    await succeed("npm", [...parameters, ...tarballs.map((name) => join("..", name))], {
      workingDirectory: project,
      environment: npmEnvironment,
      timeoutMs: 240_000,
    });
  }, 300_000);
  afterAll(() => folder?.[Symbol.asyncDispose]());

  it("are a command, and a library in JavaScript", async () => {
    expect(await succeed(command, ["--version"])).toBe(`${version}\n`);
    writeFileSync(
      join(project, "library.js"),
      `import { formatFilter, parseFilter } from "@espalier/ldap";
       import { createLdapServer } from "@espalier/ldap/server";
       console.log(formatFilter(parseFilter("(cn=a)")), typeof createLdapServer);`,
    );
    expect(await succeed(process.execPath, [join(project, "library.js")])).toBe("(cn=a) function\n");
  });

  it("have what runs: neither TypeScript nor tests nor the sources of the page, and every file that is imported", () => {
    const top = ["LICENSE", "README.md", "bin", "node_modules", "package.json", "src"];
    expect(readdirSync(installed).sort()).toEqual(top);
    const own = ["bin", "src", "node_modules/@espalier"].flatMap((part) => filesOf(join(installed, part)));
    const endings = new Set(own.map((file) => /\.[a-z0-9]+$/i.exec(file)?.[0]));
    expect([...endings].sort()).toEqual(
      [".LICENSE", ".css", ".html", ".js", ".json", ".md", ".mjs", ".sql", ".svg", ".yaml"].sort(),
    );
    expect(own.filter((file) => /\/tests?\/|\.test\.|\.map$/.test(file.slice(installed.length)))).toEqual([]);
    expect(readdirSync(join(installed, "node_modules/@espalier/web")).sort()).toEqual([
      "dist",
      "package.json",
      "server.js",
    ]);
    const missing = own
      .filter((file) => file.endsWith(".js") && !file.includes("/web/dist/"))
      .flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/(?:\bfrom |\bimport |\bimport\(|\bnew URL\()"(\.[^"]+\.\w+)"/g)]
          .map(([, name]) => join(dirname(file), name!))
          .filter((path) => !existsSync(path)),
      );
    expect(missing).toEqual([]);
  });

  it("have the packages of package-lock.json, and leave to npm only the one that has a binary for each platform", () => {
    const locked = [...neededPackages(readLockedPackages(repository), "packages/espalier")].filter(
      ([path, { os, cpu }]) => path.startsWith("node_modules/") && os === undefined && cpu === undefined,
    );
    const versionAt = (path: string) =>
      JSON.parse(readFileSync(join(installed, path, "package.json"), "utf8")).version as string;
    const [left, bundled] = [
      locked.filter(([path]) => !existsSync(join(installed, path))),
      locked.filter(([path]) => existsSync(join(installed, path))),
    ];
    expect(left.map(([path]) => path)).toEqual(["node_modules/@node-rs/bcrypt"]);
    expect(bundled.map(([path]) => [path, versionAt(path)])).toEqual(
      bundled.map(([path, { version: wanted }]) => [path, wanted]),
    );
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const [[, { version: bcrypt }]] = left as [[string, { version: string }]];
    expect(manifest.dependencies["@node-rs/bcrypt"]).toBe(bcrypt);
    expect(Object.values(manifest.dependencies).filter((each) => !/^\d+\.\d+\.\d+$/.test(String(each)))).toEqual([]);
  });

  it("name in a stack trace the line that was written", () => {
    const trace = (dn: string) =>
      spawnSync(
        process.execPath,
        ["--input-type=module", "-e", `import { parseDn } from "${dn}"; parseDn("no name");`],
        {
          encoding: "utf8",
        },
      )
        .stderr.split("\n")
        .flatMap((line) => /ldap\/src\/(\S+)\.[jt]s:(\d+:\d+)/.exec(line)?.slice(1).join(" ") ?? []);
    const packed = trace(join(installed, "node_modules/@espalier/ldap/src/index.js"));
    expect(packed).toEqual(trace(join(repository, "packages/ldap/src/index.ts")));
    expect(packed.length).toBeGreaterThan(1);
    const file = "packages/gateway/src/gateway.ts";
    expect(stripTypeScriptTypes(readFileSync(join(repository, file), "utf8")).length).toBe(
      readFileSync(join(installed, "node_modules/@espalier/gateway/src/gateway.js"), "utf8").length,
    );
  });

  it("find what is wrong in a compose file", async () => {
    const deployment = folder.file("deployment");
    mkdirSync(deployment);
    const services = { web: { image: "nginx:latest", privileged: true } };
    writeFileSync(join(deployment, "compose.yaml"), stringify({ services }));
    const { exitCode, stdout } = await runCommand(command, ["check", "--format", "json"], {
      workingDirectory: deployment,
    });
    const { findings } = JSON.parse(stdout) as { findings: { rule: string; location?: { file: string } }[] };
    expect(exitCode).toBe(1);
    expect(findings.filter(({ location }) => location?.file === "compose.yaml").length).toBeGreaterThan(0);
  });

  // In a network of its own: the demo's ports may be taken.
  it("serve the demo directory", async () => {
    const site = folder.file("demo");
    mkdirSync(site);
    const start = 'ip link set lo up && exec "$0" up';
    await using demo = new ChildServer("unshare", ["--net", "sh", "-c", start, command], { workingDirectory: site });
    await demo.ready(() => demo.log.includes("Stop with Ctrl+C"), 60_000);
    const inside = (...parameters: string[]) => succeed("nsenter", ["--net", "--target", `${demo.pid}`, ...parameters]);
    const search = ["-x", "-LLL", "-b", "dc=example,dc=com", "(uid=ada.ahorn)", "mail"];
    const entry = "dn: uid=ada.ahorn,dc=example,dc=com\nmail: ada.ahorn@example.com\n\n";
    expect(await inside("ldapsearch", "-H", "ldap://127.0.0.1:3890", ...search)).toBe(entry);
    expect(await inside("ldapsearch", "-H", "ldap://127.0.0.1:3891", ...search)).toBe(entry);
    const isHealthy = async () => {
      const health = JSON.parse(await inside("curl", "-sS", "http://127.0.0.1:9400/health"));
      return health.status === "healthy" && health.version === version;
    };
    await demo.ready(isHealthy);
    expect(await demo.terminate()).toBe(0);
  });

  it("run a gateway of two processes, the manager with its page, and notifications", async () => {
    const site = folder.file("site");
    mkdirSync(site);
    const queries = fillSqlite(join(site, "users.sqlite"), { users: [person("ann", 1000)], groups: [] });
    using users = new DatabaseSync(join(site, "users.sqlite"));
    // `htpasswd -nbBC 5` of "correct horse": what compares it is the binary that npm chose, in a thread.
    const stored = "$2y$05$i/9cy3eSdS7x/rlHzfXReOg6zCNTLzZFieG2I46eMRnYo0/WKE7p2";
    users.prepare(`UPDATE "Users" SET "userPassword" = ?`).run(stored);
    const [ldap, page, hooks, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const configuration = {
      gateway: {
        ...{ base: "dc=example,dc=com", commonName: "localhost", listen: [`ldap://127.0.0.1:${ldap}`] },
        ...{ workers: 2, requireAuthForSearch: false },
      },
      manager: { listen: `127.0.0.1:${page}` },
      clusters: [{ name: "users", host: "127.0.0.1", port: ldap, tls: "none", base_dn: "dc=example,dc=com" }],
      notify: {
        listen: `127.0.0.1:${hooks}`,
        sources: { door: { verifier: "token", secrets: ["a-token-of-sixteen"] } },
      },
    };
    writeFileSync(join(site, "espalier.yaml"), stringify(configuration));
    await using espalier = new ChildServer(command, ["up"], {
      workingDirectory: site,
      environment: { ...queries, METRICS_LISTEN: `127.0.0.1:${metrics}` },
    });
    const reports = new ServiceReports(`http://127.0.0.1:${metrics}`);
    await espalier.ready(() => reports.isReady(), 60_000);
    // Whether it is healthy is also a matter of the machine: its clock, its disk.
    expect(await reports.health()).toMatchObject({
      version,
      checks: { directory: { users: 1 }, processes: { running: 2, wanted: 2 }, store: { database: "sqlite" } },
    });
    const found = await ldapsearch(`ldap://127.0.0.1:${ldap}`, {
      ...{ base: "dc=example,dc=com", filter: "(uid=ann)", attributes: ["uidNumber"] },
      options: ["-D", "uid=ann,dc=example,dc=com", "-w", "correct horse"],
    });
    expect(found.entries).toEqual([{ dn: "uid=ann,dc=example,dc=com", attributes: { uidNumber: ["1000"] } }]);
    const html = await (await fetch(`http://127.0.0.1:${page}/`)).text();
    const [, script] = /<script type="module"[^>]* src="\.?\/?([^"]+)"/.exec(html) ?? [];
    expect((await fetch(`http://127.0.0.1:${page}/${script}`)).headers.get("content-type")).toContain("javascript");
    const webhook = await fetch(`http://127.0.0.1:${hooks}/hooks/door`, {
      ...{ method: "POST", body: '{"state":"open"}' },
      headers: { authorization: "Bearer a-token-of-sixteen", "content-type": "application/json" },
    });
    expect(webhook.status).toBe(202);
    expect(await espalier.terminate()).toBe(0);
  });
});

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
