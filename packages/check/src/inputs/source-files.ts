/** The files of a check: those that were named, and what these lead to. Each is read once. */
import { readFileSync, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { type BinaryFile, InputError, type Location, SourceFile } from "./source-file.ts";

/** Larger ones are data. */
const maxFileBytes = 4 * 1024 * 1024;

export class SourceFiles {
  readonly #root: string;
  readonly #files = new Map<string, SourceFile | BinaryFile>();

  /** @param root absolute; files are shown relative to it. */
  constructor(root: string) {
    this.#root = root;
  }

  /** In the order in which they were read. */
  get texts(): readonly SourceFile[] {
    return [...this.#files.values()].filter((file) => file instanceof SourceFile);
  }

  get binaries(): readonly BinaryFile[] {
    return [...this.#files.values()].filter((file) => !(file instanceof SourceFile));
  }

  /** A text that was read already. */
  known(absolutePath: string): SourceFile | undefined {
    const file = this.#files.get(absolutePath);
    return file instanceof SourceFile ? file : undefined;
  }

  /** @throws {InputError} where it cannot be read. */
  read(absolutePath: string): SourceFile | BinaryFile {
    let file = this.#files.get(absolutePath);
    if (file === undefined) {
      file = this.#open(absolutePath);
      this.#files.set(absolutePath, file);
    }
    return file;
  }

  /** @throws {InputError} also for what is no text. */
  readText(absolutePath: string): SourceFile {
    const file = this.read(absolutePath);
    if (file instanceof SourceFile) return file;
    throw new InputError("it is not a text");
  }

  /** One that another file leads to, at a place there. @throws {InputError} that tells both. */
  follow(absolutePath: string, at: Location): SourceFile {
    try {
      return this.readText(absolutePath);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${this.shown(absolutePath)}: ${error.message}`, at, { cause: error });
    }
  }

  shown(absolutePath: string): string {
    const path = relative(this.#root, absolutePath).split(sep).join("/");
    return path === "" ? "." : path;
  }

  #open(absolutePath: string): SourceFile | BinaryFile {
    try {
      const status = statSync(absolutePath);
      if (status.isDirectory()) throw new InputError("it is a folder");
      const { mode, uid, gid, size } = status;
      const known = { path: this.shown(absolutePath), absolutePath, mode: mode & 0o7777, uid, gid };
      if (size > maxFileBytes) return known;
      const bytes = readFileSync(absolutePath);
      return bytes.includes(0) ? known : new SourceFile({ ...known, text: bytes.toString("utf8") });
    } catch (error) {
      throw error instanceof InputError ? error : new InputError(whyUnreadable(error));
    }
  }
}

/** What the operating system says, as a person says it. */
export function whyUnreadable(error: unknown): string {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  return code === "EACCES" ? "it may not be read by this user" : `it cannot be read (${code})`;
}
