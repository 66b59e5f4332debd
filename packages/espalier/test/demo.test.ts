/** `espalier up` without a configuration: a demo directory that is the same at the second start. */
import { readFileSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { LdapClient } from "@espalier/ldap/client";
import { expect, it } from "vitest";
import { runEspalier } from "../../../tests/lab/espalier.ts";
import { isContinuousIntegration } from "../../../tests/lab/programs.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { until } from "../../../tests/lab/until.ts";
import { demoPassword, demoUsers } from "../src/demo/people.ts";

const base = "dc=example,dc=com";
const isTaken = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

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
  // They are the demo's own, which somebody may be trying out on this machine.
  const isInUse = (await isTaken(3890)) || (await isTaken(3891)) || (await isTaken(6360));
  test.skip(isInUse && !isContinuousIntegration, "something listens on the demo's ports");
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
});
