/** Metrics for parts that a reload makes anew: their instruments stay, and only the newest part sets them when they are read. */
import type { MetricDefinition } from "./definition.ts";
import type { Metrics } from "./metrics.ts";

type Definitions = Readonly<Record<string, MetricDefinition>>;
type Collect = () => void | Promise<void>;

export class ReusableMetrics {
  readonly #metrics: Metrics;
  readonly #registered = new Map<Definitions, unknown>();
  #collects: Collect[] = [];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    metrics.onCollect(async () => {
      await Promise.all(this.#collects.map((collect) => collect()));
    });
  }

  /** For the parts that are made now: those of before are not asked any more. */
  renew(): Metrics {
    const collects: Collect[] = [];
    this.#collects = collects;
    return {
      register: (definitions) => {
        const instruments = this.#registered.get(definitions) ?? this.#metrics.register(definitions);
        this.#registered.set(definitions, instruments);
        return instruments as never;
      },
      onCollect: (collect) => collects.push(collect),
      text: () => this.#metrics.text(),
      snapshot: () => this.#metrics.snapshot(),
    };
  }
}
