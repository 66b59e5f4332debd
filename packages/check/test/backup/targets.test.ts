import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requirePrograms, succeed } from "@espalier/tests/lab";
import { describe as always, expect, it } from "vitest";
import { BackupFolder, readPublicKey, readUnlocking, silent, verifyBackup } from "../../src/backup/index.ts";
import { environment, type TestBackups, testBackups } from "./backups.ts";

const describe = requirePrograms({ restic: "restic", borg: "borgbackup" });

async function backedUpTo(
  ...targets: object[]
): Promise<{ readonly backups: TestBackups; readonly copies: readonly string[]; readonly name: string }> {
  const backups = await testBackups({ targets } as never);
  const file = join(backups.root, "espalier.yaml");
  writeFileSync(file, "gateway: {}\n");
  const { copies, name } = await backups.create({ kind: "files", name: "configuration", paths: [file] });
  return { backups, copies, name };
}

always("a copy in another folder", () => {
  it("is a backup itself, with the key by which it is believed", async () => {
    const { root } = await testBackups();
    const path = join(root, "nas");
    const { backups, copies, name } = await backedUpTo({ kind: "directory", path });
    expect(copies).toEqual([join(path, name)]);
    const folder = new BackupFolder(path);
    const publicKey = await readPublicKey(folder.keyFiles.publicKey);
    const unlocking = await readUnlocking(backups.config);
    const { isPassed } = await verifyBackup(await folder.find("latest"), {
      unlocking,
      publicKey,
      environment,
      progress: silent,
    });
    expect(isPassed).toBe(true);
  });

  it("that cannot be made leaves the backup whole, and says so", async () => {
    const { root } = await testBackups();
    const path = join(root, "a-file");
    writeFileSync(path, "");
    const backups = await testBackups({ targets: [{ kind: "directory", path }] } as never);
    const file = join(backups.root, "espalier.yaml");
    writeFileSync(file, "");
    await expect(backups.create({ kind: "files", name: "configuration", paths: [file] })).rejects.toThrow(
      `2026-01-15T020000Z is whole in ${join(backups.config.directory, "2026-01-15T020000Z")}, but was not copied to ${path}`,
    );
    expect((await backups.verify(await backups.folder.find("latest"))).isPassed).toBe(true);
  });
});

describe("a copy in a repository", () => {
  it("of restic is read back, and restored by restic is a whole backup", async () => {
    const { root } = await testBackups();
    const [repository, passwordFile] = [join(root, "restic"), join(root, "restic-password")];
    writeFileSync(passwordFile, "a password of restic\n");
    const variables = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD_FILE: passwordFile };
    await succeed("restic", ["init"], { environment: variables });
    const { backups, copies, name } = await backedUpTo({ kind: "restic", repository, passwordFile });
    expect(copies).toEqual([
      expect.stringMatching(new RegExp(`^the restic repository ${repository}, snapshot [0-9a-f]{8}$`)),
    ]);
    await succeed("restic", ["restore", "latest", "--target", join(root, "back")], { environment: variables });
    const restored = join(root, "back", backups.config.directory, name);
    expect((await backups.verify(restored)).isPassed).toBe(true);
  });

  it("of borg is read back, and extracted by borg is a whole backup", async () => {
    const { root } = await testBackups();
    const [repository, passphraseFile] = [join(root, "borg"), join(root, "borg's passphrase")];
    writeFileSync(passphraseFile, "a passphrase of borg\n");
    const variables = { BORG_PASSPHRASE: readFileSync(passphraseFile, "utf8").trim() };
    await succeed("borg", ["init", "--encryption", "repokey", repository], { environment: variables });
    const { backups, copies, name } = await backedUpTo({ kind: "borg", repository, passphraseFile });
    expect(copies).toEqual([`the borg archive ${repository}::espalier-${name}`]);
    const back = join(root, "back");
    mkdirSync(back);
    await succeed("borg", ["extract", `${repository}::espalier-${name}`], {
      environment: variables,
      workingDirectory: back,
    });
    expect((await backups.verify(join(back, backups.config.directory, name))).isPassed).toBe(true);
  });

  it("that is not there leaves the backup whole, and says so", async () => {
    const { root } = await testBackups();
    const passwordFile = join(root, "password");
    writeFileSync(passwordFile, "a password of restic\n");
    const repository = join(root, "nothing");
    await expect(backedUpTo({ kind: "restic", repository, passwordFile })).rejects.toThrow(
      /^2026-01-15T020000Z is whole in .*, but was not copied to the restic repository .*: restic failed: /,
    );
  });
});
