/** One log line and one count for every operation and connection: who, from where, what, how many, how long, and why. */
import { formatFilter, type RequestOp, resultCodeName } from "@espalier/ldap";
import type { ConnectionClosed, OperationEnded, ServerObserver, Session } from "@espalier/ldap/server";
import type { CounterSeries, HistogramSeries, Instrument, Logger } from "@espalier/service";
import type { gatewayMetrics } from "./metrics.ts";
import type { SessionState } from "./session-state.ts";

export type GatewayInstruments = {
  readonly [K in keyof typeof gatewayMetrics]: Instrument<(typeof gatewayMetrics)[K]>;
};

type Ended = OperationEnded<SessionState>;

/** The metrics of one kind of operation, looked up once and not for each of them. */
interface OperationSeries {
  /** In logs and metrics: the RFC's name, without `Request`. */
  readonly name: string;
  readonly duration: HistogramSeries;
  /** By result code, or by how it ended where there was no answer. */
  readonly counts: Map<number | Ended["outcome"], CounterSeries>;
}

function resultName(result: number | Ended["outcome"]): string {
  return typeof result === "number" ? resultCodeName(result) : result;
}

export class OperationObserver implements ServerObserver<SessionState> {
  readonly #log: Logger;
  readonly #metrics: GatewayInstruments;
  readonly #series = new Map<string, OperationSeries>();
  readonly #entriesSent: CounterSeries;
  readonly #opened: CounterSeries;

  constructor(log: Logger, metrics: GatewayInstruments) {
    this.#log = log;
    this.#metrics = metrics;
    this.#entriesSent = metrics.entriesSent.labels({});
    this.#opened = metrics.connectionsOpened.labels({});
  }

  connectionOpened(session: Session<SessionState>): void {
    this.#opened.inc();
    if (this.#log.isEnabled("debug")) this.#log.line("debug", "connection opened", peer(session));
  }

  connectionRefused(remoteAddress: string): void {
    this.#metrics.connectionsRefused.labels({}).inc();
    this.#log.warn("A connection was refused: the limit of connections is reached.", { remoteAddress });
  }

  connectionClosed({ session, reason, bytesRead, bytesWritten }: ConnectionClosed<SessionState>): void {
    this.#metrics.connectionsClosed.labels({ reason }).inc();
    if (this.#log.isEnabled("debug")) {
      this.#log.line("debug", "connection closed", { ...peer(session), reason, bytesRead, bytesWritten });
    }
  }

  operationEnded(event: Ended): void {
    const series = this.#seriesOf(event.request?.type ?? "unreadableRequest");
    this.#count(series, event.resultCode ?? event.outcome).inc();
    series.duration.observe(event.durationMs / 1000);
    if (event.entries > 0) this.#entriesSent.inc(event.entries);
    const reason = this.#reasonOf(event);
    const level = reason === undefined ? "info" : "warn";
    if (this.#log.isEnabled(level)) this.#log.line(level, series.name, fieldsOf(event, reason));
  }

  protocolError(session: Session<SessionState>, error: Error): void {
    this.#log.warn(`A client sent what is not LDAP: ${error.message}`, peer(session));
  }

  tlsError(session: Session<SessionState>, error: Error): void {
    this.#log.info(`A TLS handshake failed: ${error.message}`, peer(session));
  }

  handlerError(session: Session<SessionState>, messageId: number, error: unknown): void {
    this.#log.error("An operation failed.", { ...peer(session), messageId, error });
  }

  listenerError(error: Error): void {
    this.#log.error(`A listening socket failed: ${error.message}`, { error });
  }

  /** Takes the reason of a bind off its session. */
  #reasonOf({ request, session }: Ended): string | undefined {
    if (request?.type !== "bindRequest") return undefined;
    const reason = session.state?.reason;
    if (reason === undefined) return undefined;
    session.state = undefined;
    this.#metrics.bindRefusals.labels({ reason: reason.split(":", 1)[0]! }).inc();
    return reason;
  }

  #seriesOf(type: string): OperationSeries {
    let series = this.#series.get(type);
    if (!series) {
      const name = type.slice(0, -"Request".length);
      series = { name, duration: this.#metrics.durations.labels({ operation: name }), counts: new Map() };
      this.#series.set(type, series);
    }
    return series;
  }

  #count({ name, counts }: OperationSeries, result: number | Ended["outcome"]): CounterSeries {
    let count = counts.get(result);
    if (!count) {
      count = this.#metrics.operations.labels({ operation: name, result: resultName(result) });
      counts.set(result, count);
    }
    return count;
  }
}

function peer(session: Session<SessionState>) {
  const { id, remoteAddress, remotePort } = session;
  return { connectionId: id, remoteAddress, remotePort };
}

function fieldsOf(event: Ended, reason: string | undefined): Record<string, unknown> {
  const { session, messageId, request, durationMs, diagnosticMessage } = event;
  return {
    connectionId: session.id,
    messageId,
    remoteAddress: session.remoteAddress,
    secure: session.secure,
    boundAs: session.authorization.dn,
    ...whatOf(request),
    ...(request?.type === "searchRequest" ? { entries: event.entries } : {}),
    durationMs: Math.round(durationMs * 1000) / 1000,
    result: resultName(event.resultCode ?? event.outcome),
    ...(reason === undefined ? {} : { reason }),
    ...(diagnosticMessage === "" ? {} : { diagnosticMessage }),
  };
}

function whatOf(request: RequestOp | undefined): Record<string, unknown> {
  switch (request?.type) {
    case "searchRequest": {
      const { baseObject, scope, attributes } = request;
      return {
        base: baseObject,
        scope,
        filter: redacted(formatFilter(request.filter)),
        attributes: attributes.join(" "),
      };
    }
    case "bindRequest":
      return { dn: request.name };
    case "compareRequest":
      return { dn: request.entry, attribute: request.attribute };
    case "extendedRequest":
      return { oid: request.requestName };
    case "modifyRequest":
      return { dn: request.object };
    case "addRequest":
    case "delRequest":
    case "modifyDnRequest":
      return { dn: request.entry };
    default:
      return {};
  }
}

/** A filter that names userPassword may carry one. */
function redacted(filter: string): string {
  return /userpassword|2\.5\.4\.35/i.test(filter) ? "[names userPassword]" : filter;
}
