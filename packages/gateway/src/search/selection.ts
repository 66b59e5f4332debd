/** Which attributes of an entry are sent. RFC 4511 §4.5.1.8; `+` RFC 3673; `1.1` and `*` RFC 4511. */
import type { Schema } from "@espalier/ldap";
import type { SearchOperation } from "@espalier/ldap/server";
import type { Entry } from "../snapshot/entry.ts";
import type { Shape } from "../snapshot/shape.ts";
import { contentsStart, skipTlv } from "../snapshot/tlv.ts";

/** Positions of a shape's types that are sent, in order; `all` when they are just the user attributes. */
type Positions = readonly number[] | "all";

export class Selection {
  readonly #typesOnly: boolean;
  readonly #allUser: boolean;
  readonly #allOperational: boolean;
  /** Canonical keys of the types that were named, subtypes included. */
  readonly #keys = new Set<string>();
  readonly #byShape = new Map<Shape, Positions>();

  constructor(attributes: readonly string[], typesOnly: boolean, schema: Schema) {
    this.#typesOnly = typesOnly;
    this.#allUser = attributes.length === 0 || attributes.includes("*");
    this.#allOperational = attributes.includes("+");
    for (const name of attributes) {
      for (const type of schema.subtypes(name)) this.#keys.add(type.key);
    }
  }

  send(entry: Entry, operation: SearchOperation): void {
    const positions = this.#positions(entry.shape);
    if (positions === "all" && !this.#typesOnly) {
      operation.encodedEntry(entry.slab.bytes, entry.start, entry.start + entry.userOctets);
      return;
    }
    const end = writeEntry(entry, positions === "all" ? range(entry.shape.userTypes) : positions, this.#typesOnly);
    operation.encodedEntry(scratch, 0, end);
  }

  #positions(shape: Shape): Positions {
    let positions = this.#byShape.get(shape);
    if (positions === undefined) {
      positions = this.#positionsIn(shape);
      this.#byShape.set(shape, positions);
    }
    return positions;
  }

  #positionsIn(shape: Shape): Positions {
    const positions: number[] = [];
    for (const [key, position] of shape.positions) {
      const isUser = position < shape.userTypes;
      if ((isUser ? this.#allUser : this.#allOperational) || this.#keys.has(key)) positions.push(position);
    }
    const onlyUser = positions.length === shape.userTypes && positions.every((position) => position < shape.userTypes);
    return onlyUser ? "all" : positions.sort((a, b) => a - b);
  }
}

/** Selections by what was asked for: clients ask for the same few lists over and over. */
export class SelectionCache {
  readonly #schema: Schema;
  readonly #all: Selection;
  readonly #cache = new Map<string, Selection>();
  /** The one that was asked for last: to compare the names of a list costs a tenth of finding it by them. */
  #last: { readonly attributes: readonly string[]; readonly typesOnly: boolean; readonly selection: Selection };

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#all = new Selection([], false, schema);
    this.#last = { attributes: [], typesOnly: false, selection: this.#all };
  }

  get(attributes: readonly string[], typesOnly: boolean): Selection {
    const last = this.#last;
    if (typesOnly === last.typesOnly && sameNames(attributes, last.attributes)) return last.selection;
    const selection = this.#find(attributes, typesOnly);
    if (attributes.length <= maxRemembered) this.#last = { attributes, typesOnly, selection };
    return selection;
  }

  #find(attributes: readonly string[], typesOnly: boolean): Selection {
    if (attributes.length === 0 && !typesOnly) return this.#all;
    // With the count, no other list has the same id: unless a name has a line end, and such a list is not kept.
    const id = `${typesOnly ? 1 : 0}${attributes.length}\n${attributes.join("\n")}`;
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const selection = new Selection(attributes, typesOnly, this.#schema);
    if (id.length > maxCachedLength || attributes.some((name) => name.includes("\n"))) return selection;
    if (this.#cache.size >= maxCached) this.#cache.clear();
    this.#cache.set(id, selection);
    return selection;
  }
}

const maxCached = 256;
/** Names of the list that is remembered as the last. */
const maxRemembered = 64;
/** Characters of a list; SSSD's has 500, and a stranger may send 64 KiB. */
const maxCachedLength = 4096;

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

let scratch = Buffer.allocUnsafe(64 * 1024);
/** Start and end of each attribute that is copied, in pairs. */
let spans = new Int32Array(128);

/** Writes a SearchResultEntry with the attributes at `positions` to the scratch buffer; returns where it ends. */
function writeEntry(entry: Entry, positions: readonly number[], typesOnly: boolean): number {
  const { bytes } = entry.slab;
  const nameStart = contentsStart(bytes, entry.start);
  const nameEnd = skipTlv(bytes, nameStart);
  const attributeOctets = collectSpans(entry, positions, typesOnly);
  const listOctets = headerOctets(attributeOctets) + attributeOctets;
  const contentOctets = nameEnd - nameStart + listOctets;
  const total = headerOctets(contentOctets) + contentOctets;
  if (scratch.length < total) scratch = Buffer.allocUnsafe(total * 2);
  let at = writeHeader(0, 0x64, contentOctets);
  at = copy(bytes, nameStart, nameEnd, at);
  at = writeHeader(at, 0x30, attributeOctets);
  for (let i = 0; i < positions.length; i++) {
    const start = spans[2 * i]!;
    if (typesOnly) {
      const end = spans[2 * i + 1]!;
      at = writeHeader(at, 0x30, end - start + 2);
      at = copy(bytes, start, end, at);
      at = writeHeader(at, 0x31, 0);
    } else {
      // Neighbours are copied together.
      while (i + 1 < positions.length && spans[2 * i + 1] === spans[2 * i + 2]) i++;
      at = copy(bytes, start, spans[2 * i + 1]!, at);
    }
  }
  return at;
}

/** Finds the attributes, or with `typesOnly` their type names, in one walk over the entry; returns the octets they take. */
function collectSpans(entry: Entry, positions: readonly number[], typesOnly: boolean): number {
  const { bytes } = entry.slab;
  const { userTypes } = entry.shape;
  if (spans.length < positions.length * 2) spans = new Int32Array(positions.length * 2);
  let octets = 0;
  let position = 0;
  let at = entry.attributeStart(0);
  for (let i = 0; i < positions.length; i++) {
    const wanted = positions[i]!;
    if (wanted >= userTypes && position < userTypes) {
      position = userTypes;
      at = entry.start + entry.userOctets;
    }
    for (; position < wanted; position++) at = skipTlv(bytes, at);
    const start = typesOnly ? contentsStart(bytes, at) : at;
    const end = skipTlv(bytes, start);
    spans[2 * i] = start;
    spans[2 * i + 1] = end;
    octets += typesOnly ? headerOctets(end - start + 2) + (end - start) + 2 : end - start;
  }
  return octets;
}

function headerOctets(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6;
}

function writeHeader(at: number, tag: number, length: number): number {
  const octets = headerOctets(length) - 2;
  scratch[at] = tag;
  if (octets === 0) {
    scratch[at + 1] = length;
    return at + 2;
  }
  scratch[at + 1] = 0x80 | octets;
  for (let i = 0; i < octets; i++) scratch[at + 2 + i] = length >>> (8 * (octets - 1 - i));
  return at + 2 + octets;
}

function copy(bytes: Buffer, start: number, end: number, at: number): number {
  return at + bytes.copy(scratch, at, start, end);
}
