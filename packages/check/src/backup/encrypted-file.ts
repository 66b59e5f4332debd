/** A file of a backup on its way to the disk and back: gzip (RFC 1952), then age, with SHA-256 of both ends. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { BackupKey } from "./encryption.ts";

export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly plainBytes: number;
  readonly plainSha256: string;
}

/** gzip and not zstd: every rescue system has it. */
const compressionLevel = 6;

/** On the disk when it resolves. @param onPlain told of bytes as they are read */
export async function writeEncrypted(
  path: string,
  plain: AsyncIterable<Uint8Array>,
  key: BackupKey,
  onPlain: (bytes: number) => void = () => undefined,
): Promise<WrittenFile> {
  const inner = new Counter(onPlain);
  const outer = new Counter();
  const gzip = createGzip({ level: compressionLevel });
  // An error of the source reaches the end through gzip.
  const compressed = pipeline(inner.through(plain), gzip);
  compressed.catch((error) => gzip.destroy(error));
  await pipeline(
    outer.through(await key.encrypt(gzip)),
    createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }),
  );
  await compressed;
  return { bytes: outer.bytes, sha256: outer.sha256, plainBytes: inner.bytes, plainSha256: inner.sha256 };
}

/** What is in the file, as it is read; it throws where that cannot be had in full. */
export async function* readEncrypted(path: string, key: BackupKey): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip();
  const file = createReadStream(path);
  const decrypted = await key.decrypt(file).catch((error) => {
    file.destroy();
    throw error;
  });
  const done = pipeline(decrypted, gunzip);
  done.catch((error) => gunzip.destroy(error));
  yield* gunzip as Readable as AsyncIterable<Uint8Array>;
  await done;
}

/** Of the file as it lies there. */
export async function hashFile(
  path: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const counter = new Counter(onBytes);
  for await (const _ of counter.through(createReadStream(path, { highWaterMark: 1024 * 1024 }))) {
    // Counted.
  }
  return { bytes: counter.bytes, sha256: counter.sha256 };
}

export class Counter {
  readonly #hash: Hash = createHash("sha256");
  readonly #onBytes: (bytes: number) => void;
  bytes = 0;

  constructor(onBytes: (bytes: number) => void = () => undefined) {
    this.#onBytes = onBytes;
  }

  async *through(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
      this.#onBytes(chunk.length);
      yield chunk;
    }
  }

  /** Once, at the end. */
  get sha256(): string {
    return this.#hash.digest("hex");
  }
}
