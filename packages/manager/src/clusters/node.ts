/** One server of a cluster: its health, the connections to it, and what it has said of itself. */
import type { ClusterConfig, EventSink, Logger } from "@espalier/service";
import type { NodeStatus, ServerFacts } from "./cluster.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";
import { NodeHealth } from "./node-health.ts";
import { NodePools } from "./node-pools.ts";

export interface NodeOptions {
  readonly cluster: string;
  readonly endpoint: NodeEndpoint;
  readonly pool: ClusterConfig["pool"];
  readonly isWriteNode: boolean;
  /** Whether others could do what this node no longer does. */
  readonly hasUsableOthers: () => boolean;
  readonly now: () => number;
  readonly events: EventSink;
  readonly logger: Logger;
}

const factsKeptForMs = 300_000;

export class Node {
  readonly name: string;
  readonly pools: NodePools;
  readonly health: NodeHealth;
  readonly #options: NodeOptions;
  #facts: { readonly facts: ServerFacts; readonly readAtMs: number } | undefined;

  constructor(options: NodeOptions) {
    const { endpoint, now, pool } = options;
    this.#options = options;
    this.name = endpoint.name;
    this.pools = new NodePools(endpoint, pool);
    this.health = new NodeHealth({ endpoint, now, onChange: (state, reason) => this.#changed(state, reason) });
  }

  /** Not known to be down. */
  get isUsable(): boolean {
    return this.health.state !== "down";
  }

  get status(): NodeStatus {
    const { endpoint, isWriteNode } = this.#options;
    const { state, reason, checkedAt, responseMs } = this.health;
    return { name: this.name, url: endpoint.url, state, reason, checkedAt, responseMs, isWriteNode };
  }

  /** While they are fresh. */
  get facts(): ServerFacts | undefined {
    const kept = this.#facts;
    return kept !== undefined && this.#options.now() - kept.readAtMs < factsKeptForMs ? kept.facts : undefined;
  }

  keepFacts(facts: ServerFacts): void {
    this.#facts = { facts, readAtMs: this.#options.now() };
  }

  #changed(state: "up" | "down", reason: string | undefined): void {
    const { cluster, hasUsableOthers, events, logger } = this.#options;
    // It may be another version of the server that comes back.
    this.#facts = undefined;
    if (state === "down" && hasUsableOthers()) this.pools.abandonReads();
    const fields = { cluster, node: this.name, ...(reason === undefined ? {} : { reason }) };
    if (state === "down") logger.warn("a node is down", fields);
    else logger.info("a node is up again", fields);
    events.emit({
      type: `node.${state}`,
      severity: state === "down" ? "high" : "info",
      subject: `${cluster}/${this.name}`,
      source: "manager",
      ...(reason === undefined ? {} : { data: { reason } }),
    });
  }
}
