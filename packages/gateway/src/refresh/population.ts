/**
 * What the last refresh found, and how it becomes entries: users, groups, who is in which, and private groups. A pass
 * reads everything before it changes anything, so that a database that fails halfway changes nothing.
 */
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { parseGroup, parseUser } from "../source/row.ts";
import type { Group, Source, User } from "../source/source.ts";
import type { EntryContent } from "../tree/entry-content.ts";
import { groupEntry, privateGroupEntry } from "../tree/group-entry.ts";
import { fixedEntries, generalizedTime, type Timestamps, type Tree } from "../tree/tree.ts";
import { type UserDefaults, userEntry } from "../tree/user-entry.ts";
import { fingerprint } from "./fingerprint.ts";
import { effectiveMembers } from "./nested-groups.ts";
import { TimeSlice } from "./time-slice.ts";

interface UserRecord {
  readonly entry: Entry;
  readonly username: string;
  fingerprint: number;
  gidNumber: number;
  /** Names of the groups the user is in, sorted. */
  groups: readonly string[];
  /** The stored hash, kept only where binds may be verified from the snapshot. */
  password: string | undefined;
  /** The last pass that saw the row. */
  pass: number;
}

interface GroupRecord {
  readonly entry: Entry;
  readonly name: string;
  gidNumber: number;
  memberUids: readonly string[];
  memberDns: readonly string[];
  fingerprint: number;
}

/** A row that cannot be an entry. `reason` is a sentence that names the column, never a value that is secret. */
export interface SkippedRow {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly reason: string;
}

/** What a pass did. */
export interface PassResult {
  readonly users: number;
  readonly groups: number;
  /** Entries that were added, replaced or removed. */
  readonly changed: number;
  readonly skipped: readonly SkippedRow[];
}

