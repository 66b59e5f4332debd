import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programPath, requirePrograms, runCommand } from "@espalier/tests/lab";
import { describe as always, expect, it } from "vitest";
import { readUnlocking } from "../../src/backup/index.ts";
import { testBackups } from "./backups.ts";

const describe = requirePrograms({ age: "age", "age-keygen": "age", gzip: "gzip", tar: "tar" });

describe("somebody who has only age, gzip and tar", () => {
  it("opens a backup with the passphrase's file key and the key in it", async () => {
    const backups = await testBackups();
    writeFileSync(join(backups.root, "note.txt"), "what was there\n");
    const { path } = await backups.create({ kind: "files", name: "files", paths: [join(backups.root, "note.txt")] });
    const identity = join(backups.root, "age-key");
    const key = await runCommand("age", ["-d", "-i", identity, join(path, "key.age")]);
    const keyFile = join(backups.root, "backup-key");
    writeFileSync(keyFile, key.stdout, { mode: 0o600 });
    const pipe = `"${programPath("age")}" -d -i "$0" "$1" | gzip -d | tar -xO`;
    const opened = await runCommand("/bin/sh", ["-c", pipe, keyFile, join(path, "files.tar.gz.age")]);
    expect(opened).toEqual({ exitCode: 0, stdout: "what was there\n", stderr: "" });
  });

  it("opens one that was made with a key of age-keygen, and so does the holder of another key that is named", async () => {
    const { root } = await testBackups();
    const [own, other] = [join(root, "own"), join(root, "other")];
    await runCommand("age-keygen", ["-o", own]);
    await runCommand("age-keygen", ["-o", other]);
    const recipient = /age1\w+/.exec(readFileSync(other, "utf8"))![0];
    const backups = await testBackups({
      directory: join(root, "more"),
      identityFile: own,
      recipients: [recipient],
    } as never);
    const { path } = await backups.create({ kind: "files", name: "files", paths: [own] });
    for (const identity of [own, other]) {
      const { exitCode, stdout } = await runCommand("age", ["-d", "-i", identity, join(path, "key.age")]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^AGE-SECRET-KEY-1\w+\n$/) });
    }
  });
});

// Stretching a passphrase takes seconds of a core, and 256 MiB, on purpose.
always("a passphrase", { timeout: 120_000 }, () => {
  it("opens what it was made with, and another does not", async () => {
    const { root } = await testBackups();
    const [right, wrong] = [join(root, "right"), join(root, "wrong")];
    writeFileSync(right, "correct horse battery staple\n");
    writeFileSync(wrong, "incorrect horse battery staple\n");
    const backups = await testBackups({ passphraseFile: right } as never);
    const { path, name } = await backups.create({ kind: "files", name: "files", paths: [right] });
    expect(await backups.verify(path)).toMatchObject({
      isPassed: true,
      parts: [{ name: "files", problems: [], count: 1 }],
    });
    Object.assign(backups.config, { passphraseFile: wrong });
    await expect(backups.verify(path)).rejects.toThrow(`The passphrase is not the one that ${name} was made with.`);
  });

  it("is refused when it is short, and so is a file that is not there or holds no key", async () => {
    const { root } = await testBackups();
    const file = join(root, "file");
    writeFileSync(file, "hunter2\n");
    await expect(readUnlocking({ passphraseFile: file })).rejects.toThrow(
      `The passphrase in ${file} is too short: it must have 20 characters, such as six random words.`,
    );
    await expect(readUnlocking({ identityFile: file })).rejects.toThrow(
      `${file} holds no age key: make one by age-keygen -o ${file}.`,
    );
    await expect(readUnlocking({ passphraseFile: join(root, "nothing") })).rejects.toThrow(
      `check.backups.passphraseFile ${join(root, "nothing")} cannot be read (ENOENT).`,
    );
    await expect(readUnlocking({})).rejects.toThrow(
      "Backups are encrypted, and nothing says with what: name check.backups.passphraseFile or identityFile.",
    );
  });
});
