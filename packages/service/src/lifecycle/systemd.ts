/**
 * Telling systemd where a `Type=notify` service is: sd_notify(3).
 *
 * The protocol is one datagram to a Unix socket, which Node cannot send, so the program `systemd-notify` sends it; it is
 * there wherever systemd is. As it is a child, the unit needs `NotifyAccess=all`.
 */
import { execFile } from "node:child_process";
import type { Logger } from "../log/logger.ts";

/** Each resolves when systemd has been told, or could not be: that is logged, and the service goes on. */
export interface Notifier {
  ready(): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

const program = "/usr/bin/systemd-notify";
const timeoutMs = 5_000;

/** `socket` is the variable NOTIFY_SOCKET; without it there is no systemd to tell and nothing is done. */
export function createNotifier(socket: string | undefined, logger: Logger): Notifier {
  const notify = (...assignments: string[]): Promise<void> => {
    if (socket === undefined || socket === "") return Promise.resolve();
    return new Promise((resolve) => {
      execFile(program, assignments, { env: { NOTIFY_SOCKET: socket }, timeout: timeoutMs }, (error) => {
        if (error !== null) logger.warn("systemd could not be notified", { assignments, error });
        resolve();
      });
    });
  };
  return {
    ready: () => notify("READY=1"),
    // MONOTONIC_USEC is for Type=notify-reload, which takes no RELOADING=1 without it.
    reloading: () => notify("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => notify("STOPPING=1"),
  };
}
