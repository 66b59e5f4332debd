/**
 * Makes a backup. Everything is written under a `.partial` name and read back; the manifest comes last, then the receipt that signs
 * it, and the whole is renamed when all of it is on the disk: a process that ends before leaves nothing that looks like a backup.
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BackupError } from "./backup-error.ts";
import { BackupFolder, contentsName, keyName, manifestName, receiptName } from "./backup-folder.ts";
import type { Environment } from "./child-program.ts";
import type { BackupsConfig } from "./config.ts";
import type { ContentsFile } from "./contents.ts";
import { syncDirectory, writeDurably } from "./durable-file.ts";
import { Counter, hashFile, readEncrypted, writeEncrypted } from "./encrypted-file.ts";
import { BackupKey, readUnlocking } from "./encryption.ts";
import { lockFolder } from "./lock.ts";
import { formatManifest, type Manifest, type ManifestFile, type ManifestPart } from "./manifest.ts";
import { inspections, partsOf } from "./part-table.ts";
import type { PartToWrite, Surroundings } from "./parts/part.ts";
import type { Progress } from "./progress.ts";
import { formatReceipt, manifestHash, type Receipt } from "./receipt.ts";
import { expiredBackups } from "./retention.ts";
import { openSigningKey } from "./signing-key.ts";
import type { PartSource } from "./source.ts";
import { copyToTarget } from "./targets/target.ts";

export interface CreateOptions {
  readonly config: BackupsConfig;
  readonly sources: readonly PartSource[];
  readonly environment: Environment;
  readonly now: () => number;
  readonly version: string;
  readonly host: string;
  readonly progress: Progress;
}

export interface CreatedBackup {
  readonly name: string;
  readonly path: string;
  readonly manifest: Manifest;
  /** What an interrupted run had left, and is removed. */
  readonly leftovers: readonly string[];
  /** Backups that retention removed. */
  readonly expired: readonly string[];
  /** Where it was copied to. */
  readonly copies: readonly string[];
}

const maxAttempts = 3;

