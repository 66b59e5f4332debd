/**
 * What one pass reads: the rows that are new or have changed, the users that are gone, and who is in which group. It changes
 * nothing that is served, so a database that fails halfway changes nothing.
 */
import { sortInSlices } from "../snapshot/sort-in-slices.ts";
import { parseGroup, parseUser } from "../source/row.ts";
import type { Group, Row, Source, User } from "../source/source.ts";
import { TimeSlice } from "../time-slice.ts";
import type { Tree } from "../tree/tree.ts";
import { fingerprint } from "./fingerprint.ts";
import { withNested } from "./nested-groups.ts";
import type { GroupRecord, SkippedRow, UserRecord } from "./records.ts";

interface FoundUser {
  readonly user: User;
  readonly fingerprint: number;
}

interface FoundGroup {
  readonly group: Group;
  readonly fingerprint: number;
}

export interface Reading {
  /** Users whose row is new or has changed, by name. */
  readonly users: ReadonlyMap<string, FoundUser>;
  /** Users whose row is gone, or can no longer be an entry. */
  readonly removed: readonly UserRecord[];
  /** All groups, by name. */
  readonly groups: ReadonlyMap<string, FoundGroup>;
  /** The user names of each group's effective members, sorted; the array of the record where nothing has changed. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly skipped: readonly SkippedRow[];
}

export interface ReadingOptions {
  readonly source: Source;
  readonly tree: Tree;
  readonly pass: number;
  /** What is served now. The users that the pass reads are marked with it. */
  readonly users: ReadonlyMap<string, UserRecord>;
  readonly groups: ReadonlyMap<string, GroupRecord>;
  /** The name of the user that is served under a normalized DN. */
  usernameAt(key: string): string | undefined;
  /** A column whose changes do not count. */
  readonly ignoredColumn: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws SourceError */
export async function readRows(options: ReadingOptions): Promise<Reading> {
  return new RowReader(options).read();
}

class RowReader {
  readonly #options: ReadingOptions;
  readonly #slice = new TimeSlice();
  readonly #skipped: SkippedRow[] = [];
  readonly #users = new Map<string, FoundUser>();
  readonly #groups = new Map<string, FoundGroup>();
  /** Names of users with a changed row, and of groups, by normalized DN: names are compared as DNs are. */
  readonly #names = new Map<string, string>();

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  async read(): Promise<Reading> {
    const { source, signal } = this.#options;
    for await (const rows of source.users(signal)) {
      for (const row of rows) {
        this.#readUser(row);
        if (this.#slice.over) await this.#slice.next();
      }
    }
    for await (const rows of source.groups(signal)) {
      for (const row of rows) {
        this.#readGroup(row);
        if (this.#slice.over) await this.#slice.next();
      }
    }
    const { removed, usernames } = await this.#served();
    const members = await this.#readMembers(usernames);
    return { users: this.#users, removed, groups: this.#groups, members, skipped: this.#skipped };
  }

  #readUser(row: Row): void {
    const { users, pass, tree, ignoredColumn } = this.#options;
    const print = fingerprint(row, ignoredColumn);
    const record = users.get(String(row.username));
    const isUnchanged = record !== undefined && record.fingerprint === print && record.readIn !== pass;
    if (isUnchanged && !this.#names.has(record.entry.key)) {
      record.readIn = pass;
      return;
    }
    const parsed = parseUser(row);
    if ("skip" in parsed) {
      this.#skip("user", row.username, parsed.skip);
      return;
    }
    const { user } = parsed;
    if (!user.active) return;
    const key = tree.key(tree.userDn(user.username));
    const holder = this.#names.get(key) ?? this.#readAt(key);
    if (holder !== undefined) {
      this.#skip("user", user.username, takenName("user", user.username, "username", holder));
      return;
    }
    this.#names.set(key, user.username);
    this.#users.set(user.username, { user, fingerprint: print });
    const changed = users.get(user.username);
    if (changed) changed.readIn = pass;
  }

  /** The user served under the normalized DN, if this pass has read its row. */
  #readAt(key: string): string | undefined {
    const username = this.#options.usernameAt(key);
    return username !== undefined && this.#options.users.get(username)?.readIn === this.#options.pass
      ? username
      : undefined;
  }

  #readGroup(row: Row): void {
    const parsed = parseGroup(row);
    if ("skip" in parsed) {
      this.#skip("group", row.name, parsed.skip);
      return;
    }
    const { tree } = this.#options;
    const { group } = parsed;
    const key = tree.key(tree.groupDn(group.name));
    const holder = this.#names.get(key);
    if (holder !== undefined) {
      this.#skip("group", group.name, takenName("group", group.name, "name", holder));
      return;
    }
    this.#names.set(key, group.name);
    this.#groups.set(group.name, { group, fingerprint: fingerprint(row) });
  }

