import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attribute } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { type Directory389, requirePrograms, startDirectory389 } from "@espalier/tests/lab";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { drillBackup, type PartOutcome, silent, type UnlockedBackup } from "../../src/backup/index.ts";
import { directorySource, environment, testBackups } from "./backups.ts";
import { baseDn, directoryLdif } from "./directory.ts";

const describe = requirePrograms({ "ns-slapd": "389-ds-base" });

describe("a 389 Directory Server", { timeout: 60_000 }, () => {
  let directory: Directory389;
  let unlocked: UnlockedBackup;
  let temporary: string;

  beforeAll(async () => {
    directory = await startDirectory389({ ldif: directoryLdif(1_200) });
    await addWhatIsSpecial(directory);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  beforeEach(async () => {
    const backups = await testBackups();
    const { path, manifest } = await backups.create(directorySource(directory));
    expect(manifest.parts.map(({ server, warnings }) => ({ server, warnings }))).toEqual([
      { server: "389", warnings: [] },
      { server: "389", warnings: [] },
    ]);
    unlocked = await backups.unlock(path);
    temporary = mkdtempSync(join(tmpdir(), "espalier-drills-"));
    chmodSync(temporary, 0o755);
    vi.stubEnv("TMPDIR", temporary);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(temporary, { recursive: true });
    });
  });

  const drill = async (): Promise<readonly PartOutcome[]> => {
    const outcomes = await drillBackup(unlocked, { scratch: {}, environment, progress: silent });
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync("/dev/shm").filter((name) => name.startsWith("sem.espalier-drill-"))).toEqual([]);
    return outcomes;
  };

  /** What the backup holds is changed the one time that it is read to go into the scratch server. */
  function changeOnItsWay(name: string, reading: number, from: string, to: string): void {
    const content = unlocked.content.bind(unlocked);
    let readings = 0;
    vi.spyOn(unlocked, "content").mockImplementation(async function* (part, onBytes) {
      if (part.name !== name) return yield* content(part, onBytes);
      readings += 1;
      if (readings !== reading) return yield* content(part, onBytes);
      const chunks: Uint8Array[] = [];
      for await (const chunk of content(part, onBytes)) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString().replaceAll("\n ", "");
      expect(text.split(from)).toHaveLength(2);
      yield Buffer.from(text.replace(from, to));
    });
  }

  const passedSchema = { name: "ldap-schema:people", problems: [], count: 1 };

  it("is restored into a server made for that: subentries, entries that were moved, and a schema of its own", async () => {
    expect(await drill()).toEqual([passedSchema, { name: "ldap:people", problems: [], count: 1_212 }]);
  });

  it("is not the same where one entry came out differently, which is named", async () => {
    changeOnItsWay("ldap:people", 1, "mail: a@example.com", "mail: b@example.com");
    const problems = [
      "entries has the same count, but other values",
      `uid=ann,ou=people,${baseDn} has other values of mail`,
    ];
    expect(await drill()).toEqual([passedSchema, { name: "ldap:people", problems, count: 1_212 }]);
  });

  it("is not restored where its schema does not allow an entry, which is named", async () => {
    // The first time the schema is looked through by itself.
    changeOnItsWay("ldap-schema:people", 2, "AUXILIARY MUST shoeSize", "AUXILIARY MUST ( shoeSize $ title )");
    const [, outcome] = await drill();
    expect(outcome).toEqual({
      name: "ldap:people",
      problems: [expect.stringContaining(`uid=cid,ou=people,${baseDn}`)],
    });
  });
});

/** A class of the site's own, a role, an entry older than its parent, and a password in the clear. */
async function addWhatIsSpecial({ url, rootDn, rootPassword }: Directory389): Promise<void> {
  await using client = await LdapClient.connect({ url });
  await client.bind(rootDn, rootPassword);
  const size = "( 1.3.6.1.4.1.99999.1 NAME 'shoeSize' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )";
  const shoe = "( 1.3.6.1.4.1.99999.2 NAME 'shoe' SUP top AUXILIARY MUST shoeSize )";
  await client.modify("cn=schema", [{ operation: "add", modification: attribute("attributeTypes", size) }]);
  await client.modify("cn=schema", [{ operation: "add", modification: attribute("objectClasses", shoe) }]);
  const scheme = [{ operation: "replace" as const, modification: attribute("passwordStorageScheme", "CLEAR") }];
  await client.modify("cn=config", scheme);
  await client.add(`uid=cid,ou=people,${baseDn}`, [
    attribute("objectClass", "inetOrgPerson", "shoe"),
    ...[attribute("uid", "cid"), attribute("cn", "Cid"), attribute("sn", "C"), attribute("shoeSize", "43")],
    attribute("userPassword", "secret"),
  ]);
  await client.add(`cn=role,${baseDn}`, [
    attribute("objectClass", "ldapSubEntry", "nsRoleDefinition", "nsSimpleRoleDefinition", "nsManagedRoleDefinition"),
    attribute("cn", "role"),
  ]);
  const unit = (name: string) => [attribute("objectClass", "organizationalUnit"), attribute("ou", name)];
  await client.add(`ou=old,${baseDn}`, unit("old"));
  await client.add(`ou=new,${baseDn}`, unit("new"));
  const cid = [{ operation: "replace" as const, modification: attribute("nsRoleDN", `cn=role,${baseDn}`) }];
  await client.modify(`uid=cid,ou=people,${baseDn}`, cid);
  await client.modifyDn(`ou=old,${baseDn}`, { newRdn: "ou=old", deleteOldRdn: false, newSuperior: `ou=new,${baseDn}` });
}
