/** What a refresh remembers of the rows that are served, to tell at the next one what has changed. */
import type { Credentials } from "../bind/credentials.ts";
import type { Entry } from "../snapshot/entry.ts";

export interface UserRecord {
  readonly entry: Entry;
  readonly username: string;
  /** Of the row; undefined for a user that was found outside a pass, so that the next pass takes the row for changed. */
  readonly fingerprint: number | undefined;
  readonly gidNumber: number;
  /** Names of the groups the user is in, sorted. */
  groups: readonly string[];
  /** Kept only where binds may be verified from memory. */
  readonly credentials: Credentials | undefined;
  /** The last pass that read the row. */
  readIn: number;
  /** The pass during which the user was found outside it: that pass may have read the table before the user was there. */
  readonly foundIn: number | undefined;
}

export interface GroupRecord {
  readonly entry: Entry;
  readonly name: string;
  readonly gidNumber: number;
  /** User names of the effective members, sorted. */
  readonly memberUids: readonly string[];
  readonly fingerprint: number | undefined;
}

/** A row that cannot be an entry. `reason` is a sentence that names the column and quotes nothing but the name. */
export interface SkippedRow {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly reason: string;
}
