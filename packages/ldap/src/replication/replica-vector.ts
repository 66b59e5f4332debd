/**
 * Which changes a server has, as it says itself: the newest change (CSN) of each replica that it knows of. OpenLDAP's
 * `contextCSN`, one value a replica; 389 Directory Server's replica update vector (RUV), `nsds50ruv`.
 */
import { type Csn, directory389Csn, openLdapCsn, type ReplicaPosition } from "./csn.ts";

/** By the replica's id, in decimal. */
export type ReplicaVector<Position extends ReplicaPosition = ReplicaPosition> = ReadonlyMap<string, Position>;

/** `20260103120000.123456Z#000000#001#000000`: time, count, replica, modification. Values of another form are left out. */
export function parseContextCsn(values: readonly string[]): ReplicaVector<Csn> {
  const csns = values.flatMap((value) => openLdapCsn(value) ?? []);
  return new Map(csns.map((csn) => [csn.serverId, csn]));
}

/** The oldest and the newest change, and behind them when it was changed last. */
const ruvElement = /^\{replica (\d{1,5})(?: [^}]*)?\}\s+\S+\s+(\S+)/i;

/**
 * `{replica 1 ldap://host:389} 5f…0001 5f…0001`: the oldest and the newest change kept of that replica. A replica without changes
 * has none. Values of another form are left out.
 */
export function parseRuv(values: readonly string[]): ReplicaVector<Csn> {
  const vector = new Map<string, Csn>();
  for (const value of values) {
    const [, replica, newest] = ruvElement.exec(value) ?? [];
    const csn = directory389Csn(newest ?? "");
    if (replica === undefined || csn === undefined) continue;
    const serverId = String(Number(replica));
    vector.set(serverId, { ...csn, serverId });
  }
  return vector;
}

/**
 * `{replicageneration} 5f…0000` of an RUV. Servers whose data have a common origin have the same; those with different ones do not
 * replicate with each other.
 */
export function parseRuvGeneration(values: readonly string[]): string | undefined {
  const generations = values.flatMap((value) => /^\{replicageneration\}\s*(\S+)$/i.exec(value)?.[1] ?? []);
  return generations.at(-1)?.toLowerCase();
}
