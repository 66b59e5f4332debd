/**
 * The paged results cookie (RFC 2696): a position, not a session. It says behind which entry the next page starts, so any
 * gateway over the same data can go on with it, before or after a refresh: no entry comes twice, and none is passed over
 * that was there all the time. It holds nothing the client was not sent, so it needs no signature: a forged one only
 * asks for another page of what its client may read anyway.
 */
import { createHash } from "node:crypto";
import type { SearchRequest } from "@espalier/ldap";
import { formatFilter } from "@espalier/ldap";

export interface PagePosition {
  /** Entries sent on all pages so far; a size limit counts them all. */
  readonly sent: number;
  /** Sort keys of the last entry sent, where the search is sorted; null where it had no value. */
  readonly sortKeys: readonly (string | null)[];
  /** Normalized DN of the last entry sent. */
  readonly key: string;
}

export function encodePageCookie(request: SearchRequest, position: PagePosition): Uint8Array {
  return Buffer.from(JSON.stringify([searchId(request), position.sent, position.sortKeys, position.key]));
}

/** The position, or undefined for a cookie that is not of this search. */
export function decodePageCookie(request: SearchRequest, cookie: Uint8Array): PagePosition | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(cookie).toString("utf8"));
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length !== 4) return undefined;
  const [id, sent, sortKeys, key] = fields as unknown[];
  if (id !== searchId(request) || typeof key !== "string") return undefined;
  if (typeof sent !== "number" || !Number.isSafeInteger(sent) || sent < 0) return undefined;
  if (!Array.isArray(sortKeys) || !sortKeys.every((item) => item === null || typeof item === "string"))
    return undefined;
  return { sent, sortKeys, key };
}

/** RFC 2696 §3: a client must not change the search between pages. */
function searchId(request: SearchRequest): string {
  const { baseObject, scope, filter, attributes, typesOnly, sizeLimit } = request;
  return createHash("sha256")
    .update(JSON.stringify([baseObject, scope, formatFilter(filter), attributes, typesOnly, sizeLimit]))
    .digest("base64")
    .slice(0, 12);
}
