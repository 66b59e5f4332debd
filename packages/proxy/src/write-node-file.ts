/** Which backend takes the writes, kept from one process to the next: it must not go back to the first by a restart. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Logger } from "@espalier/service";

export class WriteNodeFile {
  readonly #path: string;
  readonly #log: Logger;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** The backend's name; undefined where none has been kept. */
  read(): string | undefined {
    try {
      return readFileSync(this.#path, "utf8").trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#complain("read", error);
      return undefined;
    }
  }

  write(name: string): void {
    const draft = `${this.#path}.new`;
    try {
      writeFileSync(draft, `${name}\n`, { mode: 0o600 });
      renameSync(draft, this.#path);
    } catch (error) {
      this.#complain("written", error);
    }
  }

  #complain(how: string, error: unknown): void {
    const text = `Which backend takes the writes cannot be ${how}: after a restart it is the first of the list again.`;
    this.#log.error(text, { path: this.#path, error });
  }
}
