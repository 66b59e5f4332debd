/**
 * `X-Hub-Signature-256: sha256=…`, the hexadecimal HMAC-SHA256 of the body alone, as GitHub and many others send it. The scheme
 * has no timestamp and signs no name of the delivery: a request played again is found by its body only.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type InboundRequest, type LiveSecret, refused, stillLive, type Verdict, type Verifier } from "./verifier.ts";

export class HubVerifier implements Verifier {
  readonly #secrets: readonly LiveSecret[];

  constructor(secrets: readonly LiveSecret[]) {
    this.#secrets = secrets;
  }

  verify(request: InboundRequest): Verdict {
    const header = request.header("x-hub-signature-256");
    if (header === undefined) return refused("missing_credentials");
    const [, hex] = /^sha256=([0-9a-fA-F]{64})$/.exec(header.trim()) ?? [];
    if (hex === undefined) return refused("malformed_credentials");
    const given = Buffer.from(hex, "hex");
    const live = stillLive(this.#secrets, request.receivedMs);
    if (live.length === 0) return refused("no_live_secret");
    const isAuthentic = live.some(({ value }) =>
      timingSafeEqual(given, createHmac("sha256", value).update(request.body).digest()),
    );
    return isAuthentic ? { isAuthentic } : refused("wrong_credentials");
  }
}
