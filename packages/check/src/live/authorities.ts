/** Whom certificates may come from: the authorities of the system and those in files of the configuration. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import type { Unreadable } from "../engine/project.ts";

export class Authorities {
  readonly #files = new Map<string, Promise<readonly string[]>>();
  readonly #unreadable: Unreadable[] = [];

  /** Files that could not be read, each once; those certificates are then not trusted. */
  get unreadable(): readonly Unreadable[] {
    return this.#unreadable;
  }

  /** Those of the system and of the files. */
  async of(files: readonly string[]): Promise<string[]> {
    return [...getCACertificates("system"), ...(await this.only(files))];
  }

  async only(files: readonly string[]): Promise<string[]> {
    return (await Promise.all(files.map((file) => this.#read(file)))).flat();
  }

  #read(file: string): Promise<readonly string[]> {
    const known = this.#files.get(file) ?? this.#readFile(file);
    this.#files.set(file, known);
    return known;
  }

  async #readFile(subject: string): Promise<readonly string[]> {
    try {
      const text = await readFile(subject, "utf8");
      const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      if (blocks.length === 0) throw new Error("it holds no certificate in PEM");
      for (const block of blocks) new X509Certificate(block);
      return blocks;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code?.startsWith("ERR_OSSL") ? "a certificate in it is damaged" : (code ?? message);
      this.#unreadable.push({ subject, message: `the authorities in it cannot be trusted: ${reason}` });
      return [];
    }
  }
}
