/** The state of a proxy as `espalier proxy status` shows it: as JSON, and as a table for a person. */
import type { BackendAdmin, BackendHealth } from "../backend/backend-state.ts";
import { formatTable } from "./table.ts";

export interface ProxyStatus {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601, as are the others. */
  readonly startedAt: string;
  readonly listeners: readonly string[];
  readonly clients: number;
  /** Every backend is down: all of them are tried. */
  readonly isPanicking: boolean;
  /** The name of the backend that takes writes; absent while there is none. */
  readonly writeNode?: string;
  readonly tiers: readonly { readonly strategy: string; readonly backends: readonly BackendStatus[] }[];
}

export interface BackendStatus {
  readonly name: string;
  readonly url: string;
  readonly health: BackendHealth;
  readonly admin: BackendAdmin;
  /** Of health and admin. */
  readonly since: string;
  /** Why the health is what it is. */
  readonly reason: string;
  readonly weight: number;
  /** Which part of its share it gets. */
  readonly slowStart: number;
  readonly connections: number;
  readonly pending: number;
  readonly latencyMs?: number;
  readonly lagMs?: number;
  readonly isWritable?: boolean;
}

/** Whether every backend that an administrator has not set aside is up. */
export function isSound({ tiers }: ProxyStatus): boolean {
  return tiers.every(({ backends }) => backends.every(({ health, admin }) => health === "up" || admin !== "ready"));
}

export function formatStatus(status: ProxyStatus, now: Date): string {
  const { version, pid, startedAt, listeners, clients, isPanicking, writeNode, tiers } = status;
  const rows = tiers.flatMap(({ strategy, backends }, t) =>
    backends.map((backend, b) => [
      ...(b === 0 ? [String(t + 1), strategy] : ["", ""]),
      backend.name,
      stateOf(backend),
      age(backend.since, now),
      backend.name === writeNode ? "writes" : "",
      String(backend.weight),
      String(backend.connections),
      String(backend.pending),
      backend.latencyMs === undefined ? "" : `${backend.latencyMs.toFixed(1)} ms`,
      backend.health === "up" ? "" : backend.reason,
    ]),
  );
  const heads = ["tier", "strategy", "backend", "state", "for", "", "weight", "open", "pending", "latency", "why"];
  return [
    `espalier proxy ${version}, process ${pid}, running for ${age(startedAt, now)}, ${clients} clients on ${listeners.join(", ")}`,
    ...(isPanicking ? ["No backend is up: all of them are tried."] : []),
    ...(writeNode === undefined ? ["No backend takes writes."] : []),
    "",
    formatTable(heads, rows),
  ].join("\n");
}

function stateOf({ health, admin, slowStart }: BackendStatus): string {
  if (admin !== "ready") return health === "up" ? admin : `${admin}, ${health}`;
  return slowStart < 1 && health === "up" ? `up, ${Math.round(slowStart * 100)} %` : health;
}

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** In the largest unit that is full. */
function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  const [unit, length] = units.find(([, each]) => seconds >= each) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${unit}`;
}
