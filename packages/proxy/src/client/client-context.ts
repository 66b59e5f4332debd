/** What all connections of the listeners have in common. */
import type { ClientConnection } from "./client-connection.ts";
import type { ClientLimits } from "./client-limits.ts";
import type { ClientObserver } from "./client-observer.ts";
import type { ClientSession } from "./client-session.ts";
import type { ClientCloseReason, ClientTransport } from "./client-transport.ts";
import type { HandshakeSettings } from "./listener-tls.ts";
import type { OutputBuffers } from "./output-buffers.ts";
import type { TurnQueue } from "./turn-queue.ts";

export interface ClientContext {
  readonly limits: ClientLimits;
  readonly observer: ClientObserver;
  readonly buffers: OutputBuffers;
  readonly turns: TurnQueue<ClientConnection>;
  /** The sweeper's clock. */
  readonly nowMs: number;
  /** For a handshake that begins now; `undefined` without a certificate. */
  readonly handshake: HandshakeSettings | undefined;
  session(transport: ClientTransport): ClientSession;
  /** Whether there may be one more connection of the address, which is counted then. */
  admitAddress(address: string): boolean;
  /** The connection never got as far as being opened. */
  refused(address: string, listener: string, reason: ClientCloseReason, error?: Error): void;
  /** The connection's socket is gone. `address`: what it was counted for, if it was. */
  closed(connection: ClientConnection, address: string | undefined): void;
}
