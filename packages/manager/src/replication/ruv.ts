/** A replica update vector of 389 Directory Server (`nsds50ruv`): up to which change of each replica a server has all of them. */
import { type Csn, directory389Csn } from "./csn.ts";

interface RuvElement {
  readonly replicaId: string;
  /** Where the replica is, as it was when it was made: `ldap://ldap1.example.com:389`. */
  readonly url: string | undefined;
  /** The newest change of it that the server has; `undefined` while it knows of none. */
  readonly newest: Csn | undefined;
}

export interface Ruv {
  /** Servers whose data have a common origin have the same; those with different ones do not replicate. */
  readonly generation: string | undefined;
  readonly replicas: readonly RuvElement[];
}

/** Values that are of neither form are left out. */
export function parseRuv(values: readonly string[]): Ruv {
  let generation: string | undefined;
  const replicas: RuvElement[] = [];
  for (const value of values) {
    const given = /^\{replicageneration\}\s*(\S+)$/i.exec(value)?.[1];
    if (given !== undefined) {
      generation = given.toLowerCase();
      continue;
    }
    // {replica ID URL} oldest newest, and behind them when it was changed last; a replica without changes has neither.
    const [, id, url, newest] = /^\{replica (\d{1,5})(?: ([^}]*))?\}(?:\s+\S+\s+(\S+).*)?\s*$/i.exec(value) ?? [];
    if (id === undefined) continue;
    const csn = newest === undefined ? undefined : directory389Csn(newest);
    replicas.push({ replicaId: String(Number(id)), url: url?.trim() || undefined, newest: csn });
  }
  return { generation, replicas };
}
