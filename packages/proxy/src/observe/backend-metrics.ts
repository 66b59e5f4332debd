/** The gauges of backends, set from what is true when the metrics are read. */
import type { BackendHealth } from "../backend/backend-state.ts";
import type { ProxyInstruments } from "./proxy-instruments.ts";

/** What of a `Backend` is shown. */
export interface ObservedBackend {
  readonly name: string;
  readonly state: { readonly health: BackendHealth; readonly acceptsNew: boolean };
  readonly connections: { readonly open: number; readonly pending: number };
}

/** Backends that are no longer there lose their series. `writeNode`: the name of the one that takes writes. */
export function setBackendGauges(
  metrics: ProxyInstruments,
  backends: Iterable<ObservedBackend>,
  writeNode: string | undefined,
): void {
  const { backendUp, backendReady, backendConnections, backendPending } = metrics;
  for (const gauge of [backendUp, backendReady, backendConnections, backendPending, metrics.writeNode]) gauge.reset();
  for (const { name: backend, state, connections } of backends) {
    backendUp.labels({ backend }).set(state.health === "down" ? 0 : 1);
    backendReady.labels({ backend }).set(state.acceptsNew ? 1 : 0);
    backendConnections.labels({ backend }).set(connections.open);
    backendPending.labels({ backend }).set(connections.pending);
  }
  if (writeNode !== undefined) metrics.writeNode.labels({ backend: writeNode }).set(1);
}
