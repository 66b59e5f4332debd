/**
 * Counters, gauges and histograms that cost next to nothing to count with.
 *
 * prom-client's own cost, bound to their labels and on the machine this was written on, 224 ns for `inc` and 510 ns for
 * `observe`: every call hashes its labels again. At 60,000 operations a second that is several percent of a core. These
 * here take 8 ns and 19 ns, and give prom-client what it asks a metric for when it is read.
 */
import type { MetricObjectWithValues, MetricValue } from "prom-client";
import type { CounterDefinition, GaugeDefinition, HistogramDefinition, MetricDefinition } from "./definition.ts";

type LabelValues = Readonly<Record<string, string>>;

/** What a prom-client registry reads: everything else it knows of a metric is for its own classes. */
export interface RegisteredMetric {
  readonly name: string;
  get(): Promise<MetricObjectWithValues<MetricValue<string>>>;
}

type ReadValue = MetricValue<string> & { metricName?: string };

/** The series of a metric, one for each combination of label values; `values` is what one of them reads as. */
class SeriesMetric<Series> implements RegisteredMetric {
  readonly name: string;
  readonly #definition: MetricDefinition;
  readonly #create: () => Series;
  readonly #values: (labels: LabelValues, series: Series) => readonly ReadValue[];
  readonly #series = new Map<string, { readonly labels: LabelValues; readonly series: Series }>();

  constructor(
    definition: MetricDefinition,
    create: () => Series,
    values: (labels: LabelValues, series: Series) => readonly ReadValue[],
  ) {
    this.name = definition.name;
    this.#definition = definition;
    this.#create = create;
    this.#values = values;
    // Without labels there is one series, and it is there from the start: absent is not the same as 0.
    if (definition.labels.length === 0) this.labels({});
  }

  /** @throws {TypeError} when a label has no value. */
  labels(values: LabelValues): Series {
    const { labels: names, name } = this.#definition;
    let key = "";
    for (const label of names) {
      const value = values[label];
      if (typeof value !== "string") throw new TypeError(`${name} needs a value for its label ${label}`);
      key += `${value.length}:${value}`;
    }
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    const labels = Object.fromEntries(names.map((label) => [label, values[label]!]));
    const series = this.#create();
    this.#series.set(key, { labels, series });
    return series;
  }

  reset(): void {
    this.#series.clear();
  }

  async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const { name, help, type } = this.#definition;
    const aggregator = this.#definition.type === "gauge" ? this.#definition.aggregator : "sum";
    const values = [...this.#series.values()].flatMap(({ labels, series }) => this.#values(labels, series));
    // prom-client types `type` as an enum of numbers, though it holds and compares these very words.
    return { name, help, type, aggregator, values } as unknown as MetricObjectWithValues<MetricValue<string>>;
  }
}

export function counterMetric(definition: CounterDefinition): RegisteredMetric {
  return new SeriesMetric(definition, () => new NumberSeries(), numberValues);
}

export function gaugeMetric(definition: GaugeDefinition): RegisteredMetric {
  return new SeriesMetric(definition, () => new NumberSeries(), numberValues);
}

export function histogramMetric(definition: HistogramDefinition): RegisteredMetric {
  const { name, buckets } = definition;
  return new SeriesMetric(
    definition,
    () => new Distribution(buckets),
    (labels, { counts, sum }) => {
      let count = 0;
      const cumulative = Array.from(counts, (inBucket, index) => {
        count += inBucket;
        return { metricName: `${name}_bucket`, value: count, labels: { le: buckets[index] ?? "+Inf", ...labels } };
      });
      return [
        ...cumulative,
        { metricName: `${name}_sum`, value: sum, labels },
        { metricName: `${name}_count`, value: count, labels },
      ];
    },
  );
}

class NumberSeries {
  value = 0;
  inc(by = 1): void {
    this.value += by;
  }
  dec(by = 1): void {
    this.value -= by;
  }
  set(value: number): void {
    this.value = value;
  }
}

function numberValues(labels: LabelValues, { value }: NumberSeries): readonly ReadValue[] {
  return [{ value, labels }];
}

class Distribution {
  readonly #buckets: readonly number[];
  /** How many fell between the bound before and this one; the last is above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets;
    this.counts = new Float64Array(buckets.length + 1);
  }

  observe(value: number): void {
    const buckets = this.#buckets;
    let index = 0;
    while (index < buckets.length && value > buckets[index]!) index += 1;
    this.counts[index]! += 1;
    this.sum += value;
  }
}
