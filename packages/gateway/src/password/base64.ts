/** The three base64 alphabets of stored passwords: RFC 4648 §4, passlib's "adapted" form, and crypt(3)'s. */

const bareBase64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * RFC 4648 §4 as OpenLDAP's `lutil_b64_pton` reads it (white space is skipped), and without padding as well.
 * `undefined` for anything else. The bytes own their buffer, so that posting them to a worker copies nothing else.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const isBare = bareBase64.test(text);
  const bare = isBare ? text : text.replace(/[ \t\r\n\v\f]+/g, "");
  if (!isBare && !bareBase64.test(bare)) return undefined;
  const end = bare.indexOf("=");
  const significant = end < 0 ? bare.length : end;
  if (significant % 4 === 1 || (end >= 0 && bare.length % 4 !== 0)) return undefined;
  return new Uint8Array(Buffer.from(bare, "base64"));
}

/**
 * passlib's `ab64`: `.` in place of `+`, no padding. Both are accepted all the same, because 389-DS writes them.
 * `undefined` for anything else.
 */
export function decodeAdaptedBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9./+]*={0,2}$/.test(text) ? decodeBase64(text.replaceAll(".", "+")) : undefined;
}

const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * crypt(3)'s base64, least significant six bits first. `order` names the bytes of each group, most significant first;
 * a group of n bytes gives n + 1 characters.
 */
export function encodeCryptBase64(bytes: Uint8Array, order: readonly (readonly number[])[]): string {
  let text = "";
  for (const group of order) {
    let bits = 0;
    for (const index of group) bits = (bits << 8) | bytes[index]!;
    for (let count = group.length; count >= 0; count -= 1) {
      text += cryptAlphabet[bits & 0x3f];
      bits >>>= 6;
    }
  }
  return text;
}
