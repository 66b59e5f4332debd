/** One of the processes that `espalier gateway` keeps where `workers` asks for several. Not for people to start. */
import { EventEmitter } from "node:events";
import { Gateway, PrimaryLink, startOf } from "@espalier/gateway";
import { createHealth, createLog, createMetrics, runService } from "@espalier/service";
import type { GatewayConfiguration } from "../configuration.ts";
import { version } from "../version.ts";

const signals = ["SIGTERM", "SIGINT", "uncaughtException", "unhandledRejection"] as const;

/** Runs until the primary, or a signal, ends it. */
export async function runGatewayWorker(load: () => GatewayConfiguration): Promise<number> {
  const secret = await startOf(process);
  const configuration = load();
  const log = createLog({ level: configuration.log.level });
  const logger = log.logger("gateway", { pid: process.pid });
  const link = new PrimaryLink(process, configuration.gateway, secret);
  const metrics = createMetrics();
  const health = createHealth({ version });
  const gateway = new Gateway({
    config: configuration.gateway,
    log: logger,
    health,
    metrics,
    version,
    shared: link.shared,
  });
  const orders = new EventEmitter();
  link.listen({
    reload: () => orders.emit("SIGHUP"),
    drain: () => orders.emit("SIGTERM"),
    state: async () => ({ metrics: await metrics.snapshot(), checks: (await health.report()).checks }),
  });
  for (const signal of signals) process.on(signal, (...details) => orders.emit(signal, ...details));
  const exitCode = await runService({
    service: {
      async start(signal) {
        await gateway.start(signal);
        if (!signal.aborted) link.serving();
      },
      async reload() {
        const next = load();
        log.level = next.log.level;
        await gateway.reload(next.gateway);
      },
      drain: (signal) => gateway.drain(signal),
    },
    logger,
    health,
    drainTimeoutMs: configuration.gateway.drainTimeout + 1_000,
    host: Object.assign(orders, { exit: (code: number) => process.exit(code) }),
  });
  process.disconnect?.();
  return exitCode;
}
