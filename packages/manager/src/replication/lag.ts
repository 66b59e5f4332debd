/** How far each node is behind the others, by the server that changes were made on. */
import type { Csn } from "@espalier/ldap";

/** What is known of a node's place in the changes. */
export interface NodePosition {
  readonly node: string;
  /** The newest change that it has of each server; `undefined` where that is not known. */
  readonly newest: ReadonlyMap<string, Csn> | undefined;
  /** 389: which data it has to begin with; nodes of different ones cannot be compared. */
  readonly generation?: string | undefined;
  /** Why it is not known, a sentence. */
  readonly problem?: string | undefined;
}

export interface LagCell {
  readonly node: string;
  readonly serverId: string;
  /** `never_seen`: it has no change of that server at all, and another node has. */
  readonly state: "in_sync" | "behind" | "never_seen" | "unknown";
  /** From the newest change that it has of that server to the newest that any node has, by that server's clock. */
  readonly lagMs?: number;
  readonly csn?: string;
  readonly problem?: string;
}

export interface Lag {
  /** Of each server id the newest change that any node has. */
  readonly newest: readonly Csn[];
  /** A row of `newest.length` cells for each node. */
  readonly cells: readonly LagCell[];
  readonly inSync: boolean | "unknown";
  /** Why it is false or unknown, a sentence. */
  readonly problem?: string;
}

/**
 * @param targets what nodes are measured by, where they were read again; the newest of `positions` unless given. A node that is
 *   beyond its target is in sync.
 */
export function lagOf(positions: readonly NodePosition[], targets: readonly Csn[] = newestOf(positions)): Lag {
  const cells = positions.flatMap((position) => targets.map((target) => cellOf(position, target)));
  return { newest: targets, cells, ...verdict(positions, targets, cells) };
}

/** By server id, in their order. */
export function newestOf(positions: readonly NodePosition[]): Csn[] {
  const newest = new Map<string, Csn>();
  for (const csn of positions.flatMap((position) => [...(position.newest?.values() ?? [])])) {
    const known = newest.get(csn.serverId);
    if (known === undefined || csn.csn > known.csn) newest.set(csn.serverId, csn);
  }
  return [...newest.values()].sort((a, b) => Number(a.serverId) - Number(b.serverId));
}

function cellOf({ node, newest, problem = "It is not known." }: NodePosition, target: Csn): LagCell {
  const { serverId } = target;
  if (newest === undefined) return { node, serverId, state: "unknown", problem };
  const own = newest.get(serverId);
  if (own === undefined) return { node, serverId, state: "never_seen" };
  if (own.csn >= target.csn) return { node, serverId, state: "in_sync", lagMs: 0, csn: own.csn };
  return { node, serverId, state: "behind", lagMs: Math.max(0, target.timeMs - own.timeMs), csn: own.csn };
}

/** What is not known never makes it true. */
function verdict(
  positions: readonly NodePosition[],
  targets: readonly Csn[],
  cells: readonly LagCell[],
): Pick<Lag, "inSync" | "problem"> {
  const generations = new Set(positions.flatMap(({ generation }) => generation ?? []));
  if (generations.size > 1) {
    const problem =
      "The nodes do not have their data from each other (different replica generations): initialise one from the other.";
    return { inSync: false, problem };
  }
  const late = new Set(
    cells.flatMap(({ state, node }) => (state === "behind" || state === "never_seen" ? [node] : [])),
  );
  if (late.size > 0) return { inSync: false, problem: `${listOf(late)} ${late.size === 1 ? "is" : "are"} behind.` };
  const unknown = positions.filter(({ newest }) => newest === undefined).map(({ node }) => node);
  if (unknown.length > 0) return { inSync: "unknown", problem: `Of ${listOf(unknown)} it is not known.` };
  if (positions.length < 2) return { inSync: "unknown", problem: "There is one node, and nothing to compare it with." };
  if (targets.length === 0) return { inSync: "unknown", problem: "No node says which changes it has." };
  return { inSync: true };
}

function listOf(names: Iterable<string>): string {
  return [...names].join(", ");
}
