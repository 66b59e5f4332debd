/** How far the servers of a group are apart: since when a change has existed that one of them lacks. */
import { setTimeout as delay } from "node:timers/promises";
import type { ReplicaPosition, ReplicaVector } from "@espalier/ldap";
import { PartialSearchError } from "@espalier/ldap/client";
import type { ObservedReplication } from "../observed/replication.ts";
import { parseGeneralizedTime } from "./clock.ts";
import { type Replica, readVector } from "./node.ts";
import { deadline } from "./probe.ts";

export interface NamedReplica extends Replica {
  readonly name: string;
}

/** What is on its way when servers are asked, one after the other, is given so long to arrive. */
const settleMs = 2_000;
const askAgainMs = 200;
const searchTimeoutMs = 2_500;
/** Of the changes that a server lacks so many are looked at for the oldest. */
const maxChanges = 500;

export async function observeReplication(
  cluster: string,
  replicas: readonly NamedReplica[],
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): Promise<ObservedReplication[]> {
  if (replicas.length < 2) return [];
  const targets = newestOf(replicas);
  return Promise.all(
    replicas.map(async (replica) => {
      const { name } = replica;
      const missing = await settled(replica, targets, signal);
      if (missing.length === 0) return { cluster, node: name, lagSeconds: 0 };
      const since = await Promise.all(missing.map((target) => missingSince(target, replicas, signal)));
      return { cluster, node: name, lagSeconds: Math.max(0, Math.round((now() - Math.min(...since)) / 1_000)) };
    }),
  );
}

/** The newest change of a server that any of them has. */
interface Newest {
  readonly serverId: string;
  readonly position: ReplicaPosition;
}

function newestOf(replicas: readonly { readonly vector: ReplicaVector }[]): Newest[] {
  const newest = new Map<string, ReplicaPosition>();
  for (const [serverId, position] of replicas.flatMap(({ vector }) => [...vector])) {
    const known = newest.get(serverId);
    if (known === undefined || position.csn > known.csn) newest.set(serverId, position);
  }
  return [...newest].map(([serverId, position]) => ({ serverId, position }));
}

interface Missing extends Newest {
  /** The newest that it has; undefined where it has none of that server. */
  readonly own: ReplicaPosition | undefined;
}

function missingIn(vector: ReplicaVector, targets: readonly Newest[]): Missing[] {
  return targets.flatMap((target) => {
    const own = vector.get(target.serverId);
    return own !== undefined && own.csn >= target.position.csn ? [] : [{ ...target, own }];
  });
}

/** What it still lacks after a while, of what there was at first. */
async function settled({ client, base, vector }: Replica, targets: readonly Newest[], signal: AbortSignal) {
  let missing = missingIn(vector, targets);
  for (let waitedMs = 0; missing.length > 0 && waitedMs < settleMs; waitedMs += askAgainMs) {
    await delay(askAgainMs, undefined, { signal }).catch(() => undefined);
    const now = await readVector(client, base, signal).catch(() => undefined);
    if (now === undefined) break;
    missing = missingIn(now, targets);
  }
  return missing;
}

/**
 * The oldest change that another has and this one has not, as far as entries show it: of an entry that was changed again the
 * earlier change is not seen, nor one that was deleted. What is certain is the newest.
 *
 * The time between the two newest changes would not do: after a quiet night the first of the morning is hours newer.
 */
async function missingSince(
  { serverId, position, own }: Missing,
  replicas: readonly Replica[],
  signal: AbortSignal,
): Promise<number> {
  const ahead = replicas.find(({ vector }) => vector.get(serverId)?.csn === position.csn);
  if (ahead === undefined || own === undefined) return position.timeMs;
  const filter = `(modifyTimestamp>=${generalizedTime(own.timeMs + 1_000)})`;
  const search = {
    ...{ baseObject: ahead.base, filter, attributes: ["modifyTimestamp"] },
    ...{ sizeLimit: maxChanges, timeLimit: 2 },
  };
  const { entries } = await ahead.client
    .searchAll(search, { signal: deadline(searchTimeoutMs, signal) })
    .catch((error: unknown) => (error instanceof PartialSearchError ? error : { entries: [] }));
  const times = entries.flatMap((entry) => parseGeneralizedTime(entry.text("modifyTimestamp") ?? "") ?? []);
  return Math.min(position.timeMs, ...times);
}

/** RFC 4517 §3.3.13. */
function generalizedTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}
