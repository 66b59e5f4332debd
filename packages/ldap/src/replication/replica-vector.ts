/**
 * Which changes a server has, as it says itself: the newest change (CSN) of each replica that it knows of. OpenLDAP's
 * `contextCSN`, one value a replica; 389 Directory Server's replica update vector (RUV), `nsds50ruv`.
 */

/** The newest change of one replica. */
export interface ReplicaPosition {
  /** CSNs of one replica order as text. */
  readonly csn: string;
  /** When that change was made, by that replica's clock; milliseconds since 1970. */
  readonly timeMs: number;
}

/** By the replica's id. */
export type ReplicaVector = ReadonlyMap<string, ReplicaPosition>;

const contextCsn = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6}))?Z#[\da-f]{6}#([\da-f]{2,3})#[\da-f]{6}$/i;

/** `20260103120000.123456Z#000000#001#000000`: time, count, replica, modification. Values of another form are left out. */
export function parseContextCsn(values: readonly string[]): ReplicaVector {
  const vector = new Map<string, ReplicaPosition>();
  for (const csn of values) {
    const match = contextCsn.exec(csn);
    if (match === null) continue;
    const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number);
    const milliseconds = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
    const timeMs = Date.UTC(year!, month! - 1, day!, hours!, minutes!, seconds!, milliseconds);
    vector.set(match[8]!.toLowerCase(), { csn: csn.toLowerCase(), timeMs });
  }
  return vector;
}

const ruvElement = /^\{replica (\d+)(?: [^}]*)?\}(?: ([\da-f]{20}) ([\da-f]{20}))?/i;

/**
 * `{replica 1 ldap://host:389} 5f…0001 5f…0001`: the oldest and the newest change kept of that replica. A CSN is 8 hexadecimal
 * digits of seconds, then count, replica and part. A replica without changes has none, and `{replicageneration}` is no replica.
 */
export function parseRuv(values: readonly string[]): ReplicaVector {
  const vector = new Map<string, ReplicaPosition>();
  for (const value of values) {
    const [, replica, , newest] = ruvElement.exec(value) ?? [];
    if (replica === undefined || newest === undefined) continue;
    vector.set(replica, { csn: newest.toLowerCase(), timeMs: Number.parseInt(newest.slice(0, 8), 16) * 1000 });
  }
  return vector;
}
