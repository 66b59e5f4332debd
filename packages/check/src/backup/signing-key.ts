/** The Ed25519 key that signs backups and receipts (RFC 8032), and its public half, by which they are believed. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { BackupError } from "./backup-error.ts";
import { writeDurably } from "./durable-file.ts";

export class PublicKey {
  readonly #key: KeyObject;
  /** SHA-256 of the key in DER, in hexadecimal digits. */
  readonly fingerprint: string;

  constructor(key: KeyObject) {
    this.#key = key;
    this.fingerprint = createHash("sha256")
      .update(key.export({ type: "spki", format: "der" }))
      .digest("hex");
  }

  static fromPem(pem: string): PublicKey {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== "ed25519") throw new TypeError("not an Ed25519 key");
    return new PublicKey(key);
  }

  get pem(): string {
    return this.#key.export({ type: "spki", format: "pem" }) as string;
  }

  verifies(content: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, content, this.#key, signature);
  }
}

export class SigningKey {
  readonly #key: KeyObject;
  readonly publicKey: PublicKey;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = new PublicKey(createPublicKey(key));
  }

  sign(content: Uint8Array): Uint8Array {
    return sign(null, content, this.#key);
  }
}

/** What the keys are called in the folder of backups. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Makes the key where neither half is there. @throws BackupError where one half is missing, or does not fit the other */
export async function openSigningKey(files: KeyFiles): Promise<SigningKey> {
  const known = await readPublicKey(files.publicKey);
  const own = await readPrivateKey(files.privateKey);
  if (own !== undefined) {
    if (known === undefined) await writeDurably(files.publicKey, own.publicKey.pem, { mode: 0o644 });
    else if (known.fingerprint !== own.publicKey.fingerprint) {
      throw new BackupError(
        "refused",
        `${files.privateKey} and ${files.publicKey} are not the two halves of one key: put back the one that was exchanged.`,
      );
    }
    return own;
  }
  if (known !== undefined) {
    throw new BackupError(
      "refused",
      `The signing key ${files.privateKey} is gone: put it back; or, to begin with a new one, move ${files.publicKey} away and ` +
        "keep it for older backups (--public-key).",
    );
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const made = new SigningKey(privateKey);
  await writeDurably(files.privateKey, privateKey.export({ type: "pkcs8", format: "pem" }), { isNew: true });
  await writeDurably(files.publicKey, made.publicKey.pem, { mode: 0o644 });
  return made;
}

/** `undefined` where there is none. @throws BackupError where it is none */
export async function readPublicKey(path: string): Promise<PublicKey | undefined> {
  const pem = await readIfThere(path);
  if (pem === undefined) return undefined;
  try {
    const key = PublicKey.fromPem(pem);
    if (key.pem === pem) return key;
  } catch {
    // Below.
  }
  throw new BackupError(
    "refused",
    `${path} is damaged, or not a public key of Ed25519 in PEM: put back the one that was there.`,
  );
}

async function readPrivateKey(path: string): Promise<SigningKey | undefined> {
  const pem = await readIfThere(path);
  if (pem === undefined) return undefined;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new BackupError("refused", `${path} can be read by others, who could sign as well: chmod 600 ${path}.`);
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return new SigningKey(key);
  } catch {
    // Below.
  }
  throw new BackupError("refused", `${path} is damaged, or not a private key of Ed25519 in PEM.`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new BackupError("refused", `${path} cannot be read (${code}).`);
  }
}
