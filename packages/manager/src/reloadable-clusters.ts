/** The clusters of the configuration as it is now: a reload takes the place of all of them, and those of before end by and by. */
import { setTimeout as delay } from "node:timers/promises";
import type { ClusterConfig, EventSink, Logger, Metrics } from "@espalier/service";
import { ReusableMetrics } from "@espalier/service";
import type { Cluster, Clusters } from "./clusters/cluster.ts";
import { createClusters, type WatchedClusters } from "./clusters/clusters.ts";

export interface ReloadableClustersOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: EventSink;
  readonly onRefused: (identityKey: string) => void;
}

interface Generation {
  readonly clusters: WatchedClusters;
  /** The newest one's nodes go down and come up; what those of before see is no news. */
  isCurrent: boolean;
}

/** An import that is under way goes on with the connections that it has for as long as this. */
const retirementMs = 3_600_000;

export class ReloadableClusters implements Clusters {
  readonly #options: ReloadableClustersOptions;
  readonly #metrics: ReusableMetrics;
  readonly #generations = new Set<Generation>();
  readonly #closing = new AbortController();
  #current: WatchedClusters | undefined;

  private constructor(options: ReloadableClustersOptions) {
    this.#options = options;
    this.#metrics = new ReusableMetrics(options.metrics);
  }

  /** @throws CertificateError for TLS files that cannot be used */
  static async create(
    configs: readonly ClusterConfig[],
    options: ReloadableClustersOptions,
  ): Promise<ReloadableClusters> {
    const made = new ReloadableClusters(options);
    await made.replace(configs);
    return made;
  }

  get all(): readonly Cluster[] {
    return this.#now.all;
  }

  get(name: string): Cluster {
    return this.#now.get(name);
  }

  /** Open connections to nodes. */
  get connectionCount(): number {
    return this.#now.connectionCount;
  }

  forget(identityKey: string): void {
    for (const { clusters } of this.#generations) clusters.forget(identityKey);
  }

  /** With TLS files as they are now. @throws CertificateError, and everything is as before */
  async replace(configs: readonly ClusterConfig[]): Promise<void> {
    const { logger, events, onRefused } = this.#options;
    const generation = { isCurrent: true } as { clusters: WatchedClusters; isCurrent: boolean };
    const sink: EventSink = {
      emit: (event) => {
        if (generation.isCurrent) events.emit(event);
      },
    };
    generation.clusters = await createClusters(configs, {
      ...{ logger, onRefused, events: sink },
      metrics: this.#metrics.renew(),
    });
    const replaced = [...this.#generations];
    this.#generations.add(generation);
    this.#current = generation.clusters;
    for (const each of replaced) {
      if (each.isCurrent) this.#retire(each);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#generations].map(({ clusters }) => clusters.close()));
  }

  #retire(generation: Generation): void {
    generation.isCurrent = false;
    const { signal } = this.#closing;
    const end = async () => {
      await delay(retirementMs, undefined, { signal, ref: false });
      await generation.clusters.close();
      this.#generations.delete(generation);
    };
    // At the end all are closed.
    end().catch(() => undefined);
  }

  get #now(): WatchedClusters {
    if (this.#current === undefined) throw new TypeError("clusters were used before there are any");
    return this.#current;
  }
}
