/** entryUUID (RFC 4530), derived from the DN so that every gateway over the same data gives the same one. */
import { hash } from "node:crypto";

/** A namespace of our own, as RFC 4122 §4.3 asks: the UUIDv5 of `espalier` under the RFC's X.500 namespace. */
const namespace = Buffer.from(uuid5(Buffer.from("6ba7b8149dad11d180b400c04fd430c8", "hex"), "espalier"), "hex");

/** The entryUUID of the entry whose normalized DN is `key`: a version 5 UUID in lower-case text form. */
export function entryUuid(key: string): string {
  const hex = uuid5(namespace, key);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** In hexadecimal digits, of which the thirteenth is the version and the first two bits of the seventeenth the variant. */
function uuid5(space: Buffer, name: string): string {
  const hex = hash("sha1", Buffer.concat([space, Buffer.from(name)]), "hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 12)}5${hex.slice(13, 16)}${variant}${hex.slice(17, 32)}`;
}
