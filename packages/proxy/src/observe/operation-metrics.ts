/** Counts operations, and looks each series up once and not for every one of them. */
import type { CounterSeries, HistogramSeries } from "@espalier/service";
import { resultName } from "./access-log.ts";
import type { OperationRecord } from "./operation-record.ts";
import type { ProxyInstruments } from "./proxy-instruments.ts";

interface OperationSeries {
  readonly duration: HistogramSeries;
  readonly byResult: Map<number | undefined, CounterSeries>;
}

interface BackendSeries {
  readonly duration: HistogramSeries;
  readonly byReason: Map<string, CounterSeries>;
}

export class OperationMetrics {
  readonly #metrics: ProxyInstruments;
  readonly #operations = new Map<string, OperationSeries>();
  readonly #backends = new Map<string, BackendSeries>();
  readonly #queue: HistogramSeries;
  readonly #moved: CounterSeries;
  readonly #inDoubt: CounterSeries;
  readonly #entries: CounterSeries;
  readonly #bytes: CounterSeries;

  constructor(metrics: ProxyInstruments) {
    this.#metrics = metrics;
    this.#queue = metrics.queueDurations.labels({});
    this.#moved = metrics.moved.labels({});
    this.#inDoubt = metrics.inDoubt.labels({});
    this.#entries = metrics.entriesSent.labels({});
    this.#bytes = metrics.bytesSent.labels({});
  }

  operationEnded(record: OperationRecord): void {
    const { operation, resultCode, durationMs, queuedMs, backend, reason = "none", refusedBy, rule } = record;
    const series = this.#operation(operation);
    this.#result(operation, series, resultCode).inc();
    series.duration.observe(durationMs / 1000);
    if (queuedMs > 0) this.#queue.observe(queuedMs / 1000);
    if (backend !== undefined) {
      const ofBackend = this.#backend(backend);
      this.#reason(backend, ofBackend, reason).inc();
      ofBackend.duration.observe((durationMs - queuedMs) / 1000);
    }
    if (record.attempts > 1) this.#moved.inc();
    if (record.inDoubt === true) this.#inDoubt.inc();
    if (refusedBy !== undefined) this.#metrics.refusals.labels({ by: refusedBy }).inc();
    if (rule !== undefined) this.#metrics.firewallRefusals.labels({ rule }).inc();
    if (record.entries > 0) this.#entries.inc(record.entries);
    this.#bytes.inc(record.bytes);
  }

  #operation(operation: string): OperationSeries {
    let series = this.#operations.get(operation);
    if (series === undefined) {
      series = { duration: this.#metrics.durations.labels({ operation }), byResult: new Map() };
      this.#operations.set(operation, series);
    }
    return series;
  }

  #result(operation: string, { byResult }: OperationSeries, resultCode: number | undefined): CounterSeries {
    let count = byResult.get(resultCode);
    if (count === undefined) {
      count = this.#metrics.operations.labels({ operation, result: resultName(resultCode) });
      byResult.set(resultCode, count);
    }
    return count;
  }

  #backend(backend: string): BackendSeries {
    let series = this.#backends.get(backend);
    if (series === undefined) {
      series = { duration: this.#metrics.backendDurations.labels({ backend }), byReason: new Map() };
      this.#backends.set(backend, series);
    }
    return series;
  }

  #reason(backend: string, { byReason }: BackendSeries, reason: string): CounterSeries {
    let count = byReason.get(reason);
    if (count === undefined) {
      count = this.#metrics.routed.labels({ backend, reason });
      byReason.set(reason, count);
    }
    return count;
  }
}
