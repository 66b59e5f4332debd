/** What the commands of `espalier backup` do, and what they print: results on standard output, questions and progress on standard error. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { createInterface } from "node:readline/promises";
import {
  BackupError,
  BackupFolder,
  type BackupsConfig,
  backupsConfig,
  createBackup,
  DamagedError,
  type DirectorySource,
  drillBackup,
  listBackups,
  OpenedBackup,
  openSigningKey,
  type PartOutcome,
  type PartSource,
  type PublicKey,
  proofOf,
  readPublicKey,
  readUnlocking,
  restorePart,
  type TargetDescription,
  type Unlocking,
  verifyBackup,
} from "@espalier/check/backup";
import { formatDuration, Secret } from "@espalier/service";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { version } from "../version.ts";
import type { BackupOptions, RestoreCommandOptions } from "./backup-commands.ts";
import { loadBackupConfiguration } from "./backup-sources.ts";
import type { Output } from "./events.ts";
import { progressOn, roundedSize } from "./progress-bar.ts";
import { visible } from "./visible.ts";

const progress = progressOn(process.stderr);

export function create(environment: Environment, file: string | undefined, out: Output): Promise<number> {
  return guarded(async () => {
    const { backups, sources } = loadBackupConfiguration(environment, file);
    if (backups === undefined) throw unconfigured();
    const created = await createBackup({
      ...{ config: backups, sources, environment, version, progress },
      now: Date.now,
      host: hostname(),
    });
    const { name, path, manifest, leftovers, expired, copies } = created;
    const bytes = manifest.files.reduce((sum, each) => sum + each.bytes, 0);
    out.write(`${name}: ${roundedSize(bytes)} in ${path}\n`);
    for (const part of manifest.parts) {
      out.write(visible(`  ${part.name}: ${part.source}, ${roundedSize(part.plainBytes)}`).concat("\n"));
      for (const warning of part.warnings) out.write(`    beware: ${visible(warning)}\n`);
    }
    for (const copy of copies) out.write(`  copied to ${visible(copy)}, and read back\n`);
    for (const each of leftovers) out.write(`  removed what an interrupted run had left: ${each}\n`);
    for (const each of expired) out.write(`  removed, since newer ones are kept: ${each}\n`);
    return exitCode.ok;
  });
}

export function verify(environment: Environment, name: string, options: BackupOptions, out: Output): Promise<number> {
  return guarded(async () => {
    const opening = await openingOf(environment, options);
    const path = await opening.folder.find(name);
    const { unlocking, publicKey, folder } = opening;
    const result = await verifyBackup(path, { unlocking, publicKey, environment, progress });
    for (const { message } of result.damages) out.write(`${visible(message)}\n`);
    printParts(result.parts, out);
    const { opened, isPassed, parts } = result;
    if (opened !== undefined) {
      sayWhoseKey(publicKey, opened);
      const proof = proofOf({ kind: "verify", backup: opened, isPassed, parts, now: Date.now(), host: hostname() });
      if (hasSigningKey(folder)) await folder.writeReceipt(proof, await openSigningKey(folder.keyFiles));
      else
        process.stderr.write(
          `No receipt is written: ${folder.keyFiles.privateKey}, which would sign it, is not here.\n`,
        );
    }
    out.write(isPassed ? `${path} is whole.\n` : `${path} is damaged.\n`);
    return isPassed ? exitCode.ok : exitCode.findings;
  });
}

export function drill(environment: Environment, name: string, options: BackupOptions, out: Output): Promise<number> {
  return guarded(async () => {
    const { folder, unlocking, publicKey, config } = await openingOf(environment, options);
    const path = await folder.find(name);
    if (!hasSigningKey(folder)) {
      const { privateKey } = folder.keyFiles;
      throw new BackupError(
        "refused",
        `A drill leaves a receipt, and ${privateKey}, which signs it, is not here: put it there.`,
      );
    }
    const key = await openSigningKey(folder.keyFiles);
    const opened = await OpenedBackup.open(path, publicKey);
    const damages = await opened.damages(progress);
    for (const { message } of damages) out.write(`${visible(message)}\n`);
    const parts =
      damages.length > 0
        ? []
        : await drillBackup(await opened.unlock(unlocking), { scratch: config.scratch, environment, progress });
    const isPassed = damages.length === 0 && parts.every(({ problems }) => problems.length === 0);
    printParts(parts, out);
    const proof = proofOf({ kind: "drill", backup: opened, isPassed, parts, now: Date.now(), host: hostname() });
    const receipt = await folder.writeReceipt(proof, key);
    out.write(
      `${opened.name} ${isPassed ? "was restored, and is the same" : "could not be restored as it was"}: ${receipt}\n`,
    );
    return isPassed ? exitCode.ok : exitCode.findings;
  });
}

export function restore(
  environment: Environment,
  name: string,
  options: RestoreCommandOptions,
  out: Output,
): Promise<number> {
  return guarded(async () => {
    const { folder, unlocking, publicKey, sources: configured } = await openingOf(environment, options);
    const opened = await OpenedBackup.open(await folder.find(name), publicKey);
    sayWhoseKey(publicKey, opened);
    const { passwordFile, confirm, part, to, force = false, owner } = options;
    const password = passwordFile === undefined ? undefined : await readPassword(passwordFile);
    const login = await restoringLogin(options);
    const sources = configured.map((each) => (each.kind === "directory" && login ? { ...each, login } : each));
    const { target, problems, warnings } = await restorePart({
      ...{ unlocked: await opened.unlock(unlocking), part, to, password, sources, force, environment, progress },
      withoutOwners: !owner,
      confirm: async (target) => (confirm === undefined ? ask(target) : confirm === target.name),
    });
    for (const problem of problems) out.write(`${visible(problem)}\n`);
    for (const warning of warnings) out.write(`beware: ${visible(warning)}\n`);
    if (problems.length > 0) out.write(`${part} was restored to ${target.description}, and is not the same.\n`);
    else out.write(`${part} was restored to ${target.description}, and is the same.\n`);
    return problems.length > 0 ? exitCode.findings : exitCode.ok;
  });
}

/** The account that makes backups may not write, and is in no empty directory. */
async function restoringLogin({ bindDn, bindPasswordFile }: RestoreCommandOptions): Promise<DirectorySource["login"]> {
  if (bindDn === undefined && bindPasswordFile === undefined) return undefined;
  if (bindDn === undefined || bindPasswordFile === undefined) {
    throw new BackupError("refused", "--bind-dn and --bind-password-file go together.");
  }
  return { dn: bindDn, password: new Secret(await readPassword(bindPasswordFile)) };
}

