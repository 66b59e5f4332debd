/** A private file without a name: it goes away with the process, however that ends. */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";

export class Spool implements AsyncDisposable {
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param directory on a disk: where memory holds it, so it does what is put here */
  static async create(directory: string): Promise<Spool> {
    const path = join(directory, `espalier-${randomUUID()}`);
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return new Spool(file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One call at a time. */
  async append(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#bytes);
      at += bytesWritten;
      this.#bytes += bytesWritten;
    }
  }

  /** From the beginning to where it ends now; as often as wanted. */
  async *read(chunkBytes = 65_536): AsyncGenerator<Uint8Array, void, undefined> {
    const end = this.#bytes;
    for (let at = 0; at < end; ) {
      const length = Math.min(chunkBytes, end - at);
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) throw new Error("a spooled file is shorter than what was written to it");
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}
