/** One attribute's index: which entries hold a value, by the value as the attribute's equality rule normalizes it. */
import type { Entry } from "./entry.ts";
import { OrderedSet } from "./ordered-set.ts";

/** A lone entry stands for itself: most values are held by one entry, and a collection for each would cost 100 octets. */
type Postings = Entry | Set<Entry>;

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
    else if (present !== entry) this.#postings.set(value, new Set([present, entry]));
  }

  remove(value: string, entry: Entry): void {
    const present = this.#postings.get(value);
    if (present instanceof Set) {
      present.delete(entry);
      if (present.size > 0) return;
    } else if (present !== entry) return;
    this.#postings.delete(value);
    this.ordered?.delete(value);
  }

  /** The only entry that holds the value, or undefined when none or several do. */
  one(value: string): Entry | undefined {
    const present = this.#postings.get(value);
    return present instanceof Set ? undefined : present;
  }

  count(value: string): number {
    const present = this.#postings.get(value);
    return present === undefined ? 0 : present instanceof Set ? present.size : 1;
  }

  /** The entries that hold the value; a copy, so that a refresh in between does not disturb its reader. */
  entries(value: string): Entry[] {
    const present = this.#postings.get(value);
    return present === undefined ? [] : present instanceof Set ? [...present] : [present];
  }
}
