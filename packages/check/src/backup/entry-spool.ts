/** Entries of a directory that wait for others, in a file: memory does not grow with them. */
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { formatLdifRecord } from "@espalier/ldap";
import { type DirectoryEntry, entriesOf } from "./parts/ldap-part.ts";

const chunkBytes = 65_536;

export class EntrySpool implements AsyncDisposable {
  readonly #file: FileHandle;
  #bytes = 0;
  /** Of what was put in, in its order. */
  #written: Promise<void> = Promise.resolve();
  count = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** In a file without a name, since passwords are in it: it goes away with the process, however that ends. */
  static async create(folder: string): Promise<EntrySpool> {
    const path = join(folder, "entries.ldif");
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return new EntrySpool(file);
  }

  /** Several at a time. */
  add({ dn, attributes }: DirectoryEntry): Promise<void> {
    this.count += 1;
    const bytes = Buffer.from(`\n${formatLdifRecord({ type: "content", dn, attributes })}`);
    const at = this.#bytes;
    this.#bytes += bytes.length;
    this.#written = this.#written.then(() => this.#write(bytes, at));
    return this.#written;
  }

  /** What was put in so far; as often as wanted. */
  entries(): AsyncGenerator<DirectoryEntry, void, undefined> {
    return entriesOf(this.#read());
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, position + at);
      at += bytesWritten;
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const end = this.#bytes;
    await this.#written;
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
