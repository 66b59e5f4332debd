/** Replication as answers have it. */
import type { Csn } from "@espalier/ldap";
import type { z } from "zod";
import type { KindCounts } from "../reading/count.ts";
import type { DiffLine } from "./diff.ts";
import type { HistoryPoint } from "./history-store.ts";
import { localAttributes } from "./local-attributes.ts";
import type { Agreement, Consumer } from "./node-state.ts";
import type { Observation, ObservedNode } from "./observe.ts";
import type { diffLineSchema, replicationSchema } from "./routes.ts";

type ReplicationJson = z.input<typeof replicationSchema>;
type DiffLineJson = z.input<typeof diffLineSchema>;

export function observationJson(
  { at, baseDn, nodes, lag, edges }: Observation,
  counts: ReadonlyMap<string, KindCounts>,
): ReplicationJson {
  return {
    at: iso(at),
    base: baseDn,
    inSync: lag.inSync,
    ...defined({ problem: lag.problem }),
    nodes: nodes.map((node) => nodeJson(node, counts.get(node.node))),
    newest: lag.newest.map(csnJson),
    lag: lag.cells.map((cell) => ({ ...cell })),
    topology: {
      edges: [...edges],
      unknown: nodes.flatMap(({ node, state, problem }) => {
        if (state?.links !== undefined) return [];
        return [{ node, problem: state?.linksProblem ?? problem ?? "It could not be asked." }];
      }),
    },
  };
}

function nodeJson(
  { node, state, problem }: ObservedNode,
  counts: KindCounts | undefined,
): ReplicationJson["nodes"][number] {
  const { responseMs, source, newest, generation, consumers, agreements } = state ?? {};
  return {
    node,
    isReachable: state !== undefined,
    newest: [...(newest?.values() ?? [])].map(csnJson),
    ...defined({ responseMs, source, generation, counts, problem }),
    ...defined({ consumers: consumers?.map(consumerJson), agreements: agreements?.map(agreementJson) }),
  };
}

function csnJson({ serverId, csn, timeMs }: Csn) {
  return { serverId, csn, at: iso(timeMs) };
}

function consumerJson({
  lastConnectAt,
  lastContactAt,
  nextConnectAt,
  phase,
  lastCookieReceived,
  ...consumer
}: Consumer) {
  const times = {
    lastConnectAt: isoOf(lastConnectAt),
    lastContactAt: isoOf(lastContactAt),
    nextConnectAt: isoOf(nextConnectAt),
  };
  return { ...consumer, ...defined({ phase, lastCookieReceived, ...times }) };
}

function agreementJson({
  message,
  lastUpdateStartAt,
  lastUpdateEndAt,
  isUpdating,
  changesSent,
  ...agreement
}: Agreement) {
  const times = { lastUpdateStartAt: isoOf(lastUpdateStartAt), lastUpdateEndAt: isoOf(lastUpdateEndAt) };
  return { ...agreement, ...defined({ message, isUpdating, changesSent, ...times }) };
}

export function diffLineJson(line: DiffLine, nodes: readonly string[]): DiffLineJson {
  if ("end" in line) {
    const ignored = [...new Set(Object.values(localAttributes).flat())];
    return { end: { nodes: [...nodes], ignored, ...line.end } };
  }
  if ("progress" in line) return line;
  const { changedAt, ...finding } = line.finding;
  return { finding: { ...finding, ...defined({ changedAt: isoOf(changedAt) }) } } as DiffLineJson;
}

export function historyJson(points: readonly HistoryPoint[]) {
  const series = new Map<string, HistoryPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.node, point.serverId]);
    series.set(key, [...(series.get(key) ?? []), point]);
  }
  return [...series.values()].map((own) => {
    const { node = "", serverId = "" } = own[0] ?? {};
    return {
      node,
      ...(serverId === "" ? {} : { serverId }),
      points: own.map(({ at, lagMs, samples, unknown }) => ({
        at: iso(at),
        lagMs: lagMs ?? ("unknown" as const),
        samples,
        unknown,
      })),
    };
  });
}

export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function isoOf(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : iso(timeMs);
}

/** Without the members that are `undefined`. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
