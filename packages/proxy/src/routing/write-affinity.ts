/**
 * Read-your-writes: who wrote a moment ago reads where the write went, until the others will have it too. By connection, and
 * by name, because many applications connect anew for every request. Memory is bounded: the oldest names are forgotten.
 */
import { hash } from "node:crypto";
import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../backend/clock.ts";
import type { AffinityKey } from "./router.ts";

export interface WriteAffinityOptions {
  /** How long after a write; 0 for not at all. */
  readonly afterWriteMs: number;
  readonly clock: Clock;
  /** @default 20,000: with names of 256 characters some 12 MB */
  readonly maxNames?: number;
}

interface Written {
  readonly backend: Backend;
  readonly untilMs: number;
}

const longestKeptName = 256;

export class WriteAffinity {
  readonly #afterWriteMs: number;
  readonly #clock: Clock;
  readonly #maxNames: number;
  readonly #byClient = new WeakMap<object, Written>();
  /** In the order in which they end. */
  readonly #byName = new Map<string, Written>();

  constructor({ afterWriteMs, clock, maxNames = 20_000 }: WriteAffinityOptions) {
    this.#afterWriteMs = afterWriteMs;
    this.#clock = clock;
    this.#maxNames = maxNames;
  }

  /** `target`: the normalized DN of the entry that was written. */
  wrote({ client, bindDn }: AffinityKey, backend: Backend, target: string | undefined): void {
    if (this.#afterWriteMs === 0) return;
    const written: Written = { backend, untilMs: this.#clock.now() + this.#afterWriteMs };
    this.#byClient.set(client, written);
    if (bindDn) this.#remember(nameKey(bindDn), written);
    if (target) this.#remember(nameKey(target), written);
  }

  ofClient({ client, bindDn }: AffinityKey): Backend | undefined {
    return this.#valid(this.#byClient.get(client)) ?? (bindDn ? this.ofName(bindDn) : undefined);
  }

  ofName(normalizedDn: string): Backend | undefined {
    return this.#byName.size === 0 ? undefined : this.#valid(this.#byName.get(nameKey(normalizedDn)));
  }

  /** Names remembered, for a metric. */
  get size(): number {
    return this.#byName.size;
  }

  #valid(written: Written | undefined): Backend | undefined {
    return written !== undefined && this.#clock.now() < written.untilMs ? written.backend : undefined;
  }

  #remember(key: string, written: Written): void {
    this.#byName.delete(key);
    this.#byName.set(key, written);
    const nowMs = this.#clock.now();
    for (const [oldest, { untilMs }] of this.#byName) {
      if (untilMs > nowMs && this.#byName.size <= this.#maxNames) return;
      this.#byName.delete(oldest);
    }
  }
}

function nameKey(normalizedDn: string): string {
  return normalizedDn.length <= longestKeptName ? normalizedDn : hash("sha256", normalizedDn, "base64");
}
