/** A backup that is there: believed when its signature and every byte of its files are as they were written. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { BackupError, DamagedError } from "./backup-error.ts";
import { contentsName, keyName, manifestName, receiptName } from "./backup-folder.ts";
import { type ContentsFile, contentsFile } from "./contents.ts";
import { Counter, hashFile, readEncrypted } from "./encrypted-file.ts";
import { BackupKey, type Unlocking } from "./encryption.ts";
import { type Manifest, type ManifestPart, parseManifest } from "./manifest.ts";
import type { Progress } from "./progress.ts";
import { manifestHash, parseReceipt } from "./receipt.ts";
import { checkSignature } from "./signed-document.ts";
import { PublicKey } from "./signing-key.ts";

export class OpenedBackup {
  readonly path: string;
  readonly manifest: Manifest;
  readonly manifestHash: string;
  /** Of who signed it; believed only where it is the one that the caller gave. */
  readonly publicKey: PublicKey;

  private constructor(path: string, manifest: Manifest, hash: string, publicKey: PublicKey) {
    this.path = path;
    this.manifest = manifest;
    this.manifestHash = hash;
    this.publicKey = publicKey;
  }

  /**
   * @param trusted undefined on a machine that has only the backup: then it is merely of one piece, whoever made it
   * @throws DamagedError
   */
  static async open(path: string, trusted: PublicKey | undefined): Promise<OpenedBackup> {
    const receipt = await part(receiptName, async () => {
      const parsed = parseReceipt(await readFile(join(path, receiptName), "utf8"));
      const publicKey = trusted ?? PublicKey.fromPem(parsed.signed.publicKey);
      checkSignature(parsed.signed, publicKey);
      if (parsed.receipt.kind !== "create") throw new Error("it is the receipt of something else");
      return { ...parsed.receipt, publicKey };
    });
    return part(manifestName, async () => {
      const bytes = await readFile(join(path, manifestName));
      const hash = manifestHash(bytes);
      if (hash !== receipt.manifest) throw new Error("it is not what the receipt signs");
      const manifest = parseManifest(bytes.toString("utf8"));
      if (manifest.backup !== receipt.backup) throw new Error("it is of another backup");
      return new OpenedBackup(path, manifest, hash, receipt.publicKey);
    });
  }

  get name(): string {
    return this.manifest.backup;
  }

  /** Reads every byte of its files. None where all is well. */
  async damages(progress: Progress): Promise<DamagedError[]> {
    const known = new Set([manifestName, receiptName, ...this.manifest.files.map(({ name }) => name)]);
    const damages = (await readdir(this.path))
      .filter((name) => !known.has(name))
      .map((name) => new DamagedError(name, `${name} does not belong to the backup.`));
    const total = this.manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const step = progress.begin(basename(this.path), total);
    for (const { name } of this.manifest.files) {
      const damage = await this.damageOf(name, (bytes) => step.advance(bytes));
      if (damage !== undefined) damages.push(damage);
    }
    step.end();
    return damages;
  }

  async damageOf(file: string, onBytes?: (bytes: number) => void): Promise<DamagedError | undefined> {
    const expected = this.manifest.files.find(({ name }) => name === file);
    try {
      const found = await hashFile(join(this.path, file), onBytes);
      if (found.bytes !== expected?.bytes) {
        return new DamagedError(
          file,
          `${file} is damaged: it has ${found.bytes} bytes in place of ${expected?.bytes}.`,
        );
      }
      if (found.sha256 !== expected.sha256)
        return new DamagedError(file, `${file} is damaged: its SHA-256 is another.`);
      return undefined;
    } catch (error) {
      const { code = "unknown error" } = error as NodeJS.ErrnoException;
      return new DamagedError(file, code === "ENOENT" ? `${file} is missing.` : `${file} cannot be read (${code}).`);
    }
  }

  /** @throws DamagedError; BackupError where the passphrase or key is not the one */
  async unlock(unlocking: Unlocking): Promise<UnlockedBackup> {
    for (const name of [keyName, contentsName]) {
      const damage = await this.damageOf(name);
      if (damage !== undefined) throw damage;
    }
    let key: BackupKey;
    try {
      key = await BackupKey.unwrap(await readFile(join(this.path, keyName)), unlocking);
    } catch (error) {
      const what = "passphrase" in unlocking ? "passphrase" : "age key";
      throw new BackupError("refused", `The ${what} is not the one that ${this.name} was made with.`, { cause: error });
    }
    const contents = await part(contentsName, async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readEncrypted(join(this.path, contentsName), key)) chunks.push(chunk);
      return contentsFile.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    });
    return new UnlockedBackup(this, key, contents);
  }

  /** @throws BackupError that names the parts there are */
  part(name: string): ManifestPart {
    const found = this.manifest.parts.find((each) => each.name === name);
    if (found !== undefined) return found;
    const names = this.manifest.parts.map((each) => each.name).join(", ");
    throw new BackupError("refused", `${this.name} has no part ${name}; it has ${names}.`);
  }
}

export class UnlockedBackup {
  readonly backup: OpenedBackup;
  readonly #key: BackupKey;
  readonly #contents: ContentsFile;

  constructor(backup: OpenedBackup, key: BackupKey, contents: ContentsFile) {
    this.backup = backup;
    this.#key = key;
    this.#contents = contents;
  }

  /** What the part held when it was made. @throws DamagedError */
  expected({ name }: ManifestPart): ContentsFile[string] {
    const found = Object.hasOwn(this.#contents, name) ? this.#contents[name] : undefined;
    if (found === undefined) throw new DamagedError(contentsName, `${contentsName} does not tell of ${name}.`);
    return found;
  }

  /** What was backed up, byte for byte. @throws DamagedError at its end, or before, where it is not */
  async *content(part: ManifestPart, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
    const counter = new Counter(onBytes);
    try {
      yield* counter.through(readEncrypted(join(this.backup.path, part.file), this.#key));
    } catch (error) {
      throw new DamagedError(part.file, `${part.file} cannot be decrypted in full.`, { cause: error });
    }
    if (counter.sha256 !== this.expected(part).sha256) {
      throw new DamagedError(part.file, `${part.file} holds something else than was backed up.`);
    }
  }
}

async function part<Result>(file: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new DamagedError(file, `${file} is missing.`, { cause: error });
    throw new DamagedError(file, `${file} is damaged: ${(error as Error).message}.`, { cause: error });
  }
}
