/**
 * The key of one backup: an age X25519 identity of its own, itself encrypted with the passphrase, or to the age key that is
 * configured. Files are of the format age-encryption.org/v1, so that the `age` program opens them without Espalier. A
 * passphrase is stretched (scrypt) once for a backup, and not for each of its files.
 */
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { BackupError } from "./backup-error.ts";

/** What opens backups: a passphrase, or an age identity (`AGE-SECRET-KEY-1…`). */
export type Unlocking =
  | { readonly passphrase: string; readonly recipients: readonly string[] }
  | { readonly identity: string; readonly recipients: readonly string[] };

export interface UnlockingFiles {
  readonly passphraseFile?: string | undefined;
  readonly identityFile?: string | undefined;
  readonly recipients?: readonly string[] | undefined;
}

/** Fewer can be guessed by whoever has the backup, for scrypt or not. */
const minPassphraseLength = 20;

/** @throws BackupError where no file is named, or one cannot be used */
export async function readUnlocking({
  passphraseFile,
  identityFile,
  recipients = [],
}: UnlockingFiles): Promise<Unlocking> {
  if (identityFile !== undefined) {
    const text = await readSecretFile(identityFile, "identityFile");
    const identity = /^AGE-SECRET-KEY-1[0-9A-Z]+$/m.exec(text)?.[0];
    if (identity !== undefined) return { identity, recipients };
    throw new BackupError("refused", `${identityFile} holds no age key: make one by age-keygen -o ${identityFile}.`);
  }
  if (passphraseFile === undefined) {
    throw new BackupError(
      "refused",
      "Backups are encrypted, and nothing says with what: name check.backups.passphraseFile or identityFile.",
    );
  }
  const passphrase = (await readSecretFile(passphraseFile, "passphraseFile")).replace(/(?:\r?\n)+$/, "");
  if (passphrase.length < minPassphraseLength) {
    throw new BackupError(
      "refused",
      `The passphrase in ${passphraseFile} is too short: it must have ${minPassphraseLength} characters, such as six random words.`,
    );
  }
  // The format has a passphrase alone, or keys alone.
  if (recipients.length > 0) {
    throw new BackupError(
      "refused",
      "check.backups.recipients cannot be there together with passphraseFile: use identityFile, or leave them out.",
    );
  }
  return { passphrase, recipients };
}

async function readSecretFile(path: string, key: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new BackupError("refused", `check.backups.${key} ${path} cannot be read (${code}).`);
  }
}

export class BackupKey {
  readonly #identity: string;
  readonly #recipient: string;

  private constructor(identity: string, recipient: string) {
    this.#identity = identity;
    this.#recipient = recipient;
  }

  static async generate(): Promise<BackupKey> {
    return BackupKey.#of(await generateX25519Identity());
  }

  /** @param wrapped what {@link wrap} gave. @throws Error where it is damaged, or was wrapped for somebody else */
  static async unwrap(wrapped: Uint8Array, unlocking: Unlocking): Promise<BackupKey> {
    const decrypter = new Decrypter();
    if ("passphrase" in unlocking) decrypter.addPassphrase(unlocking.passphrase);
    else decrypter.addIdentity(unlocking.identity);
    return BackupKey.#of((await decrypter.decrypt(wrapped, "text")).trim());
  }

  static async #of(identity: string): Promise<BackupKey> {
    return new BackupKey(identity, await identityToRecipient(identity));
  }

  async wrap(unlocking: Unlocking): Promise<Uint8Array> {
    const encrypter = new Encrypter();
    if ("passphrase" in unlocking) encrypter.setPassphrase(unlocking.passphrase);
    else encrypter.addRecipient(await identityToRecipient(unlocking.identity));
    for (const recipient of unlocking.recipients) encrypter.addRecipient(recipient);
    return encrypter.encrypt(`${this.#identity}\n`);
  }

  async encrypt(plain: AsyncIterable<Uint8Array>): Promise<Readable> {
    const encrypter = new Encrypter();
    encrypter.addRecipient(this.#recipient);
    return Readable.fromWeb((await encrypter.encrypt(webStream(plain))) as ReadableStream<Uint8Array>);
  }

  async decrypt(encrypted: AsyncIterable<Uint8Array>): Promise<Readable> {
    const decrypter = new Decrypter();
    decrypter.addIdentity(this.#identity);
    return Readable.fromWeb((await decrypter.decrypt(webStream(encrypted))) as ReadableStream<Uint8Array>);
  }
}

/** Pulled as it is read: one chunk is in memory at a time. */
function webStream(
  chunks: AsyncIterable<Uint8Array>,
): ReadableStream<Uint8Array> & globalThis.ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks) as ReadableStream<Uint8Array> & globalThis.ReadableStream<Uint8Array>;
}
