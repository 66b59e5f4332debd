/** One entry as it is served: its encoding, and what searches need to know of it without reading that. */
import type { Shape } from "./shape.ts";
import type { Place, Slab } from "./slab.ts";
import { contentsStart, readLength, skipTlv } from "./tlv.ts";

/** Where an entry's bytes are and how they are laid out. */
export interface Encoding {
  readonly slab: Slab;
  readonly start: number;
  readonly shape: Shape;
  /** Octets of the SearchResultEntry with all user attributes. */
  readonly userOctets: number;
  /** Octets in all, operational attributes included. */
  readonly octets: number;
}

export class Entry implements Encoding {
  /** The normalized DN: identity, and the order of enumeration. */
  readonly key: string;
  readonly parent: Entry | undefined;
  slab!: Slab;
  start!: number;
  shape!: Shape;
  userOctets!: number;
  octets!: number;

  constructor(key: string, parent: Entry | undefined, encoding: Encoding) {
    this.key = key;
    this.parent = parent;
    this.become(encoding);
  }

  /** Takes a new content on. */
  become(encoding: Encoding): void {
    this.slab = encoding.slab;
    this.start = encoding.start;
    this.shape = encoding.shape;
    this.userOctets = encoding.userOctets;
    this.octets = encoding.octets;
  }

  move(place: Place): void {
    this.slab = place.slab;
    this.start = place.start;
  }

  /** The DN as served. */
  get dn(): string {
    const { bytes } = this.slab;
    const name = contentsStart(bytes, this.start);
    const text = contentsStart(bytes, name);
    return bytes.toString("utf8", text, text + readLength(bytes, name));
  }

  /** The values of the attribute at `position` of the shape: views into the entry's memory. */
  valuesAt(position: number): Uint8Array[] {
    const { view } = this.slab;
    return this.#eachValueAt(position, (_, start, end) => view.subarray(start, end));
  }

  /** The text values of an attribute by its canonical key; empty when the entry does not have it. */
  texts(key: string): string[] {
    const position = this.shape.positions.get(key);
    return position === undefined ? [] : this.textsAt(position);
  }

  textsAt(position: number): string[] {
    return this.#eachValueAt(position, (bytes, start, end) => bytes.toString("utf8", start, end));
  }

  #eachValueAt<T>(position: number, read: (bytes: Buffer, start: number, end: number) => T): T[] {
    const { bytes } = this.slab;
    const set = skipTlv(bytes, contentsStart(bytes, this.attributeStart(position)));
    const end = skipTlv(bytes, set);
    const values: T[] = [];
    for (let at = contentsStart(bytes, set); at < end; ) {
      const next = skipTlv(bytes, at);
      values.push(read(bytes, contentsStart(bytes, at), next));
      at = next;
    }
    return values;
  }

  /** Where the PartialAttribute at `position` of the shape starts. */
  attributeStart(position: number): number {
    const { bytes } = this.slab;
    let at = this.start;
    let from = 0;
    if (position < this.shape.userTypes) {
      const name = contentsStart(bytes, at);
      at = contentsStart(bytes, skipTlv(bytes, name));
    } else {
      at += this.userOctets;
      from = this.shape.userTypes;
    }
    for (let i = from; i < position; i++) at = skipTlv(bytes, at);
    return at;
  }

  /** Whether this entry is `base` or stands below it. */
  isWithin(base: Entry): boolean {
    for (let entry: Entry | undefined = this; entry; entry = entry.parent) if (entry === base) return true;
    return false;
  }
}
