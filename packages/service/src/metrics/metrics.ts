/** The metrics of one process: registered from definitions, read as Prometheus text, or as data where a cluster adds up. */

import type { Metric, MetricObjectWithValues, MetricValue } from "prom-client";
import { AggregatorRegistry, collectDefaultMetrics, Registry } from "prom-client";
import type { CounterDefinition, GaugeDefinition, HistogramDefinition, MetricDefinition } from "./definition.ts";
import type { RegisteredMetric } from "./series.ts";
import { counterMetric, gaugeMetric, histogramMetric } from "./series.ts";

export interface Counter<Label extends string = string> {
  /** The series of these label values, made at its first use. Keep it where the same one is counted often. */
  labels(values: Readonly<Record<Label, string>>): CounterSeries;
}
export interface CounterSeries {
  inc(by?: number): void;
}
export interface Gauge<Label extends string = string> {
  labels(values: Readonly<Record<Label, string>>): GaugeSeries;
  /** Forgets all series: before a collect that sets those which still exist. */
  reset(): void;
}
export interface GaugeSeries {
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
}
export interface Histogram<Label extends string = string> {
  labels(values: Readonly<Record<Label, string>>): HistogramSeries;
}
export interface HistogramSeries {
  observe(value: number): void;
}

export type Instrument<D extends MetricDefinition> =
  D extends CounterDefinition<infer Label>
    ? Counter<Label>
    : D extends GaugeDefinition<infer Label>
      ? Gauge<Label>
      : D extends HistogramDefinition<infer Label>
        ? Histogram<Label>
        : never;

/** The state of all metrics as JSON: what a worker process sends to the one that answers the scrape. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

export interface Metrics {
  /**
   * Makes an instrument of each definition, under the same key.
   *
   * @throws {TypeError} for a name that Prometheus does not allow or that is taken, and for buckets that do not ascend.
   */
  register<const D extends Readonly<Record<string, MetricDefinition>>>(
    definitions: D,
  ): { readonly [K in keyof D]: Instrument<D[K]> };
  /** Runs before each reading, to set gauges from what is true then. */
  onCollect(collect: () => void | Promise<void>): void;
  /** Prometheus text format 0.0.4. */
  text(): Promise<string>;
  snapshot(): Promise<MetricsSnapshot>;
}

/** The media type of {@link Metrics.text} and {@link aggregateMetrics}. */
export const metricsContentType: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** With nothing in it. */
export function createMetrics(): Metrics {
  return metricsOf(new Registry());
}

/** Has the metrics of the process and of Node (`process_…`, `nodejs_…`) from the start: they are measured from then on. */
export function createProcessMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return metricsOf(registry);
}

function metricsOf(registry: Registry): Metrics {
  const collects: (() => void | Promise<void>)[] = [];
  const collect = () => Promise.all(collects.map((each) => each()));
  const add = (definition: MetricDefinition): RegisteredMetric => {
    checkDefinition(definition);
    if (registry.getSingleMetric(definition.name) !== undefined) {
      throw new TypeError(`the metric ${definition.name} is registered already`);
    }
    const metric = instrumentOf(definition);
    registry.registerMetric(metric as unknown as Metric);
    return metric;
  };
  return {
    register(definitions) {
      const made = Object.entries(definitions).map(([key, definition]) => [key, add(definition)]);
      return Object.fromEntries(made);
    },
    onCollect: (each) => collects.push(each),
    async text() {
      await collect();
      return registry.metrics();
    },
    async snapshot() {
      await collect();
      return registry.getMetricsAsJSON();
    },
  };
}

/**
 * The Prometheus text of several processes as if they were one: counters and histograms added up, gauges as their
 * definition says.
 */
export async function aggregateMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots as MetricsSnapshot[] as never).metrics();
}

function instrumentOf(definition: MetricDefinition): RegisteredMetric {
  switch (definition.type) {
    case "counter":
      return counterMetric(definition);
    case "gauge":
      return gaugeMetric(definition);
    case "histogram":
      return histogramMetric(definition);
  }
}

function checkDefinition(definition: MetricDefinition): void {
  const { name, labels } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name) || (definition.type === "counter") !== name.endsWith("_total")) {
    throw new TypeError(`${name} must be lower case words joined by _, with _total at the end of counters only`);
  }
  const badLabel = labels.find((label) => !/^[a-z][a-z0-9_]*$/.test(label) || label === "le");
  if (badLabel !== undefined) throw new TypeError(`${name} cannot have a label ${badLabel}`);
  if (definition.type !== "histogram") return;
  const ascends = definition.buckets.every((bound, index, all) => index === 0 || bound > all[index - 1]!);
  if (!ascends || definition.buckets.length === 0) throw new TypeError(`the buckets of ${name} must ascend`);
}