export interface PopulationOptions {
  readonly tree: Tree;
  readonly defaults: UserDefaults;
  /** Whether users' hashes are kept in memory, for binds that are verified without the database. */
  readonly keepPasswords: boolean;
  /** Told each new or changed row's hash, to learn which schemes there are. */
  readonly observePassword: (stored: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface FoundGroup {
  readonly group: Group;
  readonly fingerprint: number;
}

const noNames: readonly string[] = [];

export class Population {
  readonly snapshot: Snapshot;
  readonly #options: PopulationOptions;
  readonly #users = new Map<string, UserRecord>();
  readonly #groups = new Map<string, GroupRecord>();
  /** Private groups by group number. */
  readonly #privateGroups = new Map<number, { entry: Entry; username: string }>();
  readonly #usersParent: Entry;
  readonly #groupsParent: Entry;
  #pass = 0;

  constructor(snapshot: Snapshot, options: PopulationOptions) {
    this.snapshot = snapshot;
    this.#options = options;
    const { tree } = options;
    const now = generalizedTime(new Date(options.now()));
    for (const content of fixedEntries(tree, { createTimestamp: now, modifyTimestamp: now })) {
      snapshot.put(content, snapshot.get(tree.baseKey));
    }
    this.#usersParent = snapshot.get(tree.key(tree.usersDn))!;
    this.#groupsParent = snapshot.get(tree.key(tree.groupsDn))!;
  }

  get userCount(): number {
    return this.#users.size;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** The user names there are, as the database spells them. */
  usernames(): string[] {
    return [...this.#users.keys()];
  }

  /** The stored hash as of the last refresh; undefined where none is kept or none is there. */
  password(username: string): string | undefined {
    return this.#users.get(username)?.password;
  }

  /** Reads everything and puts in what has changed. @throws SourceError, and then nothing has changed. */
  async pass(source: Source, signal?: AbortSignal): Promise<PassResult> {
    const pass = ++this.#pass;
    const skipped: SkippedRow[] = [];
    const users = await this.#readUsers(source, pass, skipped, signal);
    const groups = await this.#readGroups(source, skipped, signal);
    const removed = await this.#usersNotSeen(pass);
    const members = await this.#readMembers(source, groups, users, removed, signal);
    const changed = await this.#apply(users, removed, groups, members, pass);
    this.snapshot.compact();
    return { users: this.#users.size, groups: this.#groups.size, changed, skipped };
  }

  /** Serves a user that was found outside a pass, with its groups as the database gives them, at once. */
  addUser(user: User, groupNames: readonly string[]): void {
    const groups = groupNames.filter((name) => this.#groups.has(name)).sort();
    this.#putUser(user, 0, groups, this.#pass);
    for (const name of groups) {
      const group = this.#groups.get(name)!;
      if (group.memberUids.includes(user.username)) continue;
      this.#putGroup(
        { name, gidNumber: group.gidNumber },
        {
          memberUids: [...group.memberUids, user.username].sort(),
          memberDns: [...group.memberDns, this.#options.tree.userDn(user.username)].sort(),
        },
        group.fingerprint,
        {},
      );
    }
    this.#putPrivateGroup(user.gidNumber);
  }

  /** Users whose row is new or has changed, with the row's fingerprint. */
  async #readUsers(
    source: Source,
    pass: number,
    skipped: SkippedRow[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, { user: User; fingerprint: number }>> {
    const { tree, keepPasswords } = this.#options;
    const changed = new Map<string, { user: User; fingerprint: number }>();
    const changedKeys = new Set<string>();
    const slice = new TimeSlice();
    for await (const rows of source.users(signal)) {
      for (const row of rows) {
        if (slice.over) await slice.next();
        const print = fingerprint(row, keepPasswords ? undefined : "password");
        const record = this.#users.get(String(row["username"]));
        const isKnown = record !== undefined && record.fingerprint === print && record.pass !== pass;
        if (isKnown && !changedKeys.has(record.entry.key)) {
          record.pass = pass;
          continue;
        }
        const parsed = parseUser(row);
        if ("skip" in parsed) {
          skipped.push({ kind: "user", name: nameOf(row["username"]), reason: parsed.skip });
          continue;
        }
        const { user } = parsed;
        if (!user.active) continue;
        const key = tree.key(tree.userDn(user.username));
        const holder = this.#users.get(user.username);
        if (changedKeys.has(key) || (this.#holderOf(key, pass) && holder?.pass !== pass) || holder?.pass === pass) {
          skipped.push({
            kind: "user",
            name: user.username,
            reason: "Another row has the same username; give each its own.",
          });
          continue;
        }
        if (record) record.pass = pass;
        changedKeys.add(key);
        if (user.password !== undefined) this.#options.observePassword(user.password);
        changed.set(user.username, { user, fingerprint: print });
      }
    }
    return changed;
  }

  /** Whether a user that this pass has seen already is served under the normalized DN. */
  #holderOf(key: string, pass: number): boolean {
    const uid = this.snapshot.get(key)?.texts("uid")[0];
    return uid !== undefined && this.#users.get(uid)?.pass === pass;
  }

  async #readGroups(
    source: Source,
    skipped: SkippedRow[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, FoundGroup>> {
    const { tree } = this.#options;
    const found = new Map<string, FoundGroup>();
    const keys = new Set<string>();
    const slice = new TimeSlice();
    for await (const rows of source.groups(signal)) {
      for (const row of rows) {
        if (slice.over) await slice.next();
        const parsed = parseGroup(row);
        if ("skip" in parsed) {
          skipped.push({ kind: "group", name: nameOf(row["name"]), reason: parsed.skip });
          continue;
        }
        const key = tree.key(tree.groupDn(parsed.group.name));
        if (keys.has(key)) {
          skipped.push({
            kind: "group",
            name: parsed.group.name,
            reason: "Another row has the same name; give each its own.",
          });
          continue;
        }
        keys.add(key);
        found.set(parsed.group.name, { group: parsed.group, fingerprint: fingerprint(row) });
      }
    }
    return found;
  }

  async #usersNotSeen(pass: number): Promise<UserRecord[]> {
    const removed: UserRecord[] = [];
    const slice = new TimeSlice();
    for (const record of this.#users.values()) {
      if (record.pass !== pass) removed.push(record);
      if (slice.over) await slice.next();
    }
    return removed;
  }

  /** The names of each group's effective members, sorted, from memberships, the groups' own columns, and nested groups. */
  async #readMembers(
    source: Source,
    groups: ReadonlyMap<string, FoundGroup>,
    changed: ReadonlyMap<string, unknown>,
    removed: readonly UserRecord[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, readonly string[]>> {
    const gone = new Set(removed.map((record) => record.username));
    const isServed = (username: string) => changed.has(username) || (this.#users.has(username) && !gone.has(username));
    const usernames = [...this.#users.keys(), ...changed.keys()].filter(isServed);
    const direct = new Map<string, Set<string>>([...groups.keys()].map((name) => [name, new Set()]));
    const slice = new TimeSlice();
    for await (const memberships of source.memberships([...new Set(usernames)], signal)) {
      for (const { username, groupName } of memberships) {
        if (isServed(username)) direct.get(groupName)?.add(username);
        if (slice.over) await slice.next();
      }
    }
    const byKey = this.#usernameByDn(usernames, groups);
    for (const { group } of groups.values()) {
      const members = direct.get(group.name)!;
      for (const uid of group.memberUids) if (isServed(uid)) members.add(uid);
      for (const dn of group.memberDns) {
        const username = byKey(dn);
        if (username !== undefined) members.add(username);
      }
      if (slice.over) await slice.next();
    }
    const nested = new Map([...groups.values()].map(({ group }) => [group.name, group.memberGroups]));
    return effectiveMembers(direct, nested);
  }

  /** Finds a served user by a DN that a group's row gives; builds its table only when some row gives one. */
  #usernameByDn(
    usernames: readonly string[],
    groups: ReadonlyMap<string, FoundGroup>,
  ): (dn: string) => string | undefined {
    const { tree } = this.#options;
    const anyDn = [...groups.values()].some(({ group }) => group.memberDns.length > 0);
    const byKey = new Map(anyDn ? usernames.map((username) => [tree.key(tree.userDn(username)), username]) : []);
    return (dn) => {
      try {
        return byKey.get(tree.key(dn));
      } catch {
        return undefined;
      }
    };
  }

  async #apply(
    users: ReadonlyMap<string, { user: User; fingerprint: number }>,
    removed: readonly UserRecord[],
    groups: ReadonlyMap<string, FoundGroup>,
    members: ReadonlyMap<string, readonly string[]>,
    pass: number,
  ): Promise<number> {
    const { tree } = this.#options;
    const slice = new TimeSlice();
    const gidNumbers = new Set<number>();
    const groupsOf = await this.#changedMemberships(members, slice);
    let changed = 0;

    for (const [name, record] of this.#groups) {
      if (groups.has(name)) continue;
      gidNumbers.add(record.gidNumber);
      this.#removePrivateGroupAt(record.gidNumber);
      this.snapshot.remove(record.entry);
      this.#groups.delete(name);
      changed++;
    }
    for (const record of removed) {
      gidNumbers.add(record.gidNumber);
      this.#removeUser(record);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const { user, fingerprint: print } of users.values()) {
      const before = this.#users.get(user.username);
      if (before) gidNumbers.add(before.gidNumber);
      gidNumbers.add(user.gidNumber);
      this.#putUser(user, print, groupsOf.get(user.username) ?? before?.groups ?? noNames, pass);
      groupsOf.delete(user.username);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const [username, names] of groupsOf) {
      const record = this.#users.get(username);
      if (!record) continue;
      record.groups = names;
      this.#putMemberOf(record);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const { group, fingerprint: print } of groups.values()) {
      const memberUids = members.get(group.name) ?? noNames;
      const before = this.#groups.get(group.name);
      if (before && before.fingerprint === print && sameNames(before.memberUids, memberUids)) continue;
      if (before) gidNumbers.add(before.gidNumber);
      gidNumbers.add(group.gidNumber);
      this.#removePrivateGroupNamed(group.name);
      this.#putGroup(group, { memberUids, memberDns: memberUids.map((uid) => tree.userDn(uid)) }, print, group);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const gidNumber of gidNumbers) {
      if (this.#putPrivateGroup(gidNumber)) changed++;
      if (slice.over) await slice.next();
    }
    return changed;
  }

  /** The new group lists of users whose groups differ from what they were. */
  async #changedMemberships(
    members: ReadonlyMap<string, readonly string[]>,
    slice: TimeSlice,
  ): Promise<Map<string, readonly string[]>> {
    const now = new Map<string, string[]>();
    for (const name of [...members.keys()].sort()) {
      for (const username of members.get(name)!) {
        const names = now.get(username);
        if (names) names.push(name);
        else now.set(username, [name]);
      }
      if (slice.over) await slice.next();
    }
    const changed = new Map<string, readonly string[]>();
    for (const [username, names] of now) {
      const before = this.#users.get(username)?.groups;
      if (!before || !sameNames(before, names)) changed.set(username, names);
      if (slice.over) await slice.next();
    }
    for (const record of this.#users.values()) {
      if (record.groups.length > 0 && !now.has(record.username)) changed.set(record.username, noNames);
      if (slice.over) await slice.next();
    }
    return changed;
  }

  #putUser(user: User, print: number, groups: readonly string[], pass: number): void {
    const { tree, defaults, keepPasswords } = this.#options;
    const before = this.#users.get(user.username);
    const entry = this.snapshot.put(
      userEntry(tree, user, defaults, { memberOf: this.#groupDns(groups), ...this.#times(before?.entry, user) }),
      this.#usersParent,
    );
    this.#users.set(user.username, {
      entry,
      username: user.username,
      fingerprint: print,
      gidNumber: user.gidNumber,
      groups,
      password: keepPasswords ? user.password : undefined,
      pass,
    });
  }

  #removeUser(record: UserRecord): void {
    this.#removePrivateGroupAt(record.gidNumber);
    this.snapshot.remove(record.entry);
    this.#users.delete(record.username);
  }

  /** Gives a user's entry its new memberOf; everything else stays as it is encoded. */
  #putMemberOf(record: UserRecord): void {
    const content = contentOf(record.entry);
    const operational = content.operational.filter(([type]) => type !== "memberOf" && type !== "modifyTimestamp");
    const memberOf = this.#groupDns(record.groups);
    this.snapshot.put(
      {
        ...content,
        operational: [
          ...operational,
          ["modifyTimestamp", [generalizedTime(new Date(this.#options.now()))]],
          ...(memberOf.length > 0 ? [["memberOf", memberOf] as const] : []),
        ],
      },
      this.#usersParent,
    );
  }

  #putGroup(
    group: { name: string; gidNumber: number },
    members: { memberUids: readonly string[]; memberDns: readonly string[] },
    print: number,
    data: { createdAt?: Date; updatedAt?: Date },
  ): void {
    const before = this.#groups.get(group.name);
    const entry = this.snapshot.put(
      groupEntry(this.#options.tree, group, members, this.#times(before?.entry, data)),
      this.#groupsParent,
    );
    const { name, gidNumber } = group;
    this.#groups.set(name, { entry, name, gidNumber, ...members, fingerprint: print });
  }

  /** Puts, replaces or removes the private group of a group number, as the data now asks for. Whether it changed. */
  #putPrivateGroup(gidNumber: number): boolean {
    const before = this.#privateGroups.get(gidNumber);
    const username = this.#privateGroupOwner(gidNumber);
    if (before?.username === username) return false;
    this.#removePrivateGroupAt(gidNumber);
    if (username !== undefined) {
      const times = this.#times(undefined, {});
      const content = privateGroupEntry(this.#options.tree, { username, gidNumber }, times);
      if (this.snapshot.get(this.#options.tree.key(content.dn))) return before !== undefined;
      this.#privateGroups.set(gidNumber, { entry: this.snapshot.put(content, this.#groupsParent), username });
    }
    return true;
  }

  /** The first user, by name, whose primary group is a number that no group has. */
  #privateGroupOwner(gidNumber: number): string | undefined {
    let first: string | undefined;
    for (const entry of this.snapshot.index("gidnumber")!.entries(String(gidNumber))) {
      const uid = entry.texts("uid")[0];
      if (uid === undefined) {
        if (this.#privateGroups.get(gidNumber)?.entry !== entry) return undefined;
      } else if (first === undefined || uid < first) first = uid;
    }
    return first;
  }

  #removePrivateGroupAt(gidNumber: number): void {
    const present = this.#privateGroups.get(gidNumber);
    if (!present) return;
    this.snapshot.remove(present.entry);
    this.#privateGroups.delete(gidNumber);
  }

  /** Makes room for a group of the data that has a private group's name. */
  #removePrivateGroupNamed(name: string): void {
    if (this.#groups.has(name)) return;
    const entry = this.snapshot.get(this.#options.tree.key(this.#options.tree.groupDn(name)));
    const gidNumber = entry && Number(entry.texts("gidnumber")[0]);
    if (gidNumber !== undefined && this.#privateGroups.get(gidNumber)?.entry === entry)
      this.#removePrivateGroupAt(gidNumber);
  }

  #groupDns(names: readonly string[]): string[] {
    return names.map((name) => this.#options.tree.groupDn(name));
  }

  /** The row's own times, else when this gateway first saw the entry and when it last saw it change. */
  #times(before: Entry | undefined, data: { createdAt?: Date; updatedAt?: Date }): Timestamps {
    const now = generalizedTime(new Date(this.#options.now()));
    const created = data.createdAt && generalizedTime(data.createdAt);
    return {
      createTimestamp: created ?? before?.texts("createtimestamp")[0] ?? now,
      modifyTimestamp: data.updatedAt ? generalizedTime(data.updatedAt) : now,
    };
  }
}

/** An entry's content, read back from its encoding. */
function contentOf(entry: Entry): EntryContent {
  const { types, userTypes } = entry.shape;
  const attributes = types.map((type, position) => [type, entry.textsAt(position)] as const);
  return { dn: entry.dn, attributes: attributes.slice(0, userTypes), operational: attributes.slice(userTypes) };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function nameOf(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : "(without a name)";
}
