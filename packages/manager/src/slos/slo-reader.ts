/** Reads objectives from Prometheus: for everybody who looks at the same time it is asked once. */
import type { z } from "zod";
import { budgetQuery, figuresQuery, objectivesOf } from "./objectives.ts";
import { type Prometheus, PrometheusError } from "./prometheus.ts";
import type { sloRoutes } from "./routes.ts";

type SlosJson = z.input<(typeof sloRoutes)["GET /slos"]["response"]>;
type HistoryJson = z.input<(typeof sloRoutes)["GET /slos/history"]["response"]>;
export type HistoryRange = z.output<(typeof sloRoutes)["GET /slos/history"]["query"]>["range"];

const dayMs = 86_400_000;
const rangeMs: Readonly<Record<HistoryRange, number>> = { day: dayMs, week: 7 * dayMs, month: 30 * dayMs };
const steps = 120;
/** Rules are evaluated more seldom than this. */
const keptMs = 5_000;

interface Kept {
  readonly until: number;
  readonly answer: Promise<unknown>;
}

export class SloReader {
  readonly #prometheus: Prometheus;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor({ prometheus, now }: { readonly prometheus: Prometheus; readonly now: () => number }) {
    this.#prometheus = prometheus;
    this.#now = now;
  }

  read(): Promise<SlosJson> {
    return this.#once("now", async () => {
      try {
        const [rules, samples] = await Promise.all([this.#prometheus.rules(), this.#prometheus.query(figuresQuery)]);
        return { state: "known", objectives: objectivesOf(rules, samples) };
      } catch (error) {
        return { ...away(error), objectives: [] };
      }
    });
  }

  readHistory(range: HistoryRange): Promise<HistoryJson> {
    return this.#once(range, async () => {
      const stepMs = rangeMs[range] / steps;
      const until = this.#now();
      const from = until - rangeMs[range];
      try {
        const series = await this.#prometheus.queryRange(budgetQuery, { from, until, stepMs });
        const objectives = series.flatMap(({ labels: { slo }, points }) => {
          if (slo === undefined) return [];
          const known = new Map(points.map(({ at, value }) => [Math.round((at - from) / stepMs), value]));
          const budgetLeft = Array.from({ length: steps + 1 }, (_, index) => finite(known.get(index)));
          return [{ name: slo, budgetLeft }];
        });
        return { state: "known", from, stepMs, objectives };
      } catch (error) {
        return { ...away(error), from, stepMs, objectives: [] };
      }
    });
  }

  /** An answer that says that it is away is kept as well: it is not to be asked more often for that. */
  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > now) return kept.answer as Promise<T>;
    const answer = ask();
    this.#kept.set(key, { until: now + keptMs, answer });
    return answer;
  }
}

function away(error: unknown): { readonly state: "away"; readonly problem: string } {
  if (!(error instanceof PrometheusError)) throw error;
  return { state: "away", problem: error.message };
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
