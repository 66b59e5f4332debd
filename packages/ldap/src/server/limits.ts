/** What one server allows its clients: sizes, counts and times, with their defaults. */
import { defaultDecodeLimits } from "../message/filter-codec.ts";

export interface ServerLimits {
  /** Bytes of one message, its header included, on a session that is bound. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** The same on an anonymous session, which has shown no reason to be trusted with more. Default 64 KiB. */
  readonly maxAnonymousMessageBytes: number;
  /** How deep a search filter may nest; at most 1,000, for it is read and evaluated by recursion. Default 100. */
  readonly maxFilterDepth: number;
  /** Items of one search filter in all, the parts of substrings included. Default 10,000. */
  readonly maxFilterItems: number;
  /**
   * Operations of one connection that wait for an asynchronous handler. Further requests are left unread until one of them
   * has ended, so the client feels it as backpressure and not as an error. Default 100.
   */
  readonly maxOperationsInFlight: number;
  /** Connections in all, those in their TLS handshake included. Default 10,000. */
  readonly maxConnections: number;
  /** Connections of one remote address. Default 1,000. */
  readonly maxConnectionsPerAddress: number;
  /** From the last message or answer to the end of a session on which nothing is in progress; 0 is never. Default 20 minutes. */
  readonly idleTimeoutMs: number;
  /** From the first byte of a message to its last; 0 is unlimited. Default 30 s. */
  readonly messageTimeoutMs: number;
  /** From the start of a TLS handshake to its end. Default 10 s. */
  readonly tlsHandshakeTimeoutMs: number;
  /**
   * Bytes that wait for a client to read them before its next request is left unread and `SearchOperation.writable` turns
   * false. At least 64 KiB. Default 1 MiB.
   */
  readonly maxPendingWriteBytes: number;
  /** How long a client may read none of the bytes that wait for it; 0 is for ever. Default 60 s. */
  readonly writeTimeoutMs: number;
}

export const defaultServerLimits: ServerLimits = Object.freeze({
  maxMessageBytes: 1024 * 1024,
  maxAnonymousMessageBytes: 64 * 1024,
  maxFilterDepth: defaultDecodeLimits.maxFilterDepth,
  maxFilterItems: defaultDecodeLimits.maxFilterItems,
  maxOperationsInFlight: 100,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  idleTimeoutMs: 20 * 60_000,
  messageTimeoutMs: 30_000,
  tlsHandshakeTimeoutMs: 10_000,
  maxPendingWriteBytes: 1024 * 1024,
  writeTimeoutMs: 60_000,
});

const mayBeZero: ReadonlySet<keyof ServerLimits> = new Set(["idleTimeoutMs", "messageTimeoutMs", "writeTimeoutMs"]);

/** `limits` over the defaults. @throws RangeError for one that is not a whole number, or is out of its range. */
export function resolveServerLimits(limits: Partial<ServerLimits> = {}): ServerLimits {
  const resolved: ServerLimits = { ...defaultServerLimits, ...limits };
  for (const [name, value] of Object.entries(resolved) as [keyof ServerLimits, number][]) {
    const least = name === "maxPendingWriteBytes" ? 64 * 1024 : mayBeZero.has(name) ? 0 : 1;
    const most = name === "maxFilterDepth" ? 1_000 : Number.MAX_SAFE_INTEGER;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new RangeError(`limits.${name} must be a whole number from ${least} to ${most}, not ${value}`);
    }
  }
  return resolved;
}
