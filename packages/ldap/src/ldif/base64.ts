/** Base64 of RFC 4648 §4 over bytes, without the intermediate string that `atob` and `btoa` need. */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const INVALID = 0xff;
const sextets = new Uint8Array(256).fill(INVALID);
for (let index = 0; index < 64; index++) sextets[alphabet.charCodeAt(index)] = index;

export function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  let index = 0;
  for (; index + 2 < bytes.length; index += 3) {
    const group = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | bytes[index + 2]!;
    parts.push(
      alphabet[group >> 18]! + alphabet[(group >> 12) & 63] + alphabet[(group >> 6) & 63] + alphabet[group & 63],
    );
  }
  if (index + 1 === bytes.length) {
    const group = bytes[index]!;
    parts.push(`${alphabet[group >> 2]}${alphabet[(group << 4) & 63]}==`);
  } else if (index + 2 === bytes.length) {
    const group = (bytes[index]! << 8) | bytes[index + 1]!;
    parts.push(`${alphabet[group >> 10]}${alphabet[(group >> 4) & 63]}${alphabet[(group << 2) & 63]}=`);
  }
  return parts.join("");
}

/** `undefined` when `bytes` (the characters, in ASCII) are not whole, padded base64. */
export function decodeBase64(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length % 4 !== 0) return undefined;
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === PADDING) end -= bytes[end - 2] === PADDING ? 2 : 1;
  const decoded = new Uint8Array((end * 6) >> 3);
  let group = 0;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < end; index++) {
    const sextet = sextets[bytes[index]!]!;
    if (sextet === INVALID) return undefined;
    group = ((group << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      decoded[length++] = group >> bits;
    }
  }
  return decoded;
}