/** @throws BackupError */
export async function createBackup(options: CreateOptions): Promise<CreatedBackup> {
  const { config, sources, now } = options;
  if (sources.length === 0) {
    throw new BackupError(
      "refused",
      "There is nothing to back up: the configuration names no database, directory or file.",
    );
  }
  const unlocking = await readUnlocking(config);
  const folder = new BackupFolder(config.directory, config.signingKeyFile);
  await folder.prepare();
  using _ = lockFolder(folder.path);
  const leftovers = await folder.removeLeftovers();
  const signingKey = await openSigningKey(folder.keyFiles);

  const time = now();
  const name = await folder.nameFor(time);
  const partial = join(folder.path, `${name}.partial`);
  await mkdir(partial, { mode: 0o700 });
  let manifest: Manifest;
  try {
    const key = await BackupKey.generate();
    await writeDurably(join(partial, keyName), await key.wrap(unlocking));
    const written = await writeParts(partial, key, options);
    const described = {
      backup: name,
      time: new Date(time).toISOString(),
      version: options.version,
      host: options.host,
    };
    manifest = { format: "espalier-backup-1", ...described, ...written };
    const text = formatManifest(manifest);
    await writeDurably(join(partial, manifestName), text);
    const receipt: Receipt = {
      ...{ format: "espalier-receipt-1", kind: "create", backup: name, manifest: manifestHash(text) },
      ...{ time: new Date(now()).toISOString(), host: options.host, isPassed: true },
      parts: manifest.parts.map((part) => ({ name: part.name, isPassed: true, problems: [...part.warnings] })),
    };
    await writeDurably(join(partial, receiptName), formatReceipt(receipt, signingKey));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  const path = join(folder.path, name);
  await rename(partial, path);
  await syncDirectory(folder.path);

  const { keep } = config;
  const copies: string[] = [];
  for (const target of config.targets) {
    copies.push(await copyToTarget({ name, path, manifest }, target, { environment: options.environment, keep }));
  }
  const expired = keep === undefined ? [] : expiredBackups(await folder.backups(), keep);
  for (const each of expired) await folder.remove(each);
  return { name, path, manifest, leftovers, expired, copies };
}

type Written = Pick<Manifest, "parts" | "files">;

async function writeParts(folder: string, key: BackupKey, options: CreateOptions): Promise<Written> {
  const { environment, sources } = options;
  const surroundings: Surroundings = { environment, workFolder: join(folder, "work") };
  await mkdir(surroundings.workFolder, { mode: 0o700 });
  const parts: ManifestPart[] = [];
  const files: ManifestFile[] = [{ name: keyName, ...(await hashFile(join(folder, keyName))) }];
  const contents: ContentsFile = {};
  for (const source of sources) {
    const toWrite = await partsOf(source, surroundings);
    try {
      for (const part of toWrite) {
        const written = await writePart(part, folder, key, surroundings, options.progress);
        parts.push(written.part);
        files.push(written.file);
        contents[part.name] = written.contents;
      }
    } finally {
      for (const part of toWrite) await part.end?.();
    }
  }
  const text = Buffer.from(`${JSON.stringify(contents)}\n`);
  const { bytes, sha256 } = await writeEncrypted(join(folder, contentsName), once(text), key);
  files.push({ name: contentsName, bytes, sha256 });
  await rm(surroundings.workFolder, { recursive: true, force: true });
  return { parts, files };
}

interface WrittenPart {
  readonly part: ManifestPart;
  readonly file: ManifestFile;
  readonly contents: ContentsFile[string];
}

async function writePart(
  part: PartToWrite,
  folder: string,
  key: BackupKey,
  surroundings: Surroundings,
  progress: Progress,
): Promise<WrittenPart> {
  const fileName = `${part.fileName}.gz.age`;
  const path = join(folder, fileName);
  for (let attempt = 1; ; attempt += 1) {
    const step = progress.begin(attempt === 1 ? part.name : `${part.name}, attempt ${attempt}`);
    const written = await writeEncrypted(path, part.content(), key, (bytes) => step.advance(bytes));
    const isTorn = (await part.isTorn?.()) ?? false;
    step.end();
    if (isTorn && attempt < maxAttempts) {
      await rm(path);
      continue;
    }
    const warnings = [...part.warnings(), ...(isTorn ? [tornWarning] : [])];
    const { name, kind, source, baseDn, server } = part;
    const { bytes, sha256, plainBytes } = written;
    return {
      part: {
        ...{ name, kind, file: fileName, plainBytes, source, warnings },
        ...(baseDn === undefined ? {} : { baseDn }),
        ...(server === undefined ? {} : { server }),
      },
      file: { name: fileName, bytes, sha256 },
      contents: await readBack(part, path, key, written, surroundings, progress),
    };
  }
}

const tornWarning =
  "the directory changed each time that it was read: every entry is whole, but they are not of one moment (slapcat on its own machine gives that)";

/** From the disk, decrypted: what cannot be read is noticed now, and not on the day that it is needed. */
async function readBack(
  { name, kind }: PartToWrite,
  path: string,
  key: BackupKey,
  { plainBytes, plainSha256 }: { readonly plainBytes: number; readonly plainSha256: string },
  surroundings: Surroundings,
  progress: Progress,
): Promise<ContentsFile[string]> {
  const step = progress.begin(`${name}, read back`, plainBytes);
  const counter = new Counter((bytes) => step.advance(bytes));
  try {
    const contents = await inspections[kind](counter.through(readEncrypted(path, key)), surroundings);
    if (counter.sha256 === plainSha256) return { sha256: plainSha256, contents: { ...contents } };
  } catch (error) {
    throw new BackupError("failed", `${name} was written and cannot be read back: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    step.end();
  }
  throw new BackupError("failed", `${name} was written, and other bytes are read back: is the disk sound?`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
