/** Walking over TLVs of our own encoding (see encode-entry.ts): one-octet tags, definite lengths, known to be whole. */

/** The length of the contents of the TLV at `at`. */
export function readLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1]!;
  if (first < 0x80) return first;
  let length = 0;
  for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + bytes[at + 2 + i]!;
  return length;
}

/** Where the contents of the TLV at `at` start. */
export function contentsStart(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1]!;
  return first < 0x80 ? at + 2 : at + 2 + (first & 0x7f);
}

/** Where the TLV behind the one at `at` starts. */
export function skipTlv(bytes: Uint8Array, at: number): number {
  return contentsStart(bytes, at) + readLength(bytes, at);
}
