/** The log: one JSON object a line, `timestamp level logger message` first, then the fields of the event. */

import type { LineDestination } from "./destination.ts";
import { fileDescriptorDestination } from "./destination.ts";
import type { LogLevel } from "./level.ts";
import { levelRank } from "./level.ts";
import type { LogFields } from "./line.ts";
import { formatFields, formatLine } from "./line.ts";

export interface Logger {
  /** `gateway`, `gateway.bind`, … */
  readonly name: string;
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** Someone must act; a healthy day has none. */
  error(message: string, fields?: LogFields): void;
  /** The process is about to end. Written at once, with everything before it. */
  fatal(message: string, fields?: LogFields): void;
  line(level: LogLevel, message: string, fields?: LogFields): void;
  /** Whether a line of that level would be written: for fields that are dear to gather. */
  isEnabled(level: LogLevel): boolean;
  /** The logger of a part: `child("bind")` of `gateway` is `gateway.bind`. `fields` are on all its lines. */
  child(name: string, fields?: LogFields): Logger;
}

/** The root of the loggers of one process. */
export interface Log {
  /** The logger of a service or a subsystem. */
  logger(name: string, fields?: LogFields): Logger;
  /** Applies to every logger at once, those handed out already included. */
  level: LogLevel;
  /** Writes out what is buffered, now. Lines otherwise wait at most 20 ms; the end of the process flushes too. */
  flush(): void;
}

/** A file descriptor, written to in batches, or a function that is called with each line, its line end included. */
export type LogDestination = number | ((line: string) => void);

/** `destination` is standard output and `now`, in milliseconds since 1970, the clock unless told. */
export function createLog(
  options: { readonly level?: LogLevel; readonly destination?: LogDestination; readonly now?: () => number } = {},
): Log {
  const { level = "info", destination = 1, now = Date.now } = options;
  const core = new LogCore(level, destination, now);
  return {
    logger: (name, fields) => new NamedLogger(core, name, fields === undefined ? "" : formatFields(fields)),
    get level() {
      return core.level;
    },
    set level(changed) {
      core.setLevel(changed);
    },
    flush: () => core.destination.flush(),
  };
}

/** What all the loggers of a log share. */
class LogCore {
  readonly destination: LineDestination;
  readonly #now: () => number;
  level: LogLevel;
  rank: number;
  #timestampMs = Number.NaN;
  #timestamp = "";

  constructor(level: LogLevel, destination: LogDestination, now: () => number) {
    this.level = level;
    this.rank = levelRank[level];
    this.#now = now;
    if (typeof destination === "function") {
      this.destination = { write: destination, flush: () => {} };
    } else {
      this.destination = fileDescriptorDestination(destination, (lines) =>
        new NamedLogger(this, "log", "").warn("lines were dropped because nobody read them", { lines }),
      );
      process.on("exit", () => this.destination.flush());
    }
  }

  setLevel(level: LogLevel): void {
    this.level = level;
    this.rank = levelRank[level];
  }

  /** ISO 8601 in UTC. Formatting it is a tenth of a line's cost, so it is done once a millisecond. */
  timestamp(): string {
    const nowMs = this.#now();
    if (nowMs !== this.#timestampMs) {
      this.#timestampMs = nowMs;
      this.#timestamp = new Date(nowMs).toISOString();
    }
    return this.#timestamp;
  }
}

class NamedLogger implements Logger {
  readonly name: string;
  readonly #core: LogCore;
  readonly #quotedName: string;
  readonly #context: string;

  /** `context` is formatted already. */
  constructor(core: LogCore, name: string, context: string) {
    this.#core = core;
    this.name = name;
    this.#quotedName = JSON.stringify(name);
    this.#context = context;
  }

  trace(message: string, fields?: LogFields): void {
    this.line("trace", message, fields);
  }
  debug(message: string, fields?: LogFields): void {
    this.line("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.line("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.line("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.line("error", message, fields);
  }
  fatal(message: string, fields?: LogFields): void {
    this.line("fatal", message, fields);
    this.#core.destination.flush();
  }

  line(level: LogLevel, message: string, fields?: LogFields): void {
    const core = this.#core;
    if (levelRank[level] < core.rank) return;
    core.destination.write(formatLine(core.timestamp(), level, this.#quotedName, message, this.#context, fields));
  }

  isEnabled(level: LogLevel): boolean {
    return levelRank[level] >= this.#core.rank;
  }

  child(name: string, fields?: LogFields): Logger {
    const context = fields === undefined ? this.#context : this.#context + formatFields(fields);
    return new NamedLogger(this.#core, `${this.name}.${name}`, context);
  }
}
