import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ShellCommand, ShellScript } from "../../inputs/shell.ts";
import { programOf } from "../secrets/password-arguments.ts";
import { dumpsIn } from "./dumps.ts";
import { type FileCopy, fileCopies } from "./file-copies.ts";
import { stores } from "./stateful-volumes.ts";

export const bkp004 = defineRule({
  id: "BKP004",
  title: "backup that is lost, read or never removed",
  severity: "medium",
  profile: "production",
  reads: ["shell", "espalier", "backupReceipts"],
  fix: "none",
  explanation: `A backup on the disk of its data is lost with it. One that holds secrets and is not encrypted gives them to whoever finds the copy. And where nothing removes old ones, the disk fills until the newest cannot be written.

Copy backups to another machine (\`check.backups.targets\`, restic, borg), encrypt what holds secrets (Espalier's are, with age), and say how long they are kept (\`check.backups.keep\`).`,
  references: [
    "CIS Controls v8, 11.3 and 11.4 (protect, isolate recovery data)",
    "NIST SP 800-34 Rev. 1, 3.4.2 (backup methods and offsite storage)",
  ],
  *find(project) {
    yield* withoutRetention(project);
    for (const { target, isOnSameDisk } of project.of("backupReceipts")) {
      if (isOnSameDisk !== true) continue;
      yield {
        subject: target,
        message: `the backups in ${target} are on the disk of what they are backups of, and are copied nowhere`,
        path: "check.backups.targets",
        fix: 'Copy them to another machine, in espalier.yaml:\ncheck:\n  backups:\n    targets:\n      - { kind: restic, repository: "sftp:backup@nas:/espalier", passwordFile: /etc/espalier/restic-password }',
      };
    }
    const copies = [...fileCopies(project)];
    for (const script of project.of("shell"))
      yield* ofScript(
        script,
        copies.filter((copy) => copy.script === script),
      );
  },
});

function* withoutRetention(project: Project): Generator<Found> {
  for (const { file, root } of project.of("espalier")) {
    const backups = root.get("check", "backups");
    if (backups === undefined || backups.get("keep") !== undefined) continue;
    yield {
      subject: file.path,
      message: `backups in ${backups.get("directory")?.text ?? "the folder"} are never removed: check.backups has no keep`,
      at: backups.keyLocation ?? backups.location,
      path: "check.backups.keep",
      value: null,
      fix: "check:\n  backups:\n    keep: { daily: 7, weekly: 4, monthly: 12 }",
    };
  }
}

/** Where secrets lie by custom. */
const secretPath =
  /(?:^|\/)(?:\.env(?:\.[\w.-]+)?|\.config|\.ssh|\.gnupg|secrets?|private|letsencrypt|ssl|pki|keys)(?:\/|$)/;
const encrypting = /^(?:age|rage|gpg|gpg2|openssl|restic|borg|kopia|duplicity|duplicacy|ccrypt|espalier|sops)$/;
const elsewhere = /^(?:scp|rclone|restic|borg|kopia|duplicity|aws|s3cmd|mc|curl|ssh|sftp|gsutil|azcopy|espalier)$/;
const removing = /^(?:find|rm|tmpreaper|logrotate|restic|borg|kopia|savelog|espalier)$/;

function* ofScript(script: ShellScript, copies: readonly FileCopy[]): Generator<Found> {
  const { file, commands } = script;
  const archives = copies.filter(({ program }) => /^(?:tar|bsdtar|zip|7z|cp|rsync)$/.test(program));
  const programs = commands.flatMap(({ words }) => words.map(programOf));
  const runs = (names: RegExp) => programs.some((name) => names.test(name));
  if (!runs(encrypting)) {
    const open = archives.find(({ sources }) =>
      sources.some((source) => "path" in source && secretPath.test(source.path)),
    );
    if (open !== undefined) {
      yield {
        ...{ subject: file.path, at: open.at, path: "encryption" },
        message: `${open.program} copies secrets without encrypting them`,
        fix: 'Encrypt before it is written, with a key whose other half is kept elsewhere:\ntar -cz … | age -r age1… > "$BACKUP_DIR/secrets.tar.gz.age"',
      };
    }
  }
  const written = [
    ...archives.flatMap(({ command }) => (command === undefined ? [] : [command])),
    ...stores.flatMap((store) => dumpsIn(commands, store)),
  ];
  const [dated] = written.filter((command) => isDated(command, script)).sort((left, right) => left.start - right.start);
  if (dated === undefined) return;
  if (!runs(removing)) {
    yield {
      ...{ subject: file.path, at: file.locate(dated.start, dated.end), path: "retention" },
      message: `${file.path} writes a new backup each time and removes none`,
      fix: 'Remove old ones at the end, once the new one is whole:\nfind "$BACKUP_ROOT" -mindepth 1 -maxdepth 1 -mtime +35 -exec rm -r {} +',
    };
  }
  const isSent =
    runs(elsewhere) ||
    commands.some(({ words }) =>
      words.some(({ text }) => /^[\w.@-]+:[^=]|^rsync:/.test(text) && programOf(words[0]!) === "rsync"),
    );
  if (!isSent && isBeside(dated, script)) {
    yield {
      ...{ subject: file.path, at: file.locate(dated.start, dated.end), path: "place" },
      message: `${file.path} writes its backups beside what they are backups of, and copies them nowhere`,
      fix: 'Copy them to another machine at the end:\nrestic -r sftp:backup@nas:/stack --password-file /etc/restic-password backup "$BACKUP_DIR"',
    };
  }
}

/** Whether what it writes has a new name each time, by `$(date)` in it or in the variable that it names. */
function isDated(command: ShellCommand, { commands }: ShellScript): boolean {
  return targetsOf(command).some((text) => /\bdate\b/.test(expanded(text, commands)));
}

/** Whether it writes to a path that is relative: into the tree that it copies from. */
function isBeside(command: ShellCommand, { commands }: ShellScript): boolean {
  return targetsOf(command).some((text) => {
    const path = expanded(text, commands);
    return /\bdate\b/.test(path) && /^(?:\.\/)?[\w-]/.test(path);
  });
}

/** Words that may be where it writes: its redirections, and of an archiver what it is given. */
function targetsOf({ words, redirections, pipedInto }: ShellCommand): string[] {
  const own = [
    ...redirections.filter(({ operator }) => operator.startsWith(">")).map(({ target }) => target.text),
    ...words.slice(1).map(({ text }) => text),
  ];
  return pipedInto === undefined ? own : [...own, ...targetsOf(pipedInto)];
}

/** The variables at its beginning filled in from assignments of the script, one in another. */
function expanded(text: string, commands: readonly ShellCommand[]): string {
  let result = text;
  for (let depth = 0; depth < 5; depth += 1) {
    const [whole, braced, bare] = /^\$(?:\{(\w+)\}|(\w+))/.exec(result) ?? [];
    if (whole === undefined) break;
    const assignment = commands.flatMap(({ assignments }) => assignments).find(({ name }) => name === (braced ?? bare));
    if (assignment === undefined) break;
    result = assignment.value.text + result.slice(whole.length);
  }
  return result;
}
