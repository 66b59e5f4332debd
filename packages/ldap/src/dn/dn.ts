/** Distinguished names as data, RFC 4512 §2.3 and RFC 4514: the entry's own RDN first, as in the string form. */

/** An attribute type and value of an RDN. */
export interface Ava {
  /** Short name or numericoid, as spelt. */
  readonly type: string;
  /** Text, with no escapes left; bytes where the value was written `#…`: the BER encoding of the value (RFC 4514 §2.4). */
  readonly value: string | Uint8Array;
}

/** At least one. */
export type Rdn = readonly Ava[];

/** Empty for the root DSE. */
export type Dn = readonly Rdn[];

/** The name of the superior entry; `undefined` for the empty name, which has none. */
export function parentDn(dn: Dn): Dn | undefined {
  return dn.length === 0 ? undefined : dn.slice(1);
}

/** The name of a subordinate of `parent`. */
export function childDn(rdn: Rdn, parent: Dn): Dn {
  return [rdn, ...parent];
}
