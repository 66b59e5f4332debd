/** What the connections of one server share. */
import type { SecureContext } from "node:tls";
import type { Connection } from "./connection.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerObserver } from "./observer.ts";
import type { OutputPool } from "./output-pool.ts";
import type { TurnQueue } from "./turn-queue.ts";

export interface ConnectionContext<State> {
  readonly limits: ServerLimits;
  readonly observer: ServerObserver<State>;
  readonly dispatcher: Dispatcher<State>;
  readonly outputPool: OutputPool;
  readonly turns: TurnQueue<Connection<State>>;
  /** The server's clock: see `Sweeper`. */
  readonly nowMs: number;
  /** For handshakes that begin now; `undefined` on a server without TLS. */
  readonly secureContext: SecureContext | undefined;
  closed(connection: Connection<State>): void;
}
