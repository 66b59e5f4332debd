/** The services of one process as one: started together, with one log, one listener for health and metrics, and one end. */
import {
  createHealth,
  createLog,
  createNotifier,
  createProcessMetrics,
  type EventSink,
  type Health,
  type HealthServer,
  type Log,
  type LogDestination,
  logEventSink,
  type Metrics,
  runService,
  type Service,
  type SystemdEnvironment,
  startHealthServer,
} from "@espalier/service";
import type { CommonConfiguration } from "../configuration.ts";
import { version } from "../version.ts";
import { SharedStore } from "./shared-store.ts";

/** What services are made with. */
export interface Surroundings {
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Where services report: the store, or the log where there is none. */
  readonly events: EventSink;
  readonly store: SharedStore | undefined;
}

/** One service among those of the process. */
export interface Part<Configuration> extends Pick<Service, "start" | "drain"> {
  /** The name of its logger. */
  readonly name: string;
  /** As `Service.reload`, with the configuration as it is now. */
  reload(configuration: Configuration): Promise<void>;
  readonly drainTimeoutMs: number;
  /** The metrics of all processes, where the service is made of several. */
  metricsText?(): Promise<string>;
  /** Another process of the same service may still be ending on the same addresses: it is about to be replaced. */
  readonly replacesAnother?: boolean;
}

export interface RunOptions {
  /** The file descriptor that the log goes to in place of standard output. */
  readonly logTo?: LogDestination;
  /** Where systemd says how it is told. */
  readonly systemd?: SystemdEnvironment;
  /** Called once everything serves. */
  readonly onServing?: () => void;
}

/**
 * Runs until a signal ends it; resolves to the exit code. Of `makeParts` come those that others need first: they end last.
 *
 * @throws ConfigurationError
 */
export async function runParts<Configuration extends CommonConfiguration>(
  load: () => Configuration,
  makeParts: (configuration: Configuration, surroundings: Surroundings) => readonly Part<Configuration>[],
  { logTo = 1, systemd = {}, onServing }: RunOptions = {},
): Promise<number> {
  const configuration = load();
  const log = createLog({ level: configuration.log.level, destination: logTo });
  const metrics = createProcessMetrics();
  const health = createHealth({ version });
  const store =
    configuration.store &&
    new SharedStore({ config: configuration.store, logger: log.logger("store"), health, metrics });
  const events = store?.events ?? logEventSink(log.logger("event"));
  const surroundings = { log, health, metrics, events, store };
  const parts = makeParts(configuration, surroundings);
  const logger = log.logger(parts.length === 1 ? parts[0]!.name : "espalier");
  for (const warning of configuration.warnings) logger.warn(warning);
  const listener = healthListener(configuration, parts, surroundings);
  return runService({
    service: {
      async start(signal) {
        await listener.start();
        await startAll(store === undefined ? parts : [store, ...parts], signal);
        if (!signal.aborted) onServing?.();
      },
      async reload() {
        const next = load();
        log.level = next.log.level;
        for (const part of parts) await part.reload(next);
      },
      async drain(signal) {
        // Those in front first: what they still have under way may need those behind them.
        for (const part of parts.toReversed()) await part.drain(signal);
        await store?.close(signal);
        await listener.close();
      },
    },
    logger,
    health,
    notifier: createNotifier(systemd, logger),
    drainTimeoutMs: parts.reduce((sum, { drainTimeoutMs }) => sum + drainTimeoutMs, 2_000),
  });
}

/** When one cannot start the others are told to stop starting: what they opened is for the drain to close. */
async function startAll(parts: readonly Pick<Service, "start">[], signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const starts = parts.map(async (part) => {
    try {
      await part.start(either);
    } catch (error) {
      failure.abort();
      throw error;
    }
  });
  const failed = (await Promise.allSettled(starts)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

const retryMs = 500;

/** The listener for health and metrics, there from before the services start until after they have ended. */
function healthListener(
  { metrics: { listen } }: CommonConfiguration,
  parts: readonly Part<never>[],
  { log, health, metrics }: Surroundings,
): { start(): Promise<void>; close(): Promise<void> } {
  let server: HealthServer | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  const several = parts.find(({ metricsText }) => metricsText !== undefined);
  const text = () => several?.metricsText?.() ?? metrics.text();
  const open = async () => {
    if (listen === "off") return;
    const opened = await startHealthServer({ listen, health, metrics: text, logger: log.logger("http") });
    if (isClosed) await opened.close();
    else server = opened;
  };
  const openLater = () => {
    retry = setTimeout(() => {
      open().catch(openLater);
    }, retryMs);
  };
  return {
    async start() {
      try {
        await open();
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
        if (!isTaken || !parts.some(({ replacesAnother }) => replacesAnother)) throw error;
        log
          .logger("http")
          .warn("Something else listens where health and metrics are to be asked for: they are, when it has ended.");
        openLater();
      }
    },
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await server?.close();
    },
  };
}
