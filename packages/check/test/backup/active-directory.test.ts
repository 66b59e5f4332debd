/** The backup of a real Active Directory, Samba's: it can be read, and is not taken for one that could be restored. */
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { clusterConfig } from "@espalier/service";
import {
  createCertificateAuthority,
  requirePrograms,
  type Samba,
  sambaPrograms,
  startSamba,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DirectorySource, restorePart, silent } from "../../src/backup/index.ts";
import { environment, testBackups } from "./backups.ts";

const describe = requirePrograms({ ...sambaPrograms, openssl: "openssl" }, { root: true });

describe("an Active Directory", () => {
  const cleanup = new AsyncDisposableStack();
  let samba: Samba;
  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("certificates"));
    samba = cleanup.use(await startSamba(await createCertificateAuthority(directory.path)));
  }, 60_000);
  afterAll(() => cleanup.disposeAsync());

  it("is backed up with a warning, and not restored over LDAP", async () => {
    const cluster = clusterConfig.parse({
      ...{ name: "ad", nodes: [{ host: samba.address, port: samba.port }], base_dn: samba.baseDn },
      ...{ tls: { mode: "ldaps", ca_file: samba.authority }, bind_dn: samba.rootDn, bind_password: samba.rootPassword },
    });
    const source: DirectorySource = { kind: "directory", name: "ldap:ad", cluster };
    const backups = await testBackups();
    const { path, manifest } = await backups.create(source);
    const part = manifest.parts.find(({ name }) => name === "ldap:ad");
    expect(part).toMatchObject({
      server: "Active Directory",
      warnings: [
        "Active Directory shows no passwords and takes no accounts back over LDAP: make its own backup, too (samba-tool domain backup, Windows Server Backup)",
      ],
    });
    const unlocked = await backups.unlock(path);
    const content = await text(Readable.from(unlocked.content(unlocked.backup.part("ldap:ad"))));
    expect(content).toContain(`dn: ${samba.rootDn}`);
    const restoring = restorePart({
      ...{ unlocked, part: "ldap:ad", sources: [source], force: true, withoutOwners: false },
      ...{ environment, progress: silent, confirm: async () => true },
    });
    await expect(restoring).rejects.toThrow(
      `${samba.ldapsUrl} is an Active Directory, which takes no SIDs, GUIDs and passwords over LDAP`,
    );
  });
});
