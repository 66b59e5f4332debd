/**
 * A set kept in order, read as an array that never changes under its reader. Changes are collected and merged in when
 * somebody next looks: a refresh with a hundred changes costs one pass over the array, not a hundred.
 */
import { sortInSlices } from "./sort-in-slices.ts";

export class OrderedSet<T> {
  #items: readonly T[] = [];
  /** What a first load adds: a list as long as nothing is deleted from it, at a fraction of a set's time and memory. */
  #loaded: T[] | undefined = [];
  readonly #added = new Set<T>();
  readonly #deleted = new Set<T>();
  readonly #compare: (a: T, b: T) => number;
  #changes = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Adds an item that is not in the set. */
  add(item: T): void {
    this.#changes++;
    if (this.#loaded !== undefined) this.#loaded.push(item);
    else if (!this.#deleted.delete(item)) this.#added.add(item);
  }

  /** Deletes an item that is in the set. */
  delete(item: T): void {
    this.#changes++;
    this.#endLoad();
    if (!this.#added.delete(item)) this.#deleted.add(item);
  }

  /**
   * Puts what a first load has added in order without holding the event loop for longer than a slice. Where the set is
   * changed or read meanwhile, that is left to whoever reads it next.
   */
  async settle(): Promise<void> {
    if (this.#loaded === undefined) return;
    const changes = this.#changes;
    const sorted = await sortInSlices(this.#loaded, this.#compare);
    if (changes !== this.#changes || this.#loaded === undefined) return;
    this.#loaded = undefined;
    this.#items = sorted;
  }

  items(): readonly T[] {
    this.#endLoad();
    if (this.#added.size > 0 || this.#deleted.size > 0) {
      const kept = this.#deleted.size > 0 ? this.#items.filter((item) => !this.#deleted.has(item)) : this.#items;
      this.#items = mergeSorted(kept, [...this.#added].sort(this.#compare), this.#compare);
      this.#added.clear();
      this.#deleted.clear();
    }
    return this.#items;
  }

  #endLoad(): void {
    if (this.#loaded === undefined) return;
    for (const item of this.#loaded) this.#added.add(item);
    this.#loaded = undefined;
  }

  /** The position in {@link items} of the first that `isBefore` does not place before what is looked for. */
  position(isBefore: (item: T) => boolean): number {
    const items = this.items();
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(items[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function mergeSorted<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  if (b.length === 0) return a;
  const merged: T[] = new Array(a.length + b.length);
  for (let i = 0, j = 0, to = 0; to < merged.length; to++) {
    merged[to] = j >= b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0) ? a[i++]! : b[j++]!;
  }
  return merged;
}
