/** `espalier gateway`: one process that serves, or one that keeps several. */
import { Gateway, GatewayProcesses } from "@espalier/gateway";
import {
  createHealth,
  createLog,
  createMetrics,
  type Health,
  type Log,
  type Metrics,
  runService,
  type Service,
  startHealthServer,
} from "@espalier/service";
import type { GatewayConfiguration } from "../configuration.ts";
import { version } from "../version.ts";

export interface RunGatewayOptions {
  /** The file descriptor that the log goes to in place of standard output. */
  readonly logTo?: number;
  /** Called once it serves. */
  readonly onServing?: (gateway: Gateway) => void;
}

/** Runs until a signal ends it; resolves to the exit code. @throws ConfigurationError */
export async function runGateway(load: () => GatewayConfiguration, options: RunGatewayOptions = {}): Promise<number> {
  const configuration = load();
  const { logTo = 1, onServing } = options;
  const log = createLog({ level: configuration.log.level, destination: logTo });
  const logger = log.logger("gateway");
  for (const warning of configuration.warnings) logger.warn(warning);
  const metrics = createMetrics();
  const health = createHealth({ version });
  const gateway =
    configuration.gateway.workers > 1
      ? new GatewayProcesses({ config: configuration.gateway, log: logger, health, metrics, version })
      : new Gateway({ config: configuration.gateway, log: logger, health, metrics, version });
  return runService({
    service: withHealthServer(gateway, { configuration, load, log, health, metrics, onServing }),
    logger,
    health,
    drainTimeoutMs: configuration.gateway.drainTimeout + 2_000,
  });
}

interface Surroundings {
  readonly configuration: GatewayConfiguration;
  readonly load: () => GatewayConfiguration;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly onServing: RunGatewayOptions["onServing"];
}

/** The gateway between the health server's start and its end, so that its state can be asked for all the time. */
function withHealthServer(gateway: Gateway | GatewayProcesses, surroundings: Surroundings): Service {
  const { configuration, load, log, health, metrics, onServing } = surroundings;
  let server: Awaited<ReturnType<typeof startHealthServer>> | undefined;
  return {
    async start(signal) {
      const { listen } = configuration.metrics;
      if (listen !== "off") {
        const text = gateway instanceof GatewayProcesses ? () => gateway.metricsText() : () => metrics.text();
        server = await startHealthServer({ listen, health, metrics: text, logger: log.logger("http") });
      }
      await gateway.start(signal);
      if (gateway instanceof Gateway && !signal.aborted) onServing?.(gateway);
    },
    async reload() {
      const next = load();
      log.level = next.log.level;
      await gateway.reload(next.gateway);
    },
    async drain(signal) {
      await gateway.drain(signal);
      await server?.close();
    },
  };
}
