/** One of the processes that `espalier gateway` keeps where `workers` asks for several. Not for people to start. */
import { EventEmitter } from "node:events";
import { Gateway, PrimaryLink, startOf } from "@espalier/gateway";
import { createHealth, createLog, createProcessMetrics, runService } from "@espalier/service";
import type { GatewayConfiguration } from "../configuration.ts";
import { version } from "../version.ts";

const failures = ["uncaughtException", "unhandledRejection"] as const;

/** Runs until the primary, or a signal, ends it. */
export async function runGatewayWorker(load: () => GatewayConfiguration): Promise<number> {
  try {
    return await serve(load);
  } finally {
    // The channel would keep the process.
    if (process.connected) process.disconnect();
  }
}

async function serve(load: () => GatewayConfiguration): Promise<number> {
  const secret = await startOf(process);
  const configuration = load();
  const log = createLog({ level: configuration.log.level });
  const logger = log.logger("gateway", { pid: process.pid });
  const link = new PrimaryLink(process, configuration.gateway, secret);
  const metrics = createProcessMetrics();
  const health = createHealth({ version });
  const gateway = new Gateway({
    config: configuration.gateway,
    log: logger,
    health,
    metrics,
    version,
    shared: link.shared,
    events: link.events,
  });
  const orders = new EventEmitter();
  // A terminal and systemd signal all processes, and then the primary does: told twice is told once.
  let isEnding = false;
  const end = () => {
    if (!isEnding) orders.emit("SIGTERM");
    isEnding = true;
  };
  link.listen({
    reload: () => orders.emit("SIGHUP"),
    orphaned: end,
    state: async () => ({ metrics: await metrics.snapshot(), checks: (await health.report()).checks }),
  });
  process.on("SIGTERM", end).on("SIGINT", end);
  // The primary passes it on as an order.
  process.on("SIGHUP", () => {});
  for (const failure of failures) process.on(failure, (...details) => orders.emit(failure, ...details));
  return runService({
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
}
