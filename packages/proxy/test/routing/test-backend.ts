/** Backends with a real state and connections that are just figures. */

import type { Backend } from "../../src/backend/backend.ts";
import type { BackendAdmin, BackendHealth } from "../../src/backend/backend-state.ts";
import { BackendState } from "../../src/backend/backend-state.ts";
import type { Clock } from "../../src/backend/clock.ts";
import { ManualClock } from "../health/manual-clock.ts";

export interface TestBackend extends Backend {
  readonly figures: { pending: number; latencyMs: number | undefined };
}

export interface TestBackendOptions {
  readonly health?: BackendHealth;
  readonly admin?: BackendAdmin;
  readonly weight?: number;
  readonly pending?: number;
  readonly latencyMs?: number;
  readonly clock?: Clock;
  readonly slowStartMs?: number;
}

export function testBackend(name: string, options: TestBackendOptions = {}): TestBackend {
  const { health = "up", admin = "ready", weight = 1, pending = 0, latencyMs, slowStartMs = 0 } = options;
  const state = new BackendState({ clock: options.clock ?? new ManualClock(), slowStartMs });
  state.setHealth(health, "of the test");
  state.setAdmin(admin);
  const figures = { pending, latencyMs };
  return {
    name,
    url: `ldap://${name}`,
    weight,
    state,
    figures,
    connections: figures as unknown as Backend["connections"],
  };
}

export const nobody: ReadonlySet<Backend> = new Set();

/** How often each was chosen, by name. */
export function tally(choices: readonly (Backend | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const backend of choices) {
    const name = backend?.name ?? "nobody";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
