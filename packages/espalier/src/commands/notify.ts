/** `espalier notify`: webhooks in, notifications out. */
import { type NotifyConfig, NotifyService } from "@espalier/notify";
import type { NotifyConfiguration } from "../configuration.ts";
import { type Part, type RunOptions, runParts, type Surroundings } from "./run-parts.ts";

/** Runs until a signal ends it; resolves to the exit code. @throws ConfigurationError */
export function runNotify(load: () => NotifyConfiguration, options: RunOptions = {}): Promise<number> {
  return runParts(load, ({ notify }, surroundings) => [notifyPart(notifyOf(notify, surroundings), notify)], options);
}

export function notifyOf(config: NotifyConfig, { log, health, metrics, store }: Surroundings): NotifyService {
  if (store === undefined) throw new TypeError("notifications need a store");
  const openStore = (signal: AbortSignal) => store.open(signal);
  return new NotifyService({ config, openStore, log: log.logger("notify"), health, metrics });
}

export function notifyPart(
  notify: NotifyService,
  { drainTimeout }: NotifyConfig,
): Part<{ readonly notify?: NotifyConfig | undefined }> {
  return {
    name: "notify",
    start: (signal) => notify.start(signal),
    async reload(configuration) {
      if (configuration.notify !== undefined) await notify.reload(configuration.notify);
    },
    drain: (signal) => notify.drain(signal),
    drainTimeoutMs: drainTimeout,
  };
}
