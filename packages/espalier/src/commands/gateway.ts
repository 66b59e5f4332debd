/** `espalier gateway`: one process that serves, or one that keeps several. */
import { Gateway, type GatewayConfig, GatewayProcesses } from "@espalier/gateway";
import type { GatewayConfiguration } from "../configuration.ts";
import { version } from "../version.ts";
import { type Part, type RunOptions, runParts, type Surroundings } from "./run-parts.ts";

/** Runs until a signal ends it; resolves to the exit code. @throws ConfigurationError */
export function runGateway(load: () => GatewayConfiguration, options: RunOptions = {}): Promise<number> {
  return runParts(
    load,
    (configuration, surroundings) => [
      gatewayPart(gatewayOf(configuration.gateway, surroundings), configuration.gateway),
    ],
    options,
  );
}

export function gatewayOf(
  config: GatewayConfig,
  { log, health, metrics, events }: Surroundings,
): Gateway | GatewayProcesses {
  const options = { config, log: log.logger("gateway"), health, metrics, version, events };
  return config.workers > 1 ? new GatewayProcesses(options) : new Gateway(options);
}

export function gatewayPart(
  gateway: Gateway | GatewayProcesses,
  { drainTimeout }: GatewayConfig,
): Part<{ readonly gateway?: GatewayConfig | undefined }> {
  return {
    name: "gateway",
    start: (signal) => gateway.start(signal),
    async reload(configuration) {
      if (configuration.gateway !== undefined) await gateway.reload(configuration.gateway);
    },
    drain: (signal) => gateway.drain(signal),
    drainTimeoutMs: drainTimeout,
    ...(gateway instanceof GatewayProcesses ? { metricsText: () => gateway.metricsText() } : {}),
  };
}
