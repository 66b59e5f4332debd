/** One attribute's index: which entries hold a value, by the value as the attribute's equality rule normalizes it. */
import type { Entry } from "./entry.ts";
import { OrderedSet } from "./ordered-set.ts";

/**
 * A lone entry stands for itself and a few for an array of them: most values are held by one entry, or by a user's few
 * groups, and a set for each of a million users would cost 200 octets.
 */
export type Postings = Entry | Entry[] | Set<Entry>;

const maxArray = 8;

export class EqualityIndex {
  readonly #postings = new Map<string, Postings>();
  /** The values in order, where the attribute is searched by prefix or range. */
  readonly ordered: OrderedSet<string> | undefined;

  constructor(compare?: (a: string, b: string) => number) {
    this.ordered = compare && new OrderedSet<string>(compare);
  }

  add(value: string, entry: Entry): void {
    const present = this.#postings.get(value);
    if (present === undefined) {
      this.#postings.set(value, entry);
      this.ordered?.add(value);
    } else if (present instanceof Set) present.add(entry);
    else if (Array.isArray(present)) {
      if (present.includes(entry)) return;
      // Push and spread make room for seventeen more.
      const postings = present.concat(entry);
      this.#postings.set(value, postings.length <= maxArray ? postings : new Set(postings));
    } else if (present !== entry) this.#postings.set(value, [present, entry]);
  }

  remove(value: string, entry: Entry): void {
    const present = this.#postings.get(value);
    if (present instanceof Set) {
      present.delete(entry);
      if (present.size > 0) return;
    } else if (Array.isArray(present)) {
      const position = present.indexOf(entry);
      if (position >= 0) present.splice(position, 1);
      if (present.length > 0) return;
    } else if (present !== entry) return;
    this.#postings.delete(value);
    this.ordered?.delete(value);
  }

  /** Who holds the value, for {@link countOf} and {@link entriesOf}. */
  postings(value: string): Postings | undefined {
    return this.#postings.get(value);
  }

  count(value: string): number {
    return countOf(this.postings(value));
  }

  entries(value: string): Entry[] {
    return entriesOf(this.postings(value));
  }
}

export function countOf(postings: Postings | undefined): number {
  if (postings === undefined) return 0;
  return postings instanceof Set ? postings.size : Array.isArray(postings) ? postings.length : 1;
}

/** A copy, so that a refresh in between does not disturb its reader. */
export function entriesOf(postings: Postings | undefined): Entry[] {
  if (postings === undefined) return [];
  return postings instanceof Set || Array.isArray(postings) ? [...postings] : [postings];
}
