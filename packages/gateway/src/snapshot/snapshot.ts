/**
 * The directory in memory: every entry encoded once, found by DN, by indexed values, or in the order of DNs. A refresh
 * changes entries in place, each at once; a reader that pauses keeps the array it has, and sees an entry as it now is.
 */
import { type AttributeType, normalizeDn, type Schema } from "@espalier/ldap";
import { TimeSlice } from "../time-slice.ts";
import type { EntryContent } from "../tree/entry-content.ts";
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
  readonly holdsDns: boolean;
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
        holdsDns: attribute.equality?.name === "distinguishedNameMatch",
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
    const shape = this.#shapes.shapeOf(content);
    const encoding = { ...place, shape, userOctets: userEnd, octets: bytes.length };
    const present = this.#byKey.get(key);
    if (present) {
      const before = this.#indexedTexts(present);
      this.#slabs.release(present.slab, present.octets);
      present.become(encoding);
      this.#reindex(present, before, content);
      return present;
    }
    const entry = new Entry(key, parent, encoding);
    this.#byKey.set(key, entry);
    this.#ordered.add(entry);
    this.#reindex(entry, noTexts, content);
    return entry;
  }

  remove(entry: Entry): void {
    this.#reindex(entry, this.#indexedTexts(entry), undefined);
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

  /** An entry's values by the key of their index. */
  #indexedTexts(entry: Entry): ReadonlyMap<string, readonly string[]> {
    const texts = new Map<string, readonly string[]>();
    for (const key of this.#indexes.keys()) {
      const values = entry.texts(key);
      if (values.length > 0) texts.set(key, values);
    }
    return texts;
  }

  /**
   * Takes an entry's values over into the indexes: those before out, those of `content` in. Only what differs is
   * normalized: in a group of a hundred thousand members, one that joins is one DN to normalize.
   */
  #reindex(entry: Entry, before: ReadonlyMap<string, readonly string[]>, content: EntryContent | undefined): void {
    const positions = content && entry.shape.positions;
    for (const { key, index, holdsDns, normalize } of this.#indexes.values()) {
      const old = before.get(key) ?? noValues;
      const position = positions?.get(key);
      const now = position === undefined ? noValues : valuesAt(content!, position);
      for (const text of without(old, now)) {
        const value = normalize(text);
        if (value !== undefined) index.remove(value, entry);
      }
      for (const text of without(now, old)) {
        const value = normalize(text);
        if (value === undefined) continue;
        // A DN that is another entry's is kept as that entry's string, not as a copy of it.
        index.add(holdsDns ? (this.#byKey.get(value)?.key ?? value) : value, entry);
      }
    }
  }
}

const noValues: readonly string[] = [];
const noTexts: ReadonlyMap<string, readonly string[]> = new Map();

/** The values at a position of the content's shape. */
function valuesAt({ attributes, operational }: EntryContent, position: number): readonly string[] {
  return (position < attributes.length ? attributes[position] : operational[position - attributes.length])![1];
}

/** What of `texts` is not among `others`. */
function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  if (others.length === 0 || texts.length === 0) return texts;
  if (others.length === 1) return texts.filter((text) => text !== others[0]);
  const among = new Set(others);
  return texts.filter((text) => !among.has(text));
}

const utf8 = new TextEncoder();
/** Texts are normalized one after the other; a buffer for each would leave a million of them to the garbage collector. */
let scratch = new Uint8Array(4096);

function normalizerFor(attribute: AttributeType): (text: string) => string | undefined {
  const rule = attribute.equality!;
  return (text) => {
    if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
    return rule.normalize(scratch.subarray(0, utf8.encodeInto(text, scratch).written));
  };
}

/** The order of normalized values: numbers by size, everything else by code unit. */
function compareFor(attribute: AttributeType): (a: string, b: string) => number {
  if (attribute.equality?.name === "integerMatch") return (a, b) => Number(a) - Number(b);
  return (a, b) => (a < b ? -1 : a > b ? 1 : 0);
}
