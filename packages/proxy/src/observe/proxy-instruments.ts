/** The proxy's metrics, registered. */
import type { Instrument } from "@espalier/service";
import type { proxyMetrics } from "./metrics.ts";

export type ProxyInstruments = {
  readonly [K in keyof typeof proxyMetrics]: Instrument<(typeof proxyMetrics)[K]>;
};
