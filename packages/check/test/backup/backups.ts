/** A folder of backups for a test, with what to back up. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterConfig, Secret } from "@espalier/service";
import type { Slapd } from "@espalier/tests/lab";
import { generateX25519Identity } from "age-encryption";
import { onTestFinished } from "vitest";
import {
  BackupFolder,
  type BackupsConfig,
  backupsConfig,
  type CreatedBackup,
  createBackup,
  type DatabaseSource,
  type DirectorySource,
  OpenedBackup,
  type PartSource,
  readPublicKey,
  readUnlocking,
  silent,
  type UnlockedBackup,
  type Verification,
  verifyBackup,
} from "../../src/backup/index.ts";

export const environment = { PATH: process.env.PATH, HOME: process.env.HOME };

export class TestBackups {
  readonly root: string;
  readonly config: BackupsConfig;
  now = Date.UTC(2026, 0, 15, 2);

  constructor(root: string, config: BackupsConfig) {
    this.root = root;
    this.config = config;
  }

  get folder(): BackupFolder {
    return new BackupFolder(this.config.directory, this.config.signingKeyFile);
  }

  create(...sources: PartSource[]): Promise<CreatedBackup> {
    const { config, now } = this;
    return createBackup({
      config,
      sources,
      environment,
      now: () => now,
      version: "1.2.3",
      host: "box",
      progress: silent,
    });
  }

  async verify(path: string): Promise<Verification> {
    const publicKey = await readPublicKey(this.folder.keyFiles.publicKey);
    return verifyBackup(path, {
      unlocking: await readUnlocking(this.config),
      publicKey,
      environment,
      progress: silent,
    });
  }

  async unlock(path: string): Promise<UnlockedBackup> {
    const publicKey = await readPublicKey(this.folder.keyFiles.publicKey);
    return (await OpenedBackup.open(path, publicKey)).unlock(await readUnlocking(this.config));
  }
}

/** With an age key, which takes no time to open, unless the test brings a passphrase. */
export async function testBackups(
  more: Partial<Parameters<typeof backupsConfig.parse>[0] & object> = {},
): Promise<TestBackups> {
  const root = mkdtempSync(join(tmpdir(), "espalier-backups-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const identityFile = join(root, "age-key");
  writeFileSync(identityFile, `# made for a test\n${await generateX25519Identity()}\n`, { mode: 0o600 });
  const unlocking = "passphraseFile" in more ? {} : { identityFile };
  return new TestBackups(root, backupsConfig.parse({ directory: join(root, "backups"), ...unlocking, ...more }));
}

export function databaseSource(name: string, url: string): DatabaseSource {
  return { kind: "database", name, url: new Secret(url) };
}

export function directorySource(
  slapd: Pick<Slapd, "port" | "baseDn" | "rootDn" | "rootPassword">,
  name = "people",
): DirectorySource {
  const cluster = clusterConfig.parse({
    ...{ name, host: "127.0.0.1", port: slapd.port, tls: "none", base_dn: slapd.baseDn },
    ...{ bind_dn: slapd.rootDn, bind_password: slapd.rootPassword },
  });
  return { kind: "directory", name: `ldap:${name}`, cluster };
}