  #skip(kind: SkippedRow["kind"], name: unknown, reason: string): void {
    this.#skipped.push({ kind, name: typeof name === "string" && name !== "" ? name : "(without a name)", reason });
  }

  /** The users that will be served, and the records of those that will not. */
  async #served(): Promise<{ removed: UserRecord[]; usernames: string[] }> {
    const { users, pass } = this.#options;
    const removed: UserRecord[] = [];
    const usernames: string[] = [];
    for (const record of users.values()) {
      if (record.readIn === pass || record.foundIn === pass) usernames.push(record.username);
      else removed.push(record);
      if (this.#slice.over) await this.#slice.next();
    }
    for (const username of this.#users.keys()) if (!users.has(username)) usernames.push(username);
    return { removed, usernames };
  }

  /**
   * The name if it is that of a user who will be served: the user's own string, so that a million memberships do not keep
   * a million copies of it.
   */
  #servedName(username: string): string | undefined {
    const { users, pass } = this.#options;
    const record = users.get(username);
    const changed = this.#users.get(username);
    if (changed !== undefined) return changed.user.username;
    return record?.readIn === pass || record?.foundIn === pass ? record.username : undefined;
  }

  /** From memberships, the groups' own columns, and nested groups. */
  async #readMembers(usernames: readonly string[]): Promise<Map<string, readonly string[]>> {
    const { source, signal } = this.#options;
    const direct = new Map<string, Set<string>>();
    const nested = new Map<string, readonly string[]>();
    for (const name of this.#groups.keys()) direct.set(name, new Set());
    for await (const memberships of source.memberships(usernames, signal)) {
      for (const { username, groupName } of memberships) {
        const served = this.#servedName(username);
        if (served !== undefined) direct.get(groupName)?.add(served);
        if (this.#slice.over) await this.#slice.next();
      }
    }
    const named = await this.#namesByDn(usernames);
    for (const { group } of this.#groups.values()) {
      const members = direct.get(group.name)!;
      const groups = new Set(group.memberGroups);
      for (const uid of group.memberUids) {
        const served = this.#servedName(uid);
        if (served !== undefined) members.add(served);
      }
      for (const dn of group.memberDns) {
        const { username, groupName } = named(dn);
        if (username !== undefined) members.add(username);
        if (groupName !== undefined) groups.add(groupName);
        if (this.#slice.over) await this.#slice.next();
      }
      if (groups.size > 0) nested.set(group.name, [...groups]);
      if (this.#slice.over) await this.#slice.next();
    }
    const members = new Map<string, readonly string[]>();
    for (const name of direct.keys()) members.set(name, await this.#sorted(name, withNested(name, direct, nested)));
    return members;
  }

  /** What a DN that a group's row gives stands for; its table of users is made only when some row gives one. */
  async #namesByDn(usernames: readonly string[]): Promise<(dn: string) => { username?: string; groupName?: string }> {
    const { tree } = this.#options;
    const byKey = new Map<string, { username?: string; groupName?: string }>();
    if ([...this.#groups.values()].some(({ group }) => group.memberDns.length > 0)) {
      for (const username of usernames) {
        byKey.set(tree.key(tree.userDn(username)), { username });
        if (this.#slice.over) await this.#slice.next();
      }
      for (const groupName of this.#groups.keys()) byKey.set(tree.key(tree.groupDn(groupName)), { groupName });
    }
    return (dn) => {
      try {
        return byKey.get(tree.key(dn)) ?? {};
      } catch {
        return {};
      }
    };
  }

  /** A group's members in order. Most groups are as they were: to see that costs less than to sort them again. */
  async #sorted(name: string, members: ReadonlySet<string>): Promise<readonly string[]> {
    const before = this.#options.groups.get(name)?.memberUids;
    if (before?.length === members.size && (await this.#isAmong(before, members))) return before;
    return members.size < unslicedItems ? [...members].sort() : sortInSlices([...members], (a, b) => (a < b ? -1 : 1));
  }

  async #isAmong(names: readonly string[], members: ReadonlySet<string>): Promise<boolean> {
    for (const name of names) {
      if (!members.has(name)) return false;
      if (this.#slice.over) await this.#slice.next();
    }
    return true;
  }
}

/** Names sorted at once: about a millisecond. */
const unslicedItems = 2_000;

function takenName(kind: SkippedRow["kind"], name: string, column: string, holder: string): string {
  return `The ${kind} ${JSON.stringify(name)} is skipped: ${column} is taken by another row, ${JSON.stringify(holder)}.`;
}
