import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attribute, manageDsaITControl } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { Secret } from "@espalier/service";
import { requirePrograms, type Slapd, startSlapd, succeed } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openCluster } from "../../src/backup/directory-connection.ts";
import {
  type Restored,
  type RestoreOptions,
  restorePart,
  silent,
  type TargetDescription,
  type UnlockedBackup,
} from "../../src/backup/index.ts";
import { markerDn, restoreDirectory } from "../../src/backup/restore-directory.ts";
import { directorySource, environment, type TestBackups, testBackups } from "./backups.ts";
import { baseDn, directoryLdif, withMemberOf } from "./directory.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapadd: "ldap-utils" });

describe("restoring a directory", () => {
  let source: Slapd;
  beforeAll(async () => {
    source = await startSlapd({ ldif: "", ...withMemberOf });
    const login = ["-x", "-M", "-H", source.url, "-D", source.rootDn, "-w", source.rootPassword];
    await succeed("ldapadd", login, { input: directoryLdif() });
    // The inner group came later than the outer one that it is in: only now it gets its memberOf.
    await using client = await rootOf(source);
    const modification = attribute("member", `cn=inner,ou=groups,${baseDn}`);
    await client.modify(`cn=outer,ou=groups,${baseDn}`, [
      { operation: "delete", modification },
      { operation: "add", modification },
    ]);
  });
  afterAll(() => source[Symbol.asyncDispose]());

  it("makes the same entries of an empty one, in groups of groups and with their entryUUIDs", async () => {
    const { unlocked } = await backedUp(source);
    await using target = await startSlapd({ ldif: "", ...withMemberOf });
    const restored = await restore(unlocked, target);
    expect(restored).toEqual({
      target: { name: baseDn, description: `${baseDn} on ${target.url}`, isEmpty: true },
      problems: [],
      warnings: [],
    });
    expect(await lasting(target)).toEqual(await lasting(source));
  });

  it("gives everybody their memberOf, also who was read before what is above them", async () => {
    const { unlocked } = await backedUp(source);
    await using target = await startSlapd({ ldif: "", ...withMemberOf });
    const { cluster } = directorySource(target);
    await using node = await openCluster(cluster, undefined, "write");
    const workFolder = mkdtempSync(join(tmpdir(), "espalier-restore-"));
    onTestFinished(() => rmSync(workFolder, { recursive: true }));
    const entries = baseThenBackwards(unlocked.content(unlocked.backup.part("ldap:people")));
    const { problems } = await restoreDirectory({ node, baseDn, backup: unlocked.backup.name, entries, workFolder });
    expect(problems).toEqual([]);
    expect(await lasting(target)).toEqual(await lasting(source));
  });

  it("again makes of changed entries what they were, and says what is too many", async () => {
    const { unlocked } = await backedUp(source);
    await using target = await startSlapd({ ldif: "" });
    await restore(unlocked, target);
    await using client = await rootOf(target);
    const ann = `uid=ann,ou=people,${baseDn}`;
    await client.modify(ann, [
      { operation: "replace", modification: attribute("mail", "else@example.com") },
      { operation: "add", modification: attribute("title", "queen") },
      { operation: "delete", modification: { type: "description", values: [] } },
    ]);
    await client.del(`uid=bob,ou=people,${baseDn}`);
    await client.add(`ou=more,${baseDn}`, [attribute("objectClass", "organizationalUnit"), attribute("ou", "more")]);
    await expect(restore(unlocked, target)).rejects.toThrow(
      `${baseDn} on ${target.url} is not empty. To restore over what is there, say --force.`,
    );
    const { problems } = await restore(unlocked, target, { force: true });
    expect(problems).toEqual(["there are 9 entries, and 8 in the backup"]);
    const { entries } = await client.searchAll({ baseObject: ann, scope: "baseObject" });
    expect(entries[0]!.texts("mail")).toEqual(["ann@example.com", "a@example.com"]);
    expect(entries[0]!.texts("title")).toEqual([]);
    expect(entries[0]!.text("description")).toBe("äöü ");
  });

  it("leaves a mark where it was interrupted, by which the same backup goes on and another is refused", async () => {
    const { unlocked } = await backedUp(source);
    const { unlocked: another } = await backedUp(source, Date.UTC(2026, 0, 16));
    await using target = await startSlapd({ ldif: "" });
    const half = await interrupted(unlocked, target);
    expect(half).toContain(markerDn(baseDn));
    await expect(restore(another, target)).rejects.toThrow("is not empty");
    expect((await restore(unlocked, target)).problems).toEqual([]);
    expect((await lasting(target)).map(([dn]) => dn)).toEqual((await lasting(source)).map(([dn]) => dn));
  });

  it("says how many entries are new ones to the server, where it lets nobody set an entryUUID", async () => {
    const { unlocked } = await backedUp(source);
    const dn = `cn=restorer,${baseDn}`;
    const account = `dn: ${dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: restorer\nuserPassword: secret\n`;
    const [base = ""] = directoryLdif().split("\n\n");
    await using target = await startSlapd({
      ldif: `${base}\n\n${account}`,
      indexes: [`objectClass eq\naccess to * by dn.exact="${dn}" write by anonymous auth`],
    });
    const sources = [{ ...directorySource(target), login: { dn, password: new Secret("secret") } }];
    const { warnings } = await restore(unlocked, target, { force: true, sources });
    expect(warnings).toEqual([
      "7 entries have a new entryUUID and new times: the server lets this account set none (OpenLDAP: bind as the rootdn)",
    ]);
  });

  it("does nothing when the name is not typed", async () => {
    const { unlocked } = await backedUp(source);
    await using target = await startSlapd({ ldif: "" });
    const asked: TargetDescription[] = [];
    const confirm = async (description: TargetDescription) => {
      asked.push(description);
      return false;
    };
    await expect(restore(unlocked, target, { confirm })).rejects.toThrow(
      `Nothing was done: the name of the target is ${baseDn}.`,
    );
    expect(asked).toEqual([{ name: baseDn, description: `${baseDn} on ${target.url}`, isEmpty: true }]);
    expect(await lasting(target)).toEqual([]);
  });
});

