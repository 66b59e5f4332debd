/** A SASL bind between two of its steps: it has its connection alone until it is over. RFC 4513 §5.2. */
import type { Lease } from "./lease.ts";

export class SaslExchange {
  readonly mechanism: string;
  readonly lease: Lease;

  /** `lease` is the exchange's from here on. */
  constructor(mechanism: string, lease: Lease) {
    this.mechanism = mechanism;
    this.lease = lease;
  }

  /** Given up: the next bind begins anew. */
  release(): void {
    this.lease.release();
  }
}

/**
 * EXTERNAL is answered by the proxy, never by a backend, which would see the proxy's certificate. The others depend on the
 * channel between client and server, or may install a security layer on it: neither goes through a proxy that ends TLS.
 */
export function worksThroughProxy(mechanism: string): boolean {
  return !(
    mechanism === "" ||
    mechanism === "EXTERNAL" ||
    mechanism === "GSSAPI" ||
    mechanism === "GSS-SPNEGO" ||
    mechanism === "DIGEST-MD5" ||
    mechanism.startsWith("GS2-") ||
    mechanism.endsWith("-PLUS")
  );
}

/** Whose password PLAIN carries, for routing alone: RFC 4616 §2. `undefined` for what is no PLAIN message. */
export function plainName(credentials: Uint8Array): string | undefined {
  const start = credentials.indexOf(0) + 1;
  const end = credentials.indexOf(0, start);
  return start === 0 || end === -1 ? undefined : Buffer.from(credentials.subarray(start, end)).toString();
}
