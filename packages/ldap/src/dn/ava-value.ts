/** Values of AVAs as bytes of their syntax, also where a DN has them as `#` and BER. RFC 4514 §2.4. */
import { encodeText } from "../ber/text.ts";

/** The value as an entry would hold it; `undefined` for BER of something other than one string. */
export function avaValueBytes(value: string | Uint8Array): Uint8Array | undefined {
  return typeof value === "string" ? encodeText(value) : stringContents(value);
}

/** Universal tags of the string types that a value may be encoded as: octet, UTF-8, numeric, printable, teletex, IA5, visible. */
const stringTags: ReadonlySet<number> = new Set([0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a]);

function stringContents(ber: Uint8Array): Uint8Array | undefined {
  if (!stringTags.has(ber[0] ?? 0)) return undefined;
  const first = ber[1] ?? 0x80;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 4) return undefined;
  let length = first < 0x80 ? first : 0;
  for (const byte of ber.subarray(2, 2 + lengthBytes)) length = length * 256 + byte;
  return ber.length === 2 + lengthBytes + length ? ber.subarray(2 + lengthBytes) : undefined;
}

/** The BER encoding of an OCTET STRING. */
export function encodeOctetString(contents: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = contents.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  const header = contents.length < 0x80 ? [0x04, contents.length] : [0x04, 0x80 + length.length, ...length];
  return Uint8Array.from([...header, ...contents]);
}
