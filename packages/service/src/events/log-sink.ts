/** Events as lines of the log: what a service without a store reports to, and where an event goes that cannot be stored. */
import type { LogLevel } from "../log/level.ts";
import type { Logger } from "../log/logger.ts";
import type { EventSink, NewEvent, Severity } from "./event.ts";

/** `error` is kept for what someone must act on. */
const levels: Readonly<Record<Severity, LogLevel>> = {
  critical: "error",
  high: "warn",
  medium: "warn",
  low: "info",
  info: "info",
};

/** Writes each event as one line whose message is its type, with the rest of it as the line's fields. */
export function logEventSink(logger: Logger): EventSink {
  return { emit: (event) => logEvent(logger, event) };
}

/** Never throws, whatever `event` holds: a type that is not known to have been checked may say anything. */
export function logEvent(logger: Logger, event: NewEvent, more?: Readonly<Record<string, unknown>>): void {
  try {
    const { type, severity, time, ...rest } = event;
    const at = typeof time === "number" && Math.abs(time) <= latestTimeMs ? new Date(time).toISOString() : undefined;
    logger.line(levels[severity] ?? "warn", `event ${String(type)}`, { type, severity, ...rest, time: at, ...more });
  } catch (error) {
    logger.error("an event could not be logged", { error });
  }
}

/** What a `Date` can hold. */
const latestTimeMs = 8.64e15;
