/** What handles the requests of one client connection (CONTRACT): the transport delivers frames to it and tells it what becomes of the client. */
import type { Frame } from "../frame/frame.ts";

/**
 * One for each connection, made when the client's first message may arrive: behind the PROXY header and, on `ldaps`, the
 * TLS handshake. The transport never calls it from within a call to the transport.
 */
export interface ClientSession {
  /**
   * One request. Its bytes are the session's from here on: nothing writes to them again unless the session does.
   *
   * @throws ParseError when the client has broken the protocol: it gets a notice of disconnection with protocolError.
   */
  received(frame: Frame): void;
  /** The client took all that waited for it: `isCongested` is false. */
  caughtUp(): void;
  /** The client is gone or has been disconnected; what is written from here on is dropped. Exactly once, last. */
  closed(): void;
  /**
   * Whether the next frame may be delivered. While it is false the transport leaves what arrives unread, so the client feels
   * it as backpressure; when it becomes true outside of `received`, `ClientTransport.resume` says so.
   */
  readonly mayReceive: boolean;
  /** Bound as somebody: the larger message size and the longer idle time-out apply. */
  readonly isAuthenticated: boolean;
  /** Whether requests wait for their answers: the connection is not idle, and a drain waits for them. */
  readonly hasOutstanding: boolean;
  /**
   * No further frame will be delivered. The session ends what never ends by itself (persistent searches); when
   * `hasOutstanding` is false the transport sends the notice of disconnection.
   */
  drain(): void;
}
