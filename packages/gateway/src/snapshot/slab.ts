/** Memory for encoded entries: few large blocks outside the garbage-collected heap instead of one object an entry. */

const slabOctets = 1024 * 1024;
/** An entry of this size has a slab to itself: in a shared one it would leave as much unused behind it. */
const ownSlabOctets = slabOctets / 8;

export interface Slab {
  readonly bytes: Buffer;
  /** The same memory: a part of a `Uint8Array` is made faster than one of a `Buffer`. */
  readonly view: Uint8Array;
  used: number;
  /** Octets of entries that are still served. */
  live: number;
}

/** Where an entry's bytes are. */
export interface Place {
  readonly slab: Slab;
  readonly start: number;
}

export class SlabStore {
  #current: Slab = emptySlab(slabOctets);
  readonly #slabs = new Set<Slab>([this.#current]);

  /** Copies `bytes` in. */
  store(bytes: Uint8Array): Place {
    const slab = this.#slabFor(bytes.length);
    const start = slab.used;
    slab.bytes.set(bytes, start);
    slab.used += bytes.length;
    slab.live += bytes.length;
    return { slab, start };
  }

  #slabFor(octets: number): Slab {
    if (octets >= ownSlabOctets) {
      const own = emptySlab(octets);
      this.#slabs.add(own);
      return own;
    }
    if (octets > slabOctets - this.#current.used) {
      if (this.#current.live === 0) this.#slabs.delete(this.#current);
      this.#current = emptySlab(slabOctets);
      this.#slabs.add(this.#current);
    }
    return this.#current;
  }

  /** Counts an entry's bytes as no longer served. Searches still under way may go on reading them. */
  release(slab: Slab, octets: number): void {
    slab.live -= octets;
    if (slab.live === 0 && slab !== this.#current) this.#slabs.delete(slab);
  }

  /** Whether a slab is so empty that moving its last entries out pays. */
  isSparse(slab: Slab): boolean {
    return slab !== this.#current && slab.live < slab.used / 2;
  }

  hasSparse(): boolean {
    for (const slab of this.#slabs) if (this.isSparse(slab)) return true;
    return false;
  }

  /** Octets held, used or not. */
  get octets(): number {
    let sum = 0;
    for (const slab of this.#slabs) sum += slab.bytes.length;
    return sum;
  }
}

function emptySlab(octets: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(octets);
  return { bytes, view: new Uint8Array(bytes.buffer, bytes.byteOffset, octets), used: 0, live: 0 };
}
