/**
 * Private groups: where users have a primary group number that no group has, the first of them by name stands in with a
 * group of their own name, as the system before did. Without it `id` shows a bare number.
 */
import type { Entry } from "../snapshot/entry.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { TimeSlice } from "../time-slice.ts";
import { privateGroupEntry } from "../tree/group-entry.ts";
import type { Timestamps, Tree } from "../tree/tree.ts";

export class PrivateGroups {
  readonly #snapshot: Snapshot;
  readonly #tree: Tree;
  readonly #now: () => Timestamps;
  readonly #byGidNumber = new Map<number, { readonly entry: Entry; readonly username: string }>();
  /** How many groups of the data have a number. */
  readonly #taken = new Map<number, number>();

  constructor(snapshot: Snapshot, tree: Tree, now: () => Timestamps) {
    this.#snapshot = snapshot;
    this.#tree = tree;
    this.#now = now;
  }

  /** A group of the data has this number now. */
  take(gidNumber: number): void {
    this.#taken.set(gidNumber, (this.#taken.get(gidNumber) ?? 0) + 1);
  }

  /** A group of the data no longer has this number. */
  release(gidNumber: number): void {
    const left = this.#taken.get(gidNumber)! - 1;
    if (left > 0) this.#taken.set(gidNumber, left);
    else this.#taken.delete(gidNumber);
  }

  /** Removes the private group of a number, if there is one: its user or the number is about to change. */
  remove(gidNumber: number): void {
    const present = this.#byGidNumber.get(gidNumber);
    if (!present) return;
    this.#snapshot.remove(present.entry);
    this.#byGidNumber.delete(gidNumber);
  }

  /** Makes room for a group of the data that has a private group's name. */
  removeNamed(name: string): void {
    const entry = this.#snapshot.get(this.#tree.key(this.#tree.groupDn(name)));
    const gidNumber = Number(entry?.texts("gidnumber")[0]);
    if (entry && this.#byGidNumber.get(gidNumber)?.entry === entry) this.remove(gidNumber);
  }

  /** Puts, replaces or removes the private group of a number, as the entries now ask for. Whether it changed. */
  async refresh(gidNumber: number, slice: TimeSlice): Promise<boolean> {
    const username = this.#taken.has(gidNumber) ? undefined : await this.#firstUser(gidNumber, slice);
    return this.#give(gidNumber, username);
  }

  /** The same, when all that is new is this user. */
  add(gidNumber: number, username: string): void {
    if (this.#taken.has(gidNumber)) return;
    const present = this.#byGidNumber.get(gidNumber);
    if (!present || username < present.username) this.#give(gidNumber, username);
  }

  #give(gidNumber: number, username: string | undefined): boolean {
    const before = this.#byGidNumber.get(gidNumber);
    if (before?.username === username) return false;
    this.remove(gidNumber);
    if (username === undefined) return true;
    const content = privateGroupEntry(this.#tree, { username, gidNumber }, this.#now());
    // A group of the data has the name: its members are nobody's business but its own.
    if (this.#snapshot.get(this.#tree.key(content.dn))) return before !== undefined;
    const parent = this.#snapshot.get(this.#tree.key(this.#tree.groupsDn));
    this.#byGidNumber.set(gidNumber, { entry: this.#snapshot.put(content, parent), username });
    return true;
  }

  async #firstUser(gidNumber: number, slice: TimeSlice): Promise<string | undefined> {
    let first: string | undefined;
    for (const entry of this.#snapshot.index("gidnumber")!.entries(String(gidNumber))) {
      const [username] = entry.texts("uid");
      if (username !== undefined && (first === undefined || username < first)) first = username;
      if (slice.over) await slice.next();
    }
    return first;
  }
}
