/** Looks at the replication of the clusters again and again: for the history, the metrics and the events. */
import type { Instrument, Logger, Metrics } from "@espalier/service";
import type { Cluster, Clusters } from "../clusters/cluster.ts";
import { serviceIdentity } from "../sessions/identities.ts";
import type { ReplicationConfig } from "./config.ts";
import type { HistoryStore } from "./history-store.ts";
import { replicationMetrics } from "./metrics.ts";
import { type Observation, observeReplication } from "./observe.ts";
import { findingsOf } from "./troubles.ts";

export interface SamplerOptions extends ReplicationConfig {
  readonly clusters: Clusters;
  readonly history: HistoryStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

interface Watched {
  readonly cluster: Cluster;
  /** Of the last round. */
  observation: Observation | undefined;
  /** Why there was none, a sentence. */
  problem: string | undefined;
  running: Promise<void> | undefined;
  notBefore: number;
}

type Instruments = { readonly [Key in keyof typeof replicationMetrics]: Instrument<(typeof replicationMetrics)[Key]> };

const hourMs = 3_600_000;
/** After a password was refused: to try it every minute would lock the account. */
const refusedForMs = hourMs;
const noAccount =
  "No history is kept of this cluster: set its `bind_dn` and `bind_password`, an account that may read contextCSN or nsds50ruv.";

export class ReplicationSampler implements AsyncDisposable {
  readonly #options: SamplerOptions;
  readonly #watched: readonly Watched[];
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #removedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SamplerOptions) {
    const { clusters, metrics } = options;
    this.#options = options;
    this.#watched = clusters.all.map((cluster) => ({
      ...{ cluster, observation: undefined, running: undefined, notBefore: 0 },
      problem: serviceIdentity(cluster.config) === undefined ? noAccount : undefined,
    }));
    const instruments = metrics.register(replicationMetrics);
    metrics.onCollect(() => {
      instruments.lag.reset();
      instruments.unknown.reset();
      for (const watched of this.#watched) this.#measure(watched, instruments);
    });
  }

  /** The first round is at once; the others are on the grid of the interval. */
  start(): void {
    void this.#round();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort();
    await Promise.all(this.#watched.map(({ running }) => running));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Why no history is being kept of a cluster, a sentence; `undefined` where one is. */
  problemOf(cluster: string): string | undefined {
    return this.#watched.find((watched) => watched.cluster.name === cluster)?.problem;
  }

  /** A round of every cluster that has an account to look with; of one whose last round goes on, that is waited for. */
  async sample(): Promise<void> {
    await Promise.all(this.#watched.map((watched) => this.#sampleOne(watched)));
    const { history, keepDays, logger, now } = this.#options;
    if (now() - this.#removedAt < hourMs || this.#stopping.signal.aborted) return;
    this.#removedAt = now();
    await history.removeOlder(now() - keepDays * 86_400_000).catch((error) => {
      logger.warn("the old history of replication could not be removed", { error });
    });
  }

  async #round(): Promise<void> {
    const { interval, now } = this.#options;
    if (this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#round(), interval - (now() % interval));
    await this.sample();
  }

  #sampleOne(watched: Watched): Promise<void> {
    watched.running ??= this.#observe(watched).finally(() => {
      watched.running = undefined;
    });
    return watched.running;
  }

  async #observe(watched: Watched): Promise<void> {
    const { history, interval, lagThreshold, logger, now } = this.#options;
    const { cluster } = watched;
    const identity = serviceIdentity(cluster.config);
    if (identity === undefined || now() < watched.notBefore) return;
    const { signal } = this.#stopping;
    try {
      const observation = await observeReplication(cluster, identity, { signal, now });
      watched.observation = observation;
      watched.problem = undefined;
      if (observation.nodes.some(({ isRefused }) => isRefused)) {
        watched.notBefore = now() + refusedForMs;
        watched.problem = `The directory does not accept \`bind_dn\` and \`bind_password\` of ${cluster.name}: it is tried again in an hour.`;
        logger.error("replication cannot be watched: the account was refused", { cluster: cluster.name });
      }
      const { lag, nodes } = observation;
      const nobody = nodes.map(({ node }) => ({ node, serverId: "" }));
      await history.note({
        cluster: cluster.name,
        at: observation.at - (observation.at % interval),
        cells: lag.newest.length === 0 ? nobody : lag.cells,
        findings: findingsOf(observation, lagThreshold),
        silent: new Set(nodes.flatMap(({ node, state }) => (state === undefined ? [node] : []))),
      });
    } catch (error) {
      if (signal.aborted) return;
      watched.problem = `The last look at replication failed: ${(error as Error).message}`;
      logger.warn("replication could not be sampled", { cluster: cluster.name, error });
    }
  }

  /** What was seen too long ago is not known any more. */
  #measure({ cluster, observation }: Watched, { lag, unknown }: Instruments): void {
    if (serviceIdentity(cluster.config) === undefined) return;
    const { interval, now } = this.#options;
    const isFresh = observation !== undefined && now() - observation.at < 3 * interval;
    const cells = isFresh ? observation.lag.cells : [];
    for (const { name: node } of cluster.nodes()) {
      const own = cells.filter((cell) => cell.node === node);
      const isKnown = own.length > 0 && own.every(({ state }) => state !== "unknown");
      unknown.labels({ directory: cluster.name, node }).set(isKnown ? 0 : 1);
      for (const { serverId: server_id, lagMs } of own) {
        if (lagMs !== undefined) lag.labels({ directory: cluster.name, node, server_id }).set(lagMs / 1_000);
      }
    }
  }
}
