/** What a metric is, as data: declared beside the code that counts, listed by the reference page, and registered at start. */

interface Definition<Label extends string> {
  /** Prometheus naming: `espalier_<service>_…`, base units, counters end in `_total`. */
  readonly name: string;
  /** One sentence for the exposition and the reference. */
  readonly help: string;
  readonly labels: readonly Label[];
}

export interface CounterDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: "counter";
}
export interface GaugeDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: "gauge";
  /** How the values of several processes become one. */
  readonly aggregator: "sum" | "min" | "max" | "average" | "first";
}
export interface HistogramDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: "histogram";
  /** Upper bounds, ascending, in the unit of the name; `+Inf` is added. */
  readonly buckets: readonly number[];
}
export type MetricDefinition<Label extends string = string> =
  | CounterDefinition<Label>
  | GaugeDefinition<Label>
  | HistogramDefinition<Label>;
