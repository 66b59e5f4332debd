/**
 * Change sequence numbers: when and where a change was made. OpenLDAP's is that of draft-ietf-ldup-model-09 §4.2 with its own
 * spelling, `20261122055327.692042Z#000000#001#000000`; 389 Directory Server's is twenty hexadecimal digits.
 */

/** The newest change of one replica. */
export interface ReplicaPosition {
  /** The CSN in its one spelling, fields of fixed width: those of one replica order as text. */
  readonly csn: string;
  /** When that change was made, by that replica's clock; milliseconds since 1970. */
  readonly timeMs: number;
}

/** What the CSNs of both servers have in common. */
export interface Csn extends ReplicaPosition {
  /** Of the replica that took the change: OpenLDAP's serverID, 389's replica id; decimal. */
  readonly serverId: string;
}

/** `YYYYmmddHHMMSS.uuuuuuZ#count#sid#mod`, the last three in hexadecimal. */
export interface OpenLdapCsn {
  /** Seconds since 1970, and microseconds behind them. */
  readonly timeSeconds: number;
  readonly micros: number;
  /** Tells changes of the same microsecond apart. */
  readonly count: number;
  readonly serverId: number;
  readonly modification: number;
}

/** Seconds, sequence, replica id and subsequence in hexadecimal of 8, 4, 4 and 4 digits. */
export interface Directory389Csn {
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  readonly sequence: number;
  readonly replicaId: number;
  readonly subsequence: number;
}

const openLdapForm =
  /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6}))?Z#([0-9a-f]{6})#([0-9a-f]{2,3})#([0-9a-f]{6})$/i;

/** `undefined` for what is none. Also takes what OpenLDAP 2.3 wrote: whole seconds, and a server id of two digits. */
export function parseOpenLdapCsn(text: string): OpenLdapCsn | undefined {
  const match = openLdapForm.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const micros = Number((match[7] ?? "").padEnd(6, "0"));
  const timeMs = utcOf(year, month, day, hour, minute, second);
  if (timeMs === undefined) return undefined;
  const [count = 0, serverId = 0, modification = 0] = match.slice(8).map((digits) => Number.parseInt(digits, 16));
  return { timeSeconds: timeMs / 1_000, micros, count, serverId, modification };
}

export function formatOpenLdapCsn({ timeSeconds, micros, count, serverId, modification }: OpenLdapCsn): string {
  const seconds = new Date(timeSeconds * 1_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
  return `${seconds}.${String(micros).padStart(6, "0")}Z#${hex(count, 6)}#${hex(serverId, 3)}#${hex(modification, 6)}`;
}

export function parseDirectory389Csn(text: string): Directory389Csn | undefined {
  const match = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})$/i.exec(text);
  if (match === null) return undefined;
  const [timeSeconds = 0, sequence = 0, replicaId = 0, subsequence = 0] = match
    .slice(1)
    .map((digits) => Number.parseInt(digits, 16));
  return { timeSeconds, sequence, replicaId, subsequence };
}

export function formatDirectory389Csn({ timeSeconds, sequence, replicaId, subsequence }: Directory389Csn): string {
  return `${hex(timeSeconds, 8)}${hex(sequence, 4)}${hex(replicaId, 4)}${hex(subsequence, 4)}`;
}

export function openLdapCsn(text: string): Csn | undefined {
  const csn = parseOpenLdapCsn(text);
  if (csn === undefined) return undefined;
  const timeMs = csn.timeSeconds * 1_000 + Math.floor(csn.micros / 1_000);
  return { csn: formatOpenLdapCsn(csn), serverId: String(csn.serverId), timeMs };
}

export function directory389Csn(text: string): Csn | undefined {
  const csn = parseDirectory389Csn(text);
  if (csn === undefined) return undefined;
  return { csn: formatDirectory389Csn(csn), serverId: String(csn.replicaId), timeMs: csn.timeSeconds * 1_000 };
}

/** `undefined` where there is no such day or time of day. */
function utcOf(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()];
  const isSame = [year, month, day, hour].every((part, index) => part === parts[index]);
  return isSame && date.getUTCMinutes() === minute && date.getUTCSeconds() === second ? date.getTime() : undefined;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
