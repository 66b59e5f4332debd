/** syslog: RFC 5424 records over TLS, TCP or UDP, or lines of this service's own log where something gathers that. */
import { createSocket } from "node:dgram";
import { hostname } from "node:os";
import type { Logger, LogLevel, Severity } from "@espalier/service";
import type { Channel, SendOutcome } from "./channel.ts";
import { type SyslogConfig, syslogPorts } from "./config.ts";
import { errorText } from "./http-outcome.ts";
import type { Message } from "./message.ts";
import { excerpt } from "./secrets.ts";
import { type ChannelSurroundings, readAuthority } from "./surroundings.ts";
import { formatRecord, frame, type RecordOrigin } from "./syslog-record.ts";
import { SyslogStream } from "./syslog-stream.ts";

/** RFC 5425 §4.3.1 and RFC 5426 §3.2: what a receiver should be able to take. */
const maxStreamBytes = 8_192;
const maxDatagramBytes = 2_048;

/** Ways of writing; each rejects when the record may not have got out. */
interface Transport {
  write(message: Message, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export class SyslogChannel implements Channel {
  readonly name: string;
  readonly kind = "syslog";
  readonly concurrency: number;
  readonly #transport: Transport;

  constructor(config: SyslogConfig, surroundings: ChannelSurroundings) {
    this.name = surroundings.name;
    this.concurrency = config.concurrency;
    this.#transport = transportOf(config, surroundings);
  }

  async send(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    if (signal.aborted) return { status: "retry", reason: "stopped before it was written" };
    try {
      await this.#transport.write(message, signal);
      return { status: "delivered" };
    } catch (error) {
      if (signal.aborted) return { status: "retry", reason: "stopped before it was written" };
      return { status: "retry", reason: excerpt(errorText(error)) };
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

function transportOf(config: SyslogConfig, surroundings: ChannelSurroundings): Transport {
  const { transport, host, facility } = config;
  if (transport === "log" || host === undefined) return logTransport(surroundings.logger);
  const port = config.port ?? syslogPorts[transport];
  const origin = { facility, hostname: hostname(), processId: process.pid };
  if (transport === "udp") return datagramTransport(host, port, origin);
  const stream = new SyslogStream({
    host,
    port,
    isSecure: transport === "tls",
    timeoutMs: config.timeout,
    ...readAuthority(config.ca),
  });
  return {
    write: (message, signal) => stream.write(frame(formatRecord(message, origin, maxStreamBytes)), signal),
    close: () => stream.close(),
  };
}

/** RFC 5426: one record a datagram. Nobody says whether it arrived. */
function datagramTransport(host: string, port: number, origin: RecordOrigin): Transport {
  return {
    write: (message) => {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
      return new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.send(formatRecord(message, origin, maxDatagramBytes), port, host, (error) =>
          error ? reject(error) : resolve(),
        );
      }).finally(() => socket.close());
    },
    close: async () => undefined,
  };
}

/** Somebody must act on the first two; the levels of this log say so. */
const levels: Readonly<Record<Severity, LogLevel>> = {
  critical: "error",
  high: "error",
  medium: "warn",
  low: "info",
  info: "info",
};

function logTransport(logger: Logger): Transport {
  return {
    write: async ({ deliveryId, status, severity, title, text, events }) => {
      const level = status === "resolved" ? "info" : levels[severity];
      if (!logger.isEnabled(level)) throw new Error(`log.level leaves out ${level}: set it to info`);
      logger.line(level, title, { deliveryId, status, severity, text, events: events.map(({ id }) => id) });
    },
    close: async () => undefined,
  };
}
