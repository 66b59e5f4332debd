/**
 * The paged results cookie (RFC 2696): a position, not a session. It says behind which entry the next page starts, so any
 * gateway over the same data can go on with it, before or after a refresh: no entry comes twice, and none is passed over
 * that was there all the time. It holds nothing the client was not sent, so it needs no signature: a forged one only
 * asks for another page of what its client may read anyway.
 */
import { createHash } from "node:crypto";
import { type Control, formatFilter, type SearchRequest } from "@espalier/ldap";

export interface PagePosition {
  /** Entries sent on all pages so far; a size limit counts them all. */
  readonly sent: number;
  /** Sort keys of the last entry sent, where the search is sorted; null where it had no value. */
  readonly sortKeys: readonly (string | null)[];
  /** Normalized DN of the last entry sent. */
  readonly key: string;
}

/** @param search what {@link searchId} gives for the search. */
export function encodePageCookie(search: string, position: PagePosition): Uint8Array {
  return Buffer.from(JSON.stringify([search, position.sent, position.sortKeys, position.key]));
}

/** The position, or undefined for a cookie that is not of this search. */
export function decodePageCookie(search: string, cookie: Uint8Array): PagePosition | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(cookie).toString("utf8"));
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length !== 4) return undefined;
  const [id, sent, sortKeys, key] = fields as unknown[];
  if (id !== search || typeof key !== "string") return undefined;
  if (typeof sent !== "number" || !Number.isSafeInteger(sent) || sent < 0) return undefined;
  if (!Array.isArray(sortKeys) || !sortKeys.every((item) => item === null || typeof item === "string"))
    return undefined;
  return { sent, sortKeys, key };
}

/** Tells one search from another, its order included. RFC 2696 §3: a client must not change the search between pages. */
export function searchId(request: SearchRequest, sort: Control | undefined): string {
  const { baseObject, scope, filter, attributes, typesOnly, sizeLimit } = request;
  const order = sort?.controlValue && Buffer.from(sort.controlValue).toString("base64");
  return createHash("sha256")
    .update(JSON.stringify([baseObject, scope, formatFilter(filter), attributes, typesOnly, sizeLimit, order]))
    .digest("base64")
    .slice(0, 12);
}
