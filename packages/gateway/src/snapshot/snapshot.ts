/**
 * The directory in memory: every entry encoded once, found by DN, by indexed values, or in the order of DNs. A refresh
 * changes entries in place, each at once; a reader that pauses keeps the array it has, and sees an entry as it now is.
 */
import { type AttributeType, normalizeDn, type Schema } from "@espalier/ldap";
import type { EntryContent } from "../tree/entry-content.ts";
import { TimeSlice } from "../refresh/time-slice.ts";
import { encodeEntry } from "./encode-entry.ts";
import { Entry } from "./entry.ts";
import { EqualityIndex } from "./equality-index.ts";
import { OrderedSet } from "./ordered-set.ts";
import { ShapeTable } from "./shape.ts";
import { SlabStore } from "./slab.ts";

/** What is indexed by value, and of that what also by order: prefixes of text, ranges of numbers. */
const indexed: readonly { type: string; ordered: boolean }[] = [
  { type: "uid", ordered: true },
  { type: "cn", ordered: true },
  { type: "mail", ordered: true },
  { type: "uidNumber", ordered: true },
  { type: "gidNumber", ordered: true },
  { type: "memberUid", ordered: false },
  { type: "member", ordered: false },
  { type: "memberOf", ordered: false },
  { type: "entryUUID", ordered: false },
];

interface Indexed {
  readonly key: string;
  readonly index: EqualityIndex;
  normalize(text: string): string | undefined;
}

export class Snapshot {
  readonly schema: Schema;
  readonly #byKey = new Map<string, Entry>();
  readonly #ordered = new OrderedSet<Entry>((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  readonly #slabs = new SlabStore();
  readonly #shapes: ShapeTable;
  readonly #indexes = new Map<string, Indexed>();

  constructor(schema: Schema) {
    this.schema = schema;
    this.#shapes = new ShapeTable((type) => schema.attribute(type)?.key ?? type.toLowerCase());
    for (const { type, ordered } of indexed) {
      const attribute = schema.attribute(type)!;
      this.#indexes.set(attribute.key, {
        key: attribute.key,
        index: new EqualityIndex(ordered ? compareFor(attribute) : undefined),
        normalize: normalizerFor(attribute),
      });
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Octets that encoded entries take, free room included. */
  get octets(): number {
    return this.#slabs.octets;
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  /** The index of an attribute by its canonical key, where there is one. */
  index(key: string): EqualityIndex | undefined {
    return this.#indexes.get(key)?.index;
  }

  /** Every entry in the order of normalized DNs; the array stays as it is while the snapshot changes. */
  entries(): readonly Entry[] {
    return this.#ordered.items();
  }

  /** The position in {@link entries} of the first entry behind the normalized DN `key`. */
  positionAfter(key: string): number {
    return this.#ordered.position((entry) => entry.key <= key);
  }

  /** Adds the entry, or gives the one with its DN this content. */
  put(content: EntryContent, parent: Entry | undefined): Entry {
    const key = normalizeDn(content.dn, this.schema);
    const { bytes, userEnd } = encodeEntry(content);
    const place = this.#slabs.store(bytes);
    const encoding = { ...place, shape: this.#shapes.shapeOf(content), userOctets: userEnd, octets: bytes.length };
    const present = this.#byKey.get(key);
    if (present) {
      const before = this.#indexValues(present);
      this.#slabs.release(present.slab, present.octets);
      present.become(encoding);
      this.#reindex(present, before);
      return present;
    }
    const entry = new Entry(key, parent, encoding);
    this.#byKey.set(key, entry);
    this.#ordered.add(entry);
    this.#reindex(entry, new Map());
    return entry;
  }

  remove(entry: Entry): void {
    for (const [key, values] of this.#indexValues(entry)) {
      for (const value of values) this.#indexes.get(key)!.index.remove(value, entry);
    }
    this.#slabs.release(entry.slab, entry.octets);
    this.#byKey.delete(entry.key);
    this.#ordered.delete(entry);
  }

  /** After a first load: puts everything in order without holding the event loop. */
  async settle(): Promise<void> {
    await this.#ordered.settle();
    for (const { index } of this.#indexes.values()) await index.ordered?.settle();
  }

  /** Moves what is left in slabs that are mostly dead, so that their memory can go. */
  async compact(): Promise<void> {
    if (!this.#slabs.hasSparse()) return;
    const slice = new TimeSlice();
    for (const entry of this.#byKey.values()) {
      if (slice.over) await slice.next();
      const { slab, start, octets } = entry;
      if (!this.#slabs.isSparse(slab)) continue;
      entry.move(this.#slabs.store(slab.bytes.subarray(start, start + octets)));
      this.#slabs.release(slab, octets);
    }
  }

  #indexValues(entry: Entry): Map<string, Set<string>> {
    const values = new Map<string, Set<string>>();
    for (const { key, normalize } of this.#indexes.values()) {
      const texts = entry.texts(key);
      if (texts.length === 0) continue;
      values.set(key, new Set(texts.map(normalize).filter((value) => value !== undefined)));
    }
    return values;
  }

  #reindex(entry: Entry, before: Map<string, Set<string>>): void {
    const after = this.#indexValues(entry);
    for (const { key, index } of this.#indexes.values()) {
      const [old, now] = [before.get(key), after.get(key)];
      if (old) for (const value of old) if (!now?.has(value)) index.remove(value, entry);
      if (now) for (const value of now) if (!old?.has(value)) index.add(value, entry);
    }
  }
}

const utf8 = new TextEncoder();

function normalizerFor(attribute: AttributeType): (text: string) => string | undefined {
  const rule = attribute.equality!;
  return (text) => rule.normalize(utf8.encode(text));
}

/** The order of normalized values: numbers by size, everything else by code unit. */
function compareFor(attribute: AttributeType): (a: string, b: string) => number {
  if (attribute.equality?.name === "integerMatch") return (a, b) => Number(a) - Number(b);
  return (a, b) => (a < b ? -1 : a > b ? 1 : 0);
}
