/** What each kind of part can do: be written, looked through, restored to try it, and put back. */

import type { Environment } from "../child-program.ts";
import type { Contents } from "../contents.ts";
import type { ManifestPart } from "../manifest.ts";

export type Bytes = AsyncIterable<Uint8Array>;

export interface Surroundings {
  readonly environment: Environment;
  /** A private folder on a disk, which goes away afterwards. */
  readonly workFolder: string;
}

/** One file of a backup that is to be written. */
export interface PartToWrite extends Pick<ManifestPart, "name" | "kind" | "source" | "baseDn" | "server"> {
  /** Of the file, before `.gz.age`. */
  readonly fileName: string;
  /** Anew for each attempt. */
  content(): Bytes;
  /** Whether what was read is not of one moment; it is then read again. Left out by what is always of one. */
  isTorn?(): Promise<boolean>;
  /** Asked for when the content has been read. */
  warnings(): readonly string[];
  /** When nothing more is read. */
  end?(): Promise<void>;
}

/** Counts what a part holds. @throws Error whose message says what is wrong with it */
export type Inspect = (content: Bytes, surroundings: Surroundings) => Promise<Contents>;
