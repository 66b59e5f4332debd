/**
 * `espalier up` without a configuration: a demo directory that is the same at the second start; and what the document for
 * beginners lets its reader type, which uses the same ports.
 */
import { mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createConnection } from "node:net";
import { LdapClient } from "@espalier/ldap/client";
import { expect, it, type TestContext } from "vitest";
import { runCommand } from "../../../tests/lab/command.ts";
import { runEspalier } from "../../../tests/lab/espalier.ts";
import { isContinuousIntegration, requirePrograms } from "../../../tests/lab/programs.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { until } from "../../../tests/lab/until.ts";
import { demoPassword, demoUsers } from "../src/demo/people.ts";
import { type Block, blocksOf } from "./document-blocks.ts";

const base = "dc=example,dc=com";
const isTaken = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

const ports = [3890, 3891, 6360, 8000];

/** They are the documented ones, which somebody may be trying out on this machine. */
async function skipWherePortsAreTaken(test: TestContext): Promise<void> {
  const taken = await Promise.all(ports.map(isTaken));
  test.skip(taken.includes(true) && !isContinuousIntegration, "something listens on the demo's ports");
}

async function withDemo(
  folder: TemporaryDirectory,
  use: (client: LdapClient, guide: string) => Promise<void>,
): Promise<void> {
  await using demo = runEspalier(["up"], { METRICS_LISTEN: "off" }, folder);
  await demo.ready(() => demo.log.includes("Stop with Ctrl+C"));
  const ca = readFileSync(folder.file("data/cert/self-signed/server.crt"), "utf8");
  const client = await LdapClient.connect({ url: "ldaps://localhost:6360", tls: { ca } });
  await use(client, demo.log);
  await client.unbind();
  expect(await demo.terminate()).toBe(0);
}

it("serves made-up users on the documented ports, and keeps its data and certificate for the next start", async (test) => {
  await skipWherePortsAreTaken(test);
  await using folder = await temporaryDirectory("demo");
  const kept = ["data/demo.sqlite", "data/cert/self-signed/server.crt", "data/cert/self-signed/server.key"];
  const contents = () => kept.map((file) => readFileSync(folder.file(file), "base64"));
  const user = demoUsers[0]!.uid;
  const listing = async (client: LdapClient) => {
    const found: string[] = [];
    const request = { baseObject: base, attributes: ["uid", "member", "entryUUID"] };
    for await (const entry of client.search(request).entries())
      found.push(`${entry.text("entryUUID")} ${entry.objectName} ${entry.texts("member")}`);
    return found.sort();
  };
  let first: string[] = [];
  let firstContents: string[] = [];
  await withDemo(folder, async (client, guide) => {
    first = await listing(client);
    firstContents = contents();
    expect(first.length).toBe(1 + (demoUsers.length - 1) + 20);
    expect(guide).toContain("ldapsearch -x -LLL -H ldap://127.0.0.1:3890");
    expect(guide).toContain("ldap://127.0.0.1:3891    the proxy in front of it");
    await using proxied = await LdapClient.connect({ url: "ldap://127.0.0.1:3891" });
    await proxied.bind(`uid=${user},${base}`, demoPassword);
    expect(await listing(proxied)).toEqual(first);
    expect(guide).not.toContain('{"timestamp"');
    expect(await (await fetch("http://127.0.0.1:8000/api/v1/session/options")).json()).toMatchObject({
      clusters: [{ name: "demo" }],
    });
    await client.bind(`uid=${user},${base}`, demoPassword);
    expect((await client.whoAmI()).authzId).toBe(`dn:uid=${user},${base}`);
    await expect(client.bind(`uid=${demoUsers.at(-1)!.uid},${base}`, demoPassword)).rejects.toMatchObject({
      resultCode: 49,
    });
  });
  expect(statSync(folder.file("data/cert/self-signed/server.key")).mode & 0o777).toBe(0o600);
  await withDemo(folder, async (client) => {
    expect(await listing(client)).toEqual(first);
    expect(contents()).toEqual(firstContents);
  });
  await until("the log to be written", () =>
    readFileSync(folder.file("data/espalier.log"), "utf8").includes('"message":"search"'),
  );
}, 60_000);

const gettingStarted = new URL("../../../docs/getting-started.md", import.meta.url);

/** Types the block, and compares what it prints with what the document says. */
async function follow({ commands, output }: Block, folder: TemporaryDirectory): Promise<void> {
  const environment = { PATH: `${folder.file("bin")}:${process.env.PATH}`, METRICS_LISTEN: "off" };
  const typed = `set -e\nexec 2>&1\n${commands}`;
  const { exitCode, stdout } = await runCommand("bash", ["-c", typed], { workingDirectory: folder.path, environment });
  expect([commands, exitCode, stdout.trim()]).toEqual([commands, 0, output?.trim() ?? expect.any(String)]);
}

requirePrograms({ ldapsearch: "ldap-utils", sqlite3: "sqlite3", openssl: "openssl" })("docs/getting-started.md", () => {
  it("lets its reader find the made-up users", async (test) => {
    await skipWherePortsAreTaken(test);
    await using folder = await temporaryDirectory("getting-started");
    const [start, ...blocks] = blocksOf(gettingStarted, "A demo");
    expect([start?.commands, blocks.length]).toEqual(["npm start\n", 2]);
    await withDemo(folder, async () => {
      for (const block of blocks) await follow(block, folder);
    });
  }, 60_000);

  it("lets its reader log in from a database of their own, and print what a machine needs", async (test) => {
    await skipWherePortsAreTaken(test);
    await using folder = await temporaryDirectory("getting-started");
    mkdirSync(folder.file("bin"));
    const command = new URL("../bin/espalier.mjs", import.meta.url).pathname;
    symlinkSync(command, folder.file("bin/espalier"));
    const [link, ...blocks] = blocksOf(gettingStarted, "Your own users");
    expect(link?.commands).toBe('ln -s "$PWD/packages/espalier/bin/espalier.mjs" /usr/local/bin/espalier\n');
    const start = blocks.findIndex(({ commands }) => commands === "espalier up\n");
    expect(start).toBe(3);
    for (const block of blocks.slice(0, start)) await follow(block, folder);
    await using up = runEspalier(["up"], { METRICS_LISTEN: "off" }, folder);
    await up.ready(() => up.log.includes('"message":"ready"'));
    for (const block of blocks.slice(start + 1)) await follow(block, folder);
    const client = blocksOf(gettingStarted, "A machine on which they log in");
    expect(client.length).toBe(1);
    for (const block of client) await follow(block, folder);
    expect(readFileSync(folder.file("sssd.conf"), "utf8")).toContain("\nldap_uri = ldaps://localhost:6360\n");
    expect(await up.terminate()).toBe(0);
  }, 60_000);
});
