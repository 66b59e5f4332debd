/**
 * The links that decide an approval: each has a token that is made of the approval's own random key and the channel it was sent
 * through. A link is spent once its approval is decided or over.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface DecisionLink {
  readonly id: string;
  readonly channel: string;
}

export function decisionUrl(publicUrl: string, { id, channel }: DecisionLink, key: Uint8Array): string {
  const url = new URL(
    `approvals/${encodeURIComponent(id)}/decide`,
    publicUrl.endsWith("/") ? publicUrl : `${publicUrl}/`,
  );
  url.searchParams.set("channel", channel);
  url.searchParams.set("token", tokenOf({ id, channel }, key));
  return url.href;
}

export function isValidToken(link: DecisionLink, token: string, key: Uint8Array): boolean {
  const expected = Buffer.from(tokenOf(link, key));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function tokenOf({ id, channel }: DecisionLink, key: Uint8Array): string {
  return createHmac("sha256", key).update(`${id}\n${channel}`).digest("base64url");
}
