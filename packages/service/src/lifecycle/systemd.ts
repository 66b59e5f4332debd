/**
 * Telling systemd where a `Type=notify` service is: sd_notify(3).
 *
 * The protocol is one datagram to a Unix socket, which Node cannot send, so the program `systemd-notify` sends it; it is
 * there wherever systemd is. As it is a child, the unit needs `NotifyAccess=all`.
 */
import { execFile } from "node:child_process";
import type { Logger } from "../log/logger.ts";

/** What systemd says to a service by its environment: sd_notify(3), sd_watchdog_enabled(3). */
export interface SystemdEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  /** Microseconds, of the unit's WatchdogSec: a service that is not heard of for so long is killed and started anew. */
  readonly WATCHDOG_USEC?: string | undefined;
}

/** Each resolves when systemd has been told, or could not be: that is logged, and the service goes on. */
export interface Notifier {
  /** From the first time on the watchdog is told as well, as long as the event loop turns. */
  ready(): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

const program = "/usr/bin/systemd-notify";
const timeoutMs = 5_000;

/** Without NOTIFY_SOCKET there is no systemd to tell, and nothing is done. */
export function createNotifier(environment: SystemdEnvironment, logger: Logger): Notifier {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec } = environment;
  const notify = (...assignments: string[]): Promise<void> => {
    if (socket === undefined || socket === "") return Promise.resolve();
    return new Promise((resolve) => {
      execFile(program, assignments, { env: { NOTIFY_SOCKET: socket }, timeout: timeoutMs }, (error) => {
        if (error !== null) logger.warn("systemd could not be notified", { assignments, error });
        resolve();
      });
    });
  };
  let isWatched = false;
  const watch = () => {
    const intervalMs = Number(watchdogUsec) / 2_000;
    if (isWatched || !(intervalMs > 0)) return;
    isWatched = true;
    // WATCHDOG_PID is not asked for: where the machine's Node is older, the service is a child of the one that systemd started.
    setInterval(() => notify("WATCHDOG=1"), intervalMs).unref();
  };
  return {
    ready() {
      watch();
      return notify("READY=1");
    },
    // MONOTONIC_USEC is for Type=notify-reload, which takes no RELOADING=1 without it.
    reloading: () => notify("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => notify("STOPPING=1"),
  };
}