async function backedUp(
  slapd: Slapd,
  now?: number,
): Promise<{ readonly backups: TestBackups; readonly unlocked: UnlockedBackup }> {
  const backups = await testBackups();
  if (now !== undefined) backups.now = now;
  const { path } = await backups.create(directorySource(slapd));
  return { backups, unlocked: await backups.unlock(path) };
}

async function restore(
  unlocked: UnlockedBackup,
  target: Slapd,
  options: Partial<RestoreOptions> = {},
): Promise<Restored> {
  return restorePart({
    ...{ unlocked, part: "ldap:people", sources: [directorySource(target)], force: false, withoutOwners: false },
    ...{ environment, progress: silent, confirm: async () => true },
    ...options,
  });
}

/** Ends in the middle of the entries, as when the backup cannot be read on. Gives the names of what is there then. */
async function interrupted(unlocked: UnlockedBackup, target: Slapd): Promise<readonly string[]> {
  const { cluster } = directorySource(target);
  await using node = await openCluster(cluster, undefined, "write");
  const workFolder = mkdtempSync(join(tmpdir(), "espalier-restore-"));
  onTestFinished(() => rmSync(workFolder, { recursive: true }));
  const entries = firstHalf(unlocked.content(unlocked.backup.part("ldap:people")));
  const restoring = restoreDirectory({ node, baseDn, backup: unlocked.backup.name, entries, workFolder });
  await expect(restoring).rejects.toThrow("interrupted");
  return (await lasting(target)).map(([dn]) => dn);
}

async function* firstHalf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  yield Buffer.from(text.slice(0, text.indexOf("\n\n", text.length / 2) + 2));
  throw new Error("interrupted");
}

async function* baseThenBackwards(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const [base = "", ...others] = Buffer.concat(chunks).toString("utf8").trim().split("\n\n");
  yield Buffer.from(`${[base, ...others.reverse()].join("\n\n")}\n`);
}

async function rootOf(slapd: Slapd): Promise<LdapClient> {
  const client = await LdapClient.connect({ url: slapd.url });
  await client.bind(slapd.rootDn, slapd.rootPassword);
  return client;
}

/** Entries as they are to their clients, by DN: what they hold, and who they are. */
async function lasting(slapd: Slapd): Promise<readonly (readonly [string, string])[]> {
  await using client = await rootOf(slapd);
  const attributes = ["*", "entryUUID", "memberOf", "createTimestamp", "creatorsName"];
  const { entries } = await client
    .searchAll({ baseObject: baseDn, attributes }, { controls: [manageDsaITControl()] })
    .catch(() => ({ entries: [] }));
  return entries
    .map(({ objectName, attributes: all }) => {
      const lines = all.flatMap(({ type, values }) =>
        values.map((value) => `${type} ${Buffer.from(value).toString("base64")}`),
      );
      return [objectName, lines.sort().join("\n")] as const;
    })
    .sort(([left], [right]) => (left < right ? -1 : 1));
}
