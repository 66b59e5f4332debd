/** What an entry holds as eight bytes, and a table of many of them in little memory. */
import { createHash, hash } from "node:crypto";
import type { PartialAttribute } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { isCompared } from "./local-attributes.ts";

/** 16 bytes that stand for a name. Replicas spell names alike, but for the case of letters perhaps. */
export function nameKey(dn: string): Buffer {
  return hash("sha256", dn.toLowerCase(), "buffer").subarray(0, 16);
}

/** 8 bytes that stand for the name and all values that replicas must have alike, in whatever order they came. */
export function fingerprint(entry: Pick<SearchEntry, "objectName" | "attributes">): Buffer {
  const digest = createHash("sha256").update(entry.objectName.toLowerCase());
  for (const { name, values } of comparedAttributes(entry.attributes)) {
    // Lengths in front keep one value of `ab` apart from two of `a` and `b`.
    digest.update(lengths(Buffer.byteLength(name), values.length)).update(name);
    for (const value of values) digest.update(lengths(value.length)).update(value);
  }
  return digest.digest().subarray(0, 8);
}

export interface ComparedAttribute {
  /** In lower case, options sorted. */
  readonly name: string;
  /** As the server spells it. */
  readonly description: string;
  /** In the order of their bytes. */
  readonly values: readonly Uint8Array[];
}

/** By name; those that a server keeps for itself are left out, and so are attributes without values. */
export function comparedAttributes(attributes: readonly PartialAttribute[]): ComparedAttribute[] {
  return attributes
    .filter(({ type, values }) => values.length > 0 && isCompared(type))
    .map(({ type, values }) => ({
      name: attributeName(type),
      description: type,
      values: values.length === 1 ? values : [...values].sort(Buffer.compare),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function attributeName(description: string): string {
  const [type = "", ...options] = description.toLowerCase().split(";");
  return options.length === 0 ? type : [type, ...options.sort()].join(";");
}

function lengths(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index);
  return bytes;
}

const keyBytes = 16;
const slotBytes = 24;

/**
 * Names and fingerprints: 25 bytes a slot, of which at least a quarter is taken, so 6.5 MB for 100,000 entries. Hashing with open
 * addressing: an entry is in the first slot that was free from the one that its key points to.
 */
export class FingerprintTable {
  #slots = Buffer.alloc(slotBytes * 1024);
  /** 0: free. 1: taken. 2: taken, and marked. */
  #states = new Uint8Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of a name that is there already the fingerprint is replaced. */
  set(key: Buffer, value: Buffer): void {
    if ((this.#count + 1) * 2 > this.#states.length) this.#grow();
    const slot = this.#find(key);
    if (this.#states[slot] === 0) this.#count += 1;
    this.#states[slot] = 1;
    key.copy(this.#slots, slot * slotBytes);
    value.copy(this.#slots, slot * slotBytes + keyBytes);
  }

  /** Compares, and marks the entry as seen. */
  see(key: Buffer, value: Buffer): "same" | "different" | "missing" {
    const slot = this.#find(key);
    if (this.#states[slot] === 0) return "missing";
    this.#states[slot] = 2;
    const at = slot * slotBytes + keyBytes;
    return value.equals(this.#slots.subarray(at, at + 8)) ? "same" : "different";
  }

  isUnseen(key: Buffer): boolean {
    return this.#states[this.#find(key)] === 1;
  }

  get unseenCount(): number {
    return this.#states.reduce((count, state) => (state === 1 ? count + 1 : count), 0);
  }

  /** As if none had been seen. */
  unmark(): void {
    for (const [slot, state] of this.#states.entries()) if (state === 2) this.#states[slot] = 1;
  }

  #find(key: Buffer): number {
    const mask = this.#states.length - 1;
    let slot = key.readUInt32LE(0) & mask;
    while (this.#states[slot] !== 0 && key.compare(this.#slots, slot * slotBytes, slot * slotBytes + keyBytes) !== 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [slots, states] = [this.#slots, this.#states];
    this.#slots = Buffer.alloc(slots.length * 2);
    this.#states = new Uint8Array(states.length * 2);
    for (const [slot, state] of states.entries()) {
      if (state === 0) continue;
      const bytes = slots.subarray(slot * slotBytes, (slot + 1) * slotBytes);
      const target = this.#find(bytes.subarray(0, keyBytes));
      bytes.copy(this.#slots, target * slotBytes);
      this.#states[target] = state;
    }
  }
}
