import { readFileSync } from "node:fs";
import { attribute } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { requirePrograms, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drillBackup, silent } from "../../src/backup/index.ts";
import { directorySource, environment, testBackups } from "./backups.ts";
import { baseDn, directoryLdif } from "./directory.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd" });

describe("a directory", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ ldif: directoryLdif(1_200) });
  });
  afterAll(() => slapd[Symbol.asyncDispose]());

  it("is backed up with its schema, and restored into a server made for that", async () => {
    const backups = await testBackups();
    const { path, manifest } = await backups.create(directorySource(slapd));
    expect(manifest.parts).toEqual([
      {
        ...{
          name: "ldap-schema:people",
          kind: "ldap-schema",
          file: "ldap-people.schema.ldif.gz.age",
          source: slapd.url,
        },
        ...{ baseDn, server: "OpenLDAP", plainBytes: expect.any(Number), warnings: [] },
      },
      {
        ...{ name: "ldap:people", kind: "ldap", file: "ldap-people.ldif.gz.age", source: slapd.url },
        ...{ baseDn, server: "OpenLDAP", plainBytes: expect.any(Number), warnings: [] },
      },
    ]);
    const passed = [
      { name: "ldap-schema:people", problems: [], count: 1 },
      { name: "ldap:people", problems: [], count: 1_208 },
    ];
    expect((await backups.verify(path)).parts).toEqual(passed);
    const drilled = await drillBackup(await backups.unlock(path), { scratch: {}, environment, progress: silent });
    expect(drilled).toEqual(passed);
  });

  it("is backed up as slapcat has it: every entry, with passwords and operational attributes", async () => {
    const backups = await testBackups();
    const { path, manifest } = await backups.create(directorySource(slapd));
    const unlocked = await backups.unlock(path);
    const chunks: Uint8Array[] = [];
    for await (const chunk of unlocked.content(manifest.parts[1]!)) chunks.push(chunk);
    expect(sortedEntries(Buffer.concat(chunks).toString("utf8"))).toEqual(sortedEntries(await slapd.dump()));
  });

  it("is backed up by slapcat where its configuration is on this machine", async () => {
    const backups = await testBackups();
    const configuration = readFileSync(`/proc/${slapd.process.pid}/cmdline`, "utf8").split("\0").at(-2)!;
    const { path, manifest } = await backups.create({ ...directorySource(slapd), slapcat: configuration });
    expect(manifest.parts[1]).toMatchObject({ source: configuration, warnings: [] });
    const drilled = await drillBackup(await backups.unlock(path), { scratch: {}, environment, progress: silent });
    expect(drilled.at(-1)).toEqual({ name: "ldap:people", problems: [], count: 1_208 });
  });

  it("that changes each time while it is read is backed up with a warning", async () => {
    const backups = await testBackups();
    await using client = await LdapClient.connect({ url: slapd.url });
    await client.bind(slapd.rootDn, slapd.rootPassword);
    let isEnded = false;
    let changes = 0;
    const changing = (async () => {
      while (!isEnded) {
        changes += 1;
        const modification = attribute("description", String(changes));
        await client.modify(`uid=user7,ou=people,${baseDn}`, [{ operation: "replace", modification }]);
      }
    })();
    await until("a first change", () => changes > 0);
    const { manifest } = await backups.create(directorySource(slapd));
    isEnded = true;
    await changing;
    expect(manifest.parts[1]!.warnings).toEqual([
      "the directory changed each time that it was read: every entry is whole, but they are not of one moment (slapcat on its own machine gives that)",
    ]);
  });

  it("of which no password is shown is backed up with a warning", async () => {
    const backups = await testBackups();
    const source = directorySource(slapd);
    const { bind_dn: _, bind_password: __, ...anonymous } = source.cluster;
    const { manifest } = await backups.create({ ...source, cluster: anonymous });
    expect(manifest.parts[1]!.warnings).toEqual([
      "no entry has a userPassword: is the account that reads it allowed to see them?",
    ]);
  });

  it("that cannot be reached leaves no backup, and says which", async () => {
    const backups = await testBackups();
    const source = directorySource(slapd);
    const gone = { ...source, cluster: { ...source.cluster, port: 1 } };
    await expect(backups.create(gone)).rejects.toThrow(/^The directory people cannot be reached. 127.0.0.1:1: /);
    expect(await backups.folder.backups()).toEqual([]);
    expect(await backups.folder.leftovers()).toEqual([]);
  });
});

/** Unfolded, values of an entry sorted. */
function sortedEntries(ldif: string): string[] {
  return ldif
    .replaceAll("\n ", "")
    .trim()
    .split("\n\n")
    .map((entry) => entry.split("\n").sort().join("\n"))
    .sort();
}
