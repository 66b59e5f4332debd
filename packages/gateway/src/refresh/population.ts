/**
 * The users and groups that are served, and how what a pass has read becomes entries: users, groups, who is in which, and
 * private groups. Changes are applied one entry after the other, while searches go on.
 */
import type { Credentials } from "../bind/credentials.ts";
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Source, User } from "../source/source.ts";
import { TimeSlice } from "../time-slice.ts";
import type { EntryContent } from "../tree/entry-content.ts";
import { groupEntry } from "../tree/group-entry.ts";
import { fixedEntries, generalizedTime, type Timestamps, type Tree } from "../tree/tree.ts";
import { type UserDefaults, userEntry } from "../tree/user-entry.ts";
import { PrivateGroups } from "./private-groups.ts";
import { type Reading, readRows } from "./reading.ts";
import type { GroupRecord, SkippedRow, UserRecord } from "./records.ts";

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
  /** What to keep in memory of a user for binds that are verified without the database. Without it nothing is kept. */
  readonly credentialsToKeep: ((user: User) => Credentials | undefined) | undefined;
  /** Told each new or changed row's hash, to learn which schemes there are. */
  readonly observePassword: (stored: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const noNames: readonly string[] = [];

export class Population {
  readonly snapshot: Snapshot;
  readonly #options: PopulationOptions;
  readonly #users = new Map<string, UserRecord>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #privateGroups: PrivateGroups;
  readonly #usersParent: Entry;
  readonly #groupsParent: Entry;
  /** Group numbers of users that were replaced outside a pass: the next one looks whose private group they are. */
  readonly #unsettled = new Set<number>();
  #pass = 0;
  #second = Number.NaN;
  #secondText = "";

  constructor(snapshot: Snapshot, options: PopulationOptions) {
    this.snapshot = snapshot;
    this.#options = options;
    const { tree } = options;
    for (const content of fixedEntries(tree, this.#times(undefined, {}))) {
      snapshot.put(content, snapshot.get(tree.baseKey));
    }
    this.#usersParent = snapshot.get(tree.key(tree.usersDn))!;
    this.#groupsParent = snapshot.get(tree.key(tree.groupsDn))!;
    this.#privateGroups = new PrivateGroups(snapshot, tree, () => this.#times(undefined, {}));
  }

  get userCount(): number {
    return this.#users.size;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** As of the last refresh; undefined where none are kept or they admit nobody. */
  credentials(username: string): Credentials | undefined {
    return this.#users.get(username)?.credentials;
  }

  /** Reads everything and puts in what has changed. @throws SourceError, and then nothing has changed. */
  async pass(source: Source, signal?: AbortSignal): Promise<PassResult> {
    const { tree, credentialsToKeep } = this.#options;
    const pass = ++this.#pass;
    const reading = await readRows({
      source,
      tree,
      pass,
      users: this.#users,
      groups: this.#groups,
      usernameAt: (key) => this.snapshot.get(key)?.texts("uid")[0],
      ignoredColumn: credentialsToKeep ? undefined : "password",
      signal,
    });
    const changed = await this.#apply(reading, pass);
    await this.snapshot.compact();
    return { users: this.#users.size, groups: this.#groups.size, changed, skipped: reading.skipped };
  }

  /**
   * Serves a user that was found outside a pass, with its groups as the database gives them, at once. The next pass reads
   * the row again, whatever it says. Nothing happens where the DN is another user's.
   */
  addUser(user: User, groupNames: readonly string[]): void {
    const { tree } = this.#options;
    const holder = this.snapshot.get(tree.key(tree.userDn(user.username)))?.texts("uid")[0];
    if (holder !== undefined && holder !== user.username) return;
    const before = this.#users.get(user.username);
    if (before) {
      this.#unsettled.add(before.gidNumber);
      this.#removeUser(before);
    }
    const groups = [...new Set(groupNames)].filter((name) => this.#groups.has(name)).sort();
    this.#putUser(user, { groups, fingerprint: undefined, readIn: 0, foundIn: this.#pass });
    for (const name of new Set([...(before?.groups ?? noNames), ...groups])) {
      const group = this.#groups.get(name)!;
      const others = group.memberUids.filter((username) => username !== user.username);
      const members = groups.includes(name) ? [...others, user.username].sort() : others;
      if (!sameNames(group.memberUids, members)) this.#putGroup(group, members, undefined, {});
    }
    this.#privateGroups.add(user.gidNumber, user.username);
  }

  async #apply(reading: Reading, pass: number): Promise<number> {
    const slice = new TimeSlice();
    const groupsOf = await this.#changedMemberships(reading.members, slice);
    /** Numbers whose private group may be another now. */
    const gidNumbers = new Set(this.#unsettled);
    this.#unsettled.clear();
    let changed = 0;
    for (const record of this.#groups.values()) {
      if (reading.groups.has(record.name)) continue;
      this.#removeGroup(record, gidNumbers);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const record of reading.removed) {
      gidNumbers.add(record.gidNumber);
      this.#removeUser(record);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const { user, fingerprint } of reading.users.values()) {
      const before = this.#users.get(user.username);
      if (before && before.gidNumber !== user.gidNumber) {
        // The number that the user moves to can have a private group of this name only when the old one's is gone.
        this.#privateGroups.remove(before.gidNumber);
        gidNumbers.add(before.gidNumber);
      }
      gidNumbers.add(user.gidNumber);
      const groups = groupsOf.get(user.username) ?? before?.groups ?? noNames;
      if (user.password !== undefined) this.#options.observePassword(user.password);
      this.#putUser(user, { groups, fingerprint, readIn: pass, foundIn: undefined });
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
    for (const { group, fingerprint } of reading.groups.values()) {
      const members = reading.members.get(group.name) ?? noNames;
      const before = this.#groups.get(group.name);
      if (before && before.fingerprint === fingerprint && sameNames(before.memberUids, members)) continue;
      if (before) gidNumbers.add(before.gidNumber);
      else this.#privateGroups.removeNamed(group.name);
      gidNumbers.add(group.gidNumber);
      this.#putGroup(group, members, fingerprint, group);
      changed++;
      if (slice.over) await slice.next();
    }
    for (const gidNumber of gidNumbers) {
      if (await this.#privateGroups.refresh(gidNumber, slice)) changed++;
      if (slice.over) await slice.next();
    }
    return changed;
  }

  /** The new group lists of users who have joined or left a group. Most groups are as they were: they cost nothing. */
  async #changedMemberships(
    members: ReadonlyMap<string, readonly string[]>,
    slice: TimeSlice,
  ): Promise<Map<string, readonly string[]>> {
    const groupsOf = new Map<string, Set<string>>();
    const namesOf = (username: string) => {
      const names = groupsOf.get(username) ?? new Set(this.#users.get(username)?.groups);
      groupsOf.set(username, names);
      return names;
    };
    for (const name of new Set([...this.#groups.keys(), ...members.keys()])) {
      const before = this.#groups.get(name)?.memberUids ?? noNames;
      const now = members.get(name) ?? noNames;
      if (before === now) continue;
      const [wereIn, areIn] = [new Set(before), new Set(now)];
      for (const username of before) {
        if (!areIn.has(username)) namesOf(username).delete(name);
        if (slice.over) await slice.next();
      }
      for (const username of now) {
        if (!wereIn.has(username)) namesOf(username).add(name);
        if (slice.over) await slice.next();
      }
    }
    const changed = new Map<string, readonly string[]>();
    for (const [username, names] of groupsOf) {
      changed.set(username, [...names].sort());
      if (slice.over) await slice.next();
    }
    return changed;
  }

  #putUser(user: User, row: Pick<UserRecord, "groups" | "fingerprint" | "readIn" | "foundIn">): void {
    const { tree, defaults, credentialsToKeep } = this.#options;
    const { username, gidNumber } = user;
    const about = { memberOf: this.#groupDns(row.groups), ...this.#times(this.#users.get(username)?.entry, user) };
    const entry = this.snapshot.put(userEntry(tree, user, defaults, about), this.#usersParent);
    this.#users.set(username, { entry, username, gidNumber, credentials: credentialsToKeep?.(user), ...row });
  }

  #removeUser(record: UserRecord): void {
    this.#privateGroups.remove(record.gidNumber);
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
          ["modifyTimestamp", [this.#nowText()]],
          ...(memberOf.length > 0 ? [["memberOf", memberOf] as const] : []),
        ],
      },
      this.#usersParent,
    );
  }

  #putGroup(
    { name, gidNumber }: { readonly name: string; readonly gidNumber: number },
    memberUids: readonly string[],
    fingerprint: number | undefined,
    data: Pick<User, "createdAt" | "updatedAt">,
  ): void {
    const { tree } = this.#options;
    const before = this.#groups.get(name);
    if (before) this.#privateGroups.release(before.gidNumber);
    this.#privateGroups.take(gidNumber);
    const members = { memberUids, memberDns: memberUids.map((uid) => tree.userDn(uid)) };
    const content = groupEntry(tree, { name, gidNumber }, members, this.#times(before?.entry, data));
    this.#groups.set(name, {
      entry: this.snapshot.put(content, this.#groupsParent),
      name,
      gidNumber,
      memberUids,
      fingerprint,
    });
  }

  #removeGroup({ entry, name, gidNumber }: GroupRecord, gidNumbers: Set<number>): void {
    const { tree } = this.#options;
    this.#privateGroups.release(gidNumber);
    this.snapshot.remove(entry);
    this.#groups.delete(name);
    gidNumbers.add(gidNumber);
    // Its name is free for the private group of the user that is called the same.
    const namesake = this.snapshot.get(tree.key(tree.userDn(name)));
    if (namesake) gidNumbers.add(Number(namesake.texts("gidnumber")[0]));
  }

  #groupDns(names: readonly string[]): string[] {
    return names.map((name) => this.#options.tree.groupDn(name));
  }

  /** Now, to the second: a million entries of one load need not write the same text a million times. */
  #nowText(): string {
    const second = Math.floor(this.#options.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = generalizedTime(new Date(second * 1000));
    }
    return this.#secondText;
  }

  /** The row's own times, else when this gateway first saw the entry and when it last saw it change. */
  #times(before: Entry | undefined, data: Pick<User, "createdAt" | "updatedAt">): Timestamps {
    const now = this.#nowText();
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
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}