async function readPassword(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(({ code = "unknown error" }: NodeJS.ErrnoException) => {
    throw new BackupError("refused", `${file} cannot be read (${code}).`);
  });
  return text.replace(/\r?\n$/, "");
}

export function list(environment: Environment, options: BackupOptions, json: boolean, out: Output): Promise<number> {
  return guarded(async () => {
    const config = configOf(loadBackupConfiguration(environment, options.config).backups, options);
    const found = await listBackups(config);
    if (json) {
      out.write(`${JSON.stringify(found, null, 2)}\n`);
      return exitCode.ok;
    }
    const now = Date.now();
    for (const { name, time, bytes, parts, warnings, verified, drilled } of found.backups) {
      const age = time === undefined ? "of unknown age" : `${ago(now - time)} old`;
      out.write(`${name}  ${age}  ${roundedSize(bytes)}  ${visible(parts.join(" "))}\n`);
      out.write(`  ${proven("verified", verified, now)}, ${proven("drilled", drilled, now)}\n`);
      for (const warning of warnings) out.write(`  beware: ${visible(warning)}\n`);
    }
    for (const name of found.leftovers) out.write(`${name}  not a backup: an interrupted run left it\n`);
    for (const problem of found.problems) out.write(`beware: ${visible(problem)}\n`);
    if (found.backups.length === 0) out.write(`There is no whole backup in ${config.directory}.\n`);
    return exitCode.ok;
  });
}

