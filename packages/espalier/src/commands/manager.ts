/** `espalier manager`: the API over clusters of LDAP servers, and the browser page. */
import { type FindingSource, ManagerService } from "@espalier/manager";
import type { NotifyConfig } from "@espalier/notify";
import type { EventStore, Logger } from "@espalier/service";
import { webPage } from "@espalier/web";
import type { Configuration, ManagerConfiguration } from "../configuration.ts";
import { version } from "../version.ts";
import { notificationSource } from "./notification-source.ts";
import { type Part, type RunOptions, runParts, type Surroundings } from "./run-parts.ts";

type Managed = Pick<ManagerConfiguration, "manager" | "clusters">;

/** Runs until a signal ends it; resolves to the exit code. @throws ConfigurationError */
export function runManager(load: () => ManagerConfiguration, options: RunOptions = {}): Promise<number> {
  const make = (configuration: ManagerConfiguration, surroundings: Surroundings) => {
    const { notify } = configuration;
    return [managerPart(managerOf(configuration, surroundings, { notify: notify && (() => notify) }), configuration)];
  };
  return runParts(load, make, options);
}

/** What it shows of other services. */
interface Shown {
  readonly findings?: FindingSource | undefined;
  /** The notifications' configuration, as it is at the moment. */
  readonly notify?: (() => NotifyConfig) | undefined;
}

export function managerOf(
  { manager: config, clusters }: Managed,
  { log, health, metrics, store }: Surroundings,
  { findings, notify }: Shown = {},
): ManagerService {
  if (store === undefined) throw new TypeError("the manager needs a store");
  const openStore = (signal: AbortSignal) => store.open(signal);
  const logger = log.logger("manager");
  const plugins = pageOf(config, logger);
  const process = { openStore, log: logger, health, metrics, version };
  const notifications =
    notify && ((opened: Pick<EventStore, "store" | "log">) => notificationSource(notify, opened, log.logger("notify")));
  return new ManagerService({ config, clusters, ...process, findings, notifications, plugins });
}

/** The API does without it. */
function pageOf({ contextPath }: Managed["manager"], logger: Logger) {
  const page = webPage({ contextPath });
  if (page !== undefined) return [page];
  logger.warn("the browser page has not been built, so only the API is served: run `npm run build`");
  return [];
}

export function managerPart(
  service: ManagerService,
  { manager }: Managed,
): Part<Pick<Configuration, "manager" | "clusters">> {
  return {
    name: "manager",
    start: (signal) => service.start(signal),
    async reload({ manager, clusters }) {
      if (manager !== undefined && clusters !== undefined) await service.reload({ config: manager, clusters });
    },
    drain: (signal) => service.drain(signal),
    drainTimeoutMs: manager.drainTimeout,
  };
}
