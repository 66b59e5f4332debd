/** Hands what happens to clients and their operations to the access log, the metrics, the tap and the hygiene report. */
import { OpTag } from "@espalier/ldap";
import type { GaugeSeries, LogFields, Logger } from "@espalier/service";
import type { ClientObserver, RefusedConnection } from "../client/client-observer.ts";
import type { Frame } from "../frame/frame.ts";
import { AccessLog, clientFields } from "./access-log.ts";
import type { HygieneReport } from "./hygiene-report.ts";
import { LineBudget } from "./line-budget.ts";
import { OperationMetrics } from "./operation-metrics.ts";
import type { ClientFacts, OperationRecord } from "./operation-record.ts";
import type { ProxyInstruments } from "./proxy-instruments.ts";
import type { ProxyObserver } from "./proxy-observer.ts";
import type { Tap } from "./tap.ts";

export interface OperationObserverOptions {
  readonly log: Logger;
  readonly metrics: ProxyInstruments;
  /** Whether each operation is a line of the log. */
  readonly accessLog: boolean;
  readonly tap: Tap;
  readonly hygiene: HygieneReport;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** One for both: the listeners tell it of connections, the dispatcher of operations and frames. */
export class OperationObserver implements ProxyObserver, ClientObserver {
  readonly #log: Logger;
  readonly #accessLog: AccessLog;
  readonly #metrics: ProxyInstruments;
  readonly #operations: OperationMetrics;
  readonly #open: GaugeSeries;
  readonly #tap: Tap;
  readonly #hygiene: HygieneReport;
  readonly #strangers: LineBudget;

  constructor({ log, metrics, accessLog, tap, hygiene, now = Date.now }: OperationObserverOptions) {
    this.#log = log;
    this.#accessLog = new AccessLog(log, accessLog);
    this.#metrics = metrics;
    this.#operations = new OperationMetrics(metrics);
    this.#open = metrics.connections.labels({});
    this.#tap = tap;
    this.#hygiene = hygiene;
    this.#strangers = new LineBudget(now);
  }

  connectionOpened(client: ClientFacts): void {
    this.#open.inc();
    this.#metrics.connectionsOpened.labels({ listener: client.listener }).inc();
    if (this.#log.isEnabled("debug")) this.#log.line("debug", "connection opened", clientFields(client));
  }

  connectionClosed(client: ClientFacts, reason: string): void {
    this.#open.dec();
    this.#metrics.connectionsClosed.labels({ reason }).inc();
    this.#tap.connectionClosed(client);
    if (this.#log.isEnabled("debug")) {
      this.#log.line("debug", "connection closed", { ...clientFields(client), reason });
    }
  }

  connectionRefused({ address, listener, reason, error }: RefusedConnection): void {
    this.#metrics.connectionsRefused.labels({ reason }).inc();
    const text = `A connection was refused: ${error?.message ?? reason}`;
    this.#tellOfStranger(text, { remoteAddress: address, listener, reason });
  }

  protocolError(client: ClientFacts, error: Error): void {
    this.#tellOfStranger(`A client broke the protocol: ${error.message}`, clientFields(client));
  }

  sessionError(client: ClientFacts, error: unknown): void {
    this.#log.error("A client was disconnected: its request could not be handled.", { ...clientFields(client), error });
  }

  listenerError(listener: string, error: Error): void {
    this.#log.error(`A listener cannot take connections: ${error.message}`, { listener, error });
  }

  operationEnded(record: OperationRecord): void {
    this.#operations.operationEnded(record);
    this.#hygiene.operationEnded(record);
    this.#accessLog.operationEnded(record);
  }

  describes(request: Frame, boundAs: string): boolean {
    return (
      request.opTag !== OpTag.searchRequest || this.#accessLog.isWritten || this.#hygiene.looksInto(request, boundAs)
    );
  }

  get isTapped(): boolean {
    return this.#tap.isTapped;
  }

  request(client: ClientFacts, frame: Frame): void {
    this.#tap.request(client, frame);
  }

  response(client: ClientFacts, frame: Frame): void {
    this.#tap.response(client, frame);
  }

  #tellOfStranger(text: string, fields: LogFields): void {
    const line = this.#strangers.spend();
    if (line === undefined) return;
    this.#log.info(text, line.suppressed === 0 ? fields : { ...fields, suppressedLines: line.suppressed });
  }
}