interface Opening {
  readonly folder: BackupFolder;
  readonly unlocking: Unlocking;
  /** Undefined on a machine that has only the backup. */
  readonly publicKey: PublicKey | undefined;
  readonly config: BackupsConfig;
  readonly sources: readonly PartSource[];
}

async function openingOf(environment: Environment, options: BackupOptions): Promise<Opening> {
  const { backups, sources } = loadBackupConfiguration(environment, options.config);
  const config = configOf(backups, options);
  const folder = new BackupFolder(config.directory, config.signingKeyFile);
  const named = options.publicKey;
  const publicKey = await readPublicKey(named ?? folder.keyFiles.publicKey);
  if (named !== undefined && publicKey === undefined) throw new BackupError("refused", `There is no ${named}.`);
  return { folder, unlocking: await readUnlocking(config), publicKey, config, sources };
}

/** What the command line says counts before the file, which may be lost with the machine. */
function configOf(configured: BackupsConfig | undefined, options: BackupOptions): BackupsConfig {
  const { directory, passphraseFile, identityFile } = options;
  const base = configured ?? (directory === undefined ? undefined : backupsConfig.parse({ directory }));
  if (base === undefined) throw unconfigured();
  return {
    ...base,
    directory: directory ?? base.directory,
    ...(passphraseFile === undefined && identityFile === undefined
      ? {}
      : { passphraseFile, identityFile, recipients: [] }),
  };
}

function unconfigured(): BackupError {
  return new BackupError("refused", "Nothing says where backups are: set check.backups.directory in espalier.yaml.");
}

/** One that is made anew would sign for nobody: the backups that are there were signed by another. */
function hasSigningKey({ keyFiles }: BackupFolder): boolean {
  return existsSync(keyFiles.privateKey);
}

function sayWhoseKey(trusted: PublicKey | undefined, { publicKey }: OpenedBackup): void {
  if (trusted !== undefined) return;
  process.stderr.write(
    `There is no public key here to check the signature by: it was made by the key ${publicKey.fingerprint}. Compare that with what was noted.\n`,
  );
}

async function ask({ name, description, isEmpty }: TargetDescription): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new BackupError(
      "refused",
      `Nobody is there to be asked: say --confirm ${JSON.stringify(name)} to restore to ${description}.`,
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const over = isEmpty ? "" : ", over what is there";
    return (await lines.question(`This restores to ${description}${over}. Type ${name} to go on: `)).trim() === name;
  } finally {
    lines.close();
  }
}

function printParts(parts: readonly PartOutcome[], out: Output): void {
  for (const { name, problems, count } of parts) {
    const counted = count === undefined ? "" : ` (${count})`;
    out.write(visible(`  ${name}${counted}: ${problems.length === 0 ? "the same" : "not the same"}`).concat("\n"));
    for (const problem of problems) out.write(`    ${visible(problem)}\n`);
  }
}

function proven(
  what: string,
  proof: { readonly time: number; readonly isPassed: boolean } | undefined,
  now: number,
): string {
  if (proof === undefined) return `never ${what}`;
  return `${proof.isPassed ? what : `${what} in vain`} ${ago(now - proof.time)} ago`;
}

/** To the largest unit that it has one of: `3d`, `5h`, `12m`. */
function ago(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((each) => ms >= each);
  return unit === undefined ? "0s" : formatDuration(Math.floor(ms / unit) * unit);
}

async function guarded(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DamagedError || error instanceof BackupError) {
      process.stderr.write(`${visible(error.message)}\n`);
      return error instanceof BackupError && error.kind === "refused" ? exitCode.usage : exitCode.internal;
    }
    throw error;
  }
}
