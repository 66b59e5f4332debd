/** One directory server, as the parts of the proxy that choose, check and connect see it. */
import type { BackendConnections } from "../upstream/backend-connections.ts";
import type { BackendState } from "./backend-state.ts";

export interface Backend {
  /** Unique, from the configuration or `host:port`; what logs, metrics and `espalier proxy status` call it. */
  readonly name: string;
  readonly url: string;
  /** As configured, and as `espalier proxy weight` sets it. 0 takes no new work. */
  weight: number;
  readonly state: BackendState;
  readonly connections: BackendConnections;
}
