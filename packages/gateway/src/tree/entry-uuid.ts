/** entryUUID (RFC 4530), derived from the DN so that every gateway over the same data gives the same one. */
import { hash } from "node:crypto";

/** A namespace of our own, as RFC 4122 §4.3 asks: the UUIDv5 of `espalier` under the RFC's X.500 namespace. */
const namespace = uuid5(Buffer.from("6ba7b8149dad11d180b400c04fd430c8", "hex"), "espalier");

/** The entryUUID of the entry whose normalized DN is `key`: a version 5 UUID in lower-case text form. */
export function entryUuid(key: string): string {
  const hex = uuid5(namespace, key).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function uuid5(space: Buffer, name: string): Buffer {
  const bytes = hash("sha1", Buffer.concat([space, Buffer.from(name)]), "buffer").subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}
