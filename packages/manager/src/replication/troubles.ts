/** What is reported of replication, and when: each trouble once, when it begins and when it ends. */
import type { NewEvent } from "@espalier/service";
import type { LagCell } from "./lag.ts";
import type { Observation } from "./observe.ts";
import type { Edge } from "./topology.ts";

/** Something that can be wrong, as one look at the cluster found it. */
export interface Finding {
  /** `lag/NODE/SERVER ID`, `link/NODE/KIND/ADDRESS` */
  readonly subject: string;
  /** Who says so. */
  readonly node: string;
  /** `unknown` changes nothing: what was bad is not good for not being seen. */
  readonly verdict: "good" | "bad" | "unknown";
  /** Reported at once, or when it is seen a second time. */
  readonly isReportedAtOnce: boolean;
  readonly type: "replication.lagging" | "replication.broken";
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Trouble {
  readonly subject: string;
  readonly node: string;
  readonly state: "suspected" | "reported";
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface TroubleStep {
  /** To be kept in place of those before. */
  readonly troubles: readonly Trouble[];
  readonly events: readonly NewEvent[];
}

export function findingsOf({ lag, edges }: Observation, thresholdMs: number): Finding[] {
  return [...lag.cells.map((cell) => lagFinding(cell, thresholdMs)), ...edges.map(linkFinding)];
}

function lagFinding({ node, serverId, state, lagMs }: LagCell, thresholdMs: number): Finding {
  const isBad = state === "never_seen" || (lagMs ?? 0) > thresholdMs;
  return {
    ...{ subject: `lag/${node}/${serverId}`, node, type: "replication.lagging", isReportedAtOnce: false },
    verdict: state === "unknown" ? "unknown" : isBad ? "bad" : "good",
    data: { node, serverId, thresholdMs, ...(lagMs === undefined ? { neverSeen: true } : { lagMs }) },
  };
}

function linkFinding({ from, to, kind, status, detail }: Edge): Finding {
  const [own, other] = kind === "syncrepl" ? [to, from] : [from, to];
  const node = own.node ?? own.address;
  return {
    ...{ subject: `link/${node}/${kind}/${other.address}`, node, type: "replication.broken", isReportedAtOnce: true },
    verdict: status === "unknown" ? "unknown" : status === "broken" ? "bad" : "good",
    data: {
      ...{ node, kind, from: from.node ?? from.address, to: to.node ?? to.address },
      ...(detail === undefined ? {} : { detail }),
    },
  };
}

/**
 * @param before what was kept of the last look
 * @param silent nodes that could not be asked: what they said before stays as it was
 */
export function nextTroubles(
  cluster: string,
  findings: readonly Finding[],
  before: readonly Trouble[],
  silent: ReadonlySet<string>,
  at: number,
): TroubleStep {
  const kept = new Map(before.map((trouble) => [trouble.subject, trouble]));
  const troubles: Trouble[] = [];
  const events: NewEvent[] = [];
  for (const { subject, node, verdict, isReportedAtOnce, type, data } of findings) {
    const known = kept.get(subject);
    kept.delete(subject);
    if (verdict === "unknown") {
      if (known !== undefined) troubles.push(known);
    } else if (verdict === "good") {
      if (known?.state === "reported") {
        events.push(eventOf(cluster, node, "replication.recovered", { ...data, troubledMs: at - known.since }));
      }
    } else if (known?.state === "reported") {
      troubles.push(known);
    } else if (known === undefined && !isReportedAtOnce) {
      troubles.push({ subject, node, state: "suspected", since: at });
    } else {
      const since = known?.since ?? at;
      troubles.push({ subject, node, state: "reported", since });
      events.push(eventOf(cluster, node, type, data));
    }
  }
  // Nobody speaks of it any more: a link that was removed; or the one who did is silent.
  for (const trouble of kept.values()) if (silent.has(trouble.node)) troubles.push(trouble);
  return { troubles, events };
}

function eventOf(cluster: string, node: string, type: string, data: Finding["data"]): NewEvent {
  const severity = type === "replication.recovered" ? "info" : "high";
  return { type, severity, subject: `${cluster}/${node}`, source: "manager", data: { cluster, ...data } };
}
