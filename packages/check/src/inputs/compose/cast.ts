/** Texts that compose takes as another type, by where they are: `privileged: "true"`, `replicas: ${REPLICAS}`. */
import type { Key, Scalar } from "../config-node.ts";
import { pattern } from "./pattern.ts";

export interface TextCast {
  readonly type: "boolean" | "number";
  /** Undefined for a text that is no such value. */
  readonly cast: Cast;
}

type Cast = (text: string) => Scalar | undefined;

const truths: ReadonlyMap<string, boolean> = new Map([
  ...["true", "y", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "n", "no", "off"].map((word) => [word, false] as const),
]);

const toBoolean: Cast = (text) => truths.get(text.toLowerCase());
const toNumber: Cast = (text) => (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined);

const booleans = [
  "configs.*.external",
  "networks.*.attachable",
  "networks.*.external",
  "networks.*.internal",
  "secrets.*.external",
  "services.*.healthcheck.disable",
  "services.*.init",
  "services.*.oom_kill_disable",
  "services.*.privileged",
  "services.*.read_only",
  "services.*.stdin_open",
  "services.*.tty",
  "services.*.volumes.*.read_only",
  "services.*.volumes.*.volume.nocopy",
  "volumes.*.external",
];

const numbers = [
  "services.*.cpu_count",
  "services.*.cpu_percent",
  "services.*.cpu_period",
  "services.*.cpu_quota",
  "services.*.cpu_shares",
  "services.*.cpus",
  "services.*.deploy.replicas",
  "services.*.deploy.restart_policy.max_attempts",
  "services.*.healthcheck.retries",
  "services.*.oom_score_adj",
  "services.*.pids_limit",
  "services.*.ports.*.target",
  "services.*.scale",
  "services.*.ulimits.*",
];

const casts = new Map<string, TextCast>([
  ...booleans.map((path) => [path, { type: "boolean", cast: toBoolean }] as const),
  ...numbers.map((path) => [path, { type: "number", cast: toNumber }] as const),
]);

const lastKeys: ReadonlySet<Key | undefined> = new Set([...casts.keys()].map((path) => path.split(".").at(-1)));

/** What a text is taken for where it stands; undefined where it stays a text, as most do. */
export function castAt(path: readonly Key[]): TextCast | undefined {
  return lastKeys.has(path.at(-1)) || path[2] === "ulimits" ? casts.get(pattern(path)) : undefined;
}
