/**
 * Asks the database for one user before a search says that there is nobody: a user made a second ago logs in at once.
 * What a stranger can make the database do is bounded: a name that was not there is not asked for again for a moment, and
 * only so many names are asked for at the same time.
 */
import { type Filter, parseDn, type Schema } from "@espalier/ldap";
import { maxNameCharacters } from "../source/row.ts";

export interface LookupOptions {
  readonly schema: Schema;
  /** The normalized DN that the user's entry has. */
  readonly keyOfUser: (username: string) => string;
  /** Whether the snapshot has the entry with this normalized DN. */
  readonly isServed: (key: string) => boolean;
  /** Reads the user and, when there is one, puts it into the snapshot. @throws SourceError */
  readonly load: (username: string) => Promise<boolean>;
  readonly now: () => number;
}

/** How long a name that was not found is not asked for again. */
const absentForMs = 2_000;
const maxAbsent = 10_000;
/** Names asked for at once; beyond it a search answers from the snapshot, which is at most one refresh old. */
const maxPending = 64;

export class LookupOnMiss {
  readonly #options: LookupOptions;
  /** Names that were not found, with the time until which that holds; in order of that time. */
  readonly #absentUntil = new Map<string, number>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  /** The one user name that every match of the filter must have, unless it is served or known to be absent. */
  usernameIn(filter: Filter): string | undefined {
    const username = this.#uidIn(filter);
    if (username === undefined || this.#cannotBe(username)) return undefined;
    return this.#options.isServed(this.#options.keyOfUser(username)) ? undefined : username;
  }

  /** The user whose entry would have the DN, which has the normalized form `key`, unless it is known to be absent. */
  usernameOf(dn: string, key: string): string | undefined {
    const rdn = parseDn(dn)[0];
    const username = rdn?.length === 1 && this.#isUid(rdn[0]!.type) ? rdn[0]!.value : undefined;
    if (typeof username !== "string" || this.#options.keyOfUser(username) !== key) return undefined;
    return this.#cannotBe(username) ? undefined : username;
  }

  /** Resolves when the snapshot says what the database says of this user, or when the database cannot be asked. */
  async lookUp(username: string): Promise<void> {
    const pending = this.#pending.get(username);
    if (pending) return pending;
    if (this.#pending.size >= maxPending) return;
    const lookup = this.#load(username).finally(() => this.#pending.delete(username));
    this.#pending.set(username, lookup);
    return lookup;
  }

  async #load(username: string): Promise<void> {
    let found: boolean;
    try {
      found = await this.#options.load(username);
    } catch {
      // The snapshot goes on serving while the database is away; the refresh reports the outage.
      return;
    }
    if (found) return;
    this.#absentUntil.delete(username);
    this.#absentUntil.set(username, this.#options.now() + absentForMs);
    if (this.#absentUntil.size > maxAbsent) this.#absentUntil.delete(this.#absentUntil.keys().next().value!);
  }

  /** A name that no row may have, which must not be remembered either, or one that is known to be absent. */
  #cannotBe(username: string): boolean {
    return username.length > maxNameCharacters || this.#isAbsent(username);
  }

  #isAbsent(username: string): boolean {
    const until = this.#absentUntil.get(username);
    if (until === undefined) return false;
    if (until > this.#options.now()) return true;
    this.#absentUntil.delete(username);
    return false;
  }

  #uidIn(filter: Filter): string | undefined {
    if (filter.type === "equalityMatch") {
      return this.#isUid(filter.attribute) ? Buffer.from(filter.value).toString("utf8") : undefined;
    }
    if (filter.type !== "and") return undefined;
    for (const part of filter.filters) {
      const username = this.#uidIn(part);
      if (username !== undefined) return username;
    }
    return undefined;
  }

  #isUid(attribute: string): boolean {
    return this.#options.schema.attribute(attribute)?.oid === uidOid;
  }
}

/** RFC 4519 §2.39. */
const uidOid = "0.9.2342.19200300.100.1.1";
