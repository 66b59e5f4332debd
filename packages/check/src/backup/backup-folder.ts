/**
 * The folder of backups: what lies where in it, which backups are whole, and what an interrupted run has left.
 *
 *     2026-01-15T020000Z/          a whole backup: manifest.json, receipt.json, key.age, contents.json.gz.age, a file a part
 *     2026-01-16T020000Z.partial/  one that is being written, or was when its process ended
 *     2025-11-02T020000Z.removed/  one that is being removed
 *     receipts/                    of verifications and drills, and public-key.pem, by which they are believed
 *     signing-key.pem              unless it is kept elsewhere
 */
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BackupError } from "./backup-error.ts";
import { syncDirectory, writeDurably } from "./durable-file.ts";
import { formatReceipt, type ParsedReceipt, parseReceipt, type Receipt } from "./receipt.ts";
import { checkSignature } from "./signed-document.ts";
import { type KeyFiles, readPublicKey, type SigningKey } from "./signing-key.ts";

const backupName = /^\d{4}-\d{2}-\d{2}T\d{6}Z(?:-\d+)?$/;
const leftover = /\.(?:partial|removed)$/;

export const manifestName = "manifest.json";
export const receiptName = "receipt.json";
export const keyName = "key.age";
export const contentsName = "contents.json.gz.age";

export class BackupFolder {
  readonly path: string;
  readonly #signingKeyFile: string | undefined;

  constructor(path: string, signingKeyFile?: string) {
    this.path = resolve(path);
    this.#signingKeyFile = signingKeyFile;
  }

  get receipts(): string {
    return join(this.path, "receipts");
  }

  get keyFiles(): KeyFiles {
    return {
      privateKey: this.#signingKeyFile ?? join(this.path, "signing-key.pem"),
      publicKey: join(this.receipts, "public-key.pem"),
    };
  }

  /** Its folder. @throws BackupError where there is none of that name; `latest` is the newest. */
  async find(name: string): Promise<string> {
    const whole = await this.backups();
    const found = name === "latest" ? whole.at(-1) : whole.find((each) => each === name);
    if (found !== undefined) return join(this.path, found);
    const last = whole.at(-1);
    throw new BackupError(
      "refused",
      name === "latest" || last === undefined
        ? `There is no whole backup in ${this.path}.`
        : `There is no whole backup ${name} in ${this.path}; the newest is ${last}.`,
    );
  }

  /** The names of those that are whole, the oldest first. None where there is no folder. */
  async backups(): Promise<string[]> {
    return (await this.#entries()).filter((name) => backupName.test(name));
  }

  /** The names of what an interrupted run has left. */
  async leftovers(): Promise<string[]> {
    return (await this.#entries()).filter((name) => leftover.test(name) && backupName.test(name.replace(leftover, "")));
  }

  async prepare(): Promise<void> {
    await mkdir(this.receipts, { recursive: true, mode: 0o700 });
  }

  async removeLeftovers(): Promise<readonly string[]> {
    const names = await this.leftovers();
    for (const name of names) await rm(join(this.path, name), { recursive: true, force: true });
    return names;
  }

  /** Renamed first, so that half of it is never taken for a whole one. */
  async remove(name: string): Promise<void> {
    const removed = join(this.path, `${name}.removed`);
    await rename(join(this.path, name), removed);
    await syncDirectory(this.path);
    await rm(removed, { recursive: true, force: true });
  }

  /** A name that is not taken, of the time at which it begins. */
  async nameFor(timeMs: number): Promise<string> {
    const taken = new Set((await this.#entries()).map((name) => name.replace(leftover, "")));
    const name = `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (!taken.has(candidate)) return candidate;
    }
  }

  async writeReceipt(receipt: Receipt, key: SigningKey): Promise<string> {
    const time = receipt.time.slice(0, 19).replaceAll(":", "");
    const path = join(this.receipts, `${time}Z-${receipt.kind}-${receipt.backup}.json`);
    await writeDurably(path, formatReceipt(receipt, key), { mode: 0o644 });
    return path;
  }

  /** Those that can be believed, the oldest first, and the files of those that cannot, with why. */
  async readReceipts(): Promise<{ readonly receipts: readonly Receipt[]; readonly problems: readonly string[] }> {
    const files = [
      ...(await this.backups()).map((name) => join(this.path, name, receiptName)),
      ...(await entriesOf(this.receipts))
        .filter((name) => name.endsWith(".json"))
        .map((name) => join(this.receipts, name)),
    ];
    const receipts: Receipt[] = [];
    const problems: string[] = [];
    const key = await readPublicKey(this.keyFiles.publicKey);
    for (const file of files) {
      try {
        if (key === undefined) throw new Error(`there is no ${this.keyFiles.publicKey} to check its signature by`);
        const parsed: ParsedReceipt = parseReceipt(await readFile(file, "utf8"));
        checkSignature(parsed.signed, key);
        receipts.push(parsed.receipt);
      } catch (error) {
        problems.push(`${file}: ${(error as Error).message}`);
      }
    }
    receipts.sort((left, right) => (left.time < right.time ? -1 : Number(left.time > right.time)));
    return { receipts, problems };
  }

  async #entries(): Promise<string[]> {
    return entriesOf(this.path);
  }
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new BackupError("failed", `${path} cannot be read (${code}).`);
  }
}

/** Bytes of all files in a folder that has no folders. */
export async function folderBytes(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
  return bytes;
}
