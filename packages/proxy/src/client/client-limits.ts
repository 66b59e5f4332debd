/** What the proxy allows its clients: sizes, counts and times, with their defaults. */

export interface ClientLimits {
  /** Bytes of one request, its header included, on a session that is bound. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** The same on an anonymous session, which has shown no reason to be trusted with more. Default 64 KiB. */
  readonly maxAnonymousMessageBytes: number;
  /** Connections in all, those in their PROXY header or TLS handshake included. Default 10,000. */
  readonly maxConnections: number;
  /** Connections of one client address, the one in the PROXY header where there is one. Default 1,000. */
  readonly maxConnectionsPerAddress: number;
  /** From the last message or answer to the end of a bound session with nothing outstanding; 0 is never. Default 1 hour. */
  readonly idleTimeoutMs: number;
  /**
   * The same for an anonymous session, and for one that has sent nothing yet; 0 is never. Default 10 minutes, or
   * `idleTimeoutMs` where that is shorter.
   */
  readonly anonymousIdleTimeoutMs: number;
  /** From the first byte of a message to its last; 0 is unlimited. Default 30 s. */
  readonly messageTimeoutMs: number;
  /** From the accepted connection to the end of its PROXY header. Default 3 s. */
  readonly proxyHeaderTimeoutMs: number;
  /** From the start of a TLS handshake to its end. Default 10 s. */
  readonly tlsHandshakeTimeoutMs: number;
  /**
   * Bytes that may wait for a client: it is disconnected when something is written on top of so many. From a quarter of them
   * on it is congested: `ClientTransport.isCongested`. Default 4 MiB.
   */
  readonly maxPendingBytes: number;
  /** How long a client may read none of the bytes that wait for it; 0 is for ever. Default 60 s. */
  readonly writeTimeoutMs: number;
}

const defaultClientLimits: ClientLimits = Object.freeze({
  maxMessageBytes: 1024 * 1024,
  maxAnonymousMessageBytes: 64 * 1024,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  idleTimeoutMs: 60 * 60_000,
  anonymousIdleTimeoutMs: 10 * 60_000,
  messageTimeoutMs: 30_000,
  proxyHeaderTimeoutMs: 3_000,
  tlsHandshakeTimeoutMs: 10_000,
  maxPendingBytes: 4 * 1024 * 1024,
  writeTimeoutMs: 60_000,
});

const mayBeZero: ReadonlySet<keyof ClientLimits> = new Set([
  "idleTimeoutMs",
  "anonymousIdleTimeoutMs",
  "messageTimeoutMs",
  "writeTimeoutMs",
]);

/** `limits` over the defaults. @throws RangeError for one that is not a whole number, or is out of its range. */
export function resolveClientLimits(limits: Partial<ClientLimits> = {}): ClientLimits {
  const { idleTimeoutMs = defaultClientLimits.idleTimeoutMs } = limits;
  const anonymousIdleTimeoutMs = Math.min(defaultClientLimits.anonymousIdleTimeoutMs, idleTimeoutMs || Infinity);
  const resolved: ClientLimits = { ...defaultClientLimits, anonymousIdleTimeoutMs, ...limits };
  for (const [name, value] of Object.entries(resolved) as [keyof ClientLimits, number][]) {
    const least = mayBeZero.has(name) ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`limits.${name} must be a whole number of at least ${least}, not ${value}`);
    }
  }
  return resolved;
}
