/**
 * How far each backend is behind the most advanced one: for how long there has been a change that it does not have. The
 * difference of two CSNs' times would not do: after a quiet night the first change of the morning is hours newer than the
 * one before it. One object for all backends, which report what they have.
 */

import type { ReplicaVector } from "@espalier/ldap";
import type { Clock } from "../backend/clock.ts";

/** A change, and since when it has been known to exist. */
interface Seen {
  readonly csn: string;
  readonly sinceMs: number;
}

/** Changes remembered of each replica. With more, half are forgotten, and lag is known less exactly. */
const maxSeen = 128;

export class ReplicationLag {
  readonly #clock: Clock;
  readonly #vectors = new Map<string, ReplicaVector>();
  /** By replica: the newest changes as they were seen, the oldest first. */
  readonly #seen = new Map<string, Seen[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What `backend` has now. */
  report(backend: string, vector: ReplicaVector): void {
    this.#vectors.set(backend, vector);
    for (const [replica, { csn, timeMs }] of vector) {
      const seen = this.#seen.get(replica);
      if (seen === undefined) {
        // How long it has existed is known only from its own time, by the clock of another machine.
        const ageMs = Math.max(0, this.#clock.wallTime() - timeMs);
        this.#seen.set(replica, [{ csn, sinceMs: this.#clock.now() - ageMs }]);
      } else if (csn > seen.at(-1)!.csn) {
        seen.push({ csn, sinceMs: this.#clock.now() });
      }
    }
    this.#forgetWhatAllHave();
  }

  /** `backend` is down: what only it had does not make the others late. */
  forget(backend: string): void {
    if (!this.#vectors.delete(backend)) return;
    for (const [replica, seen] of this.#seen) {
      const newest = this.#csns(replica).at(-1) ?? "";
      const kept = seen.filter(({ csn }) => csn <= newest);
      if (kept.length === 0) this.#seen.delete(replica);
      else this.#seen.set(replica, kept);
    }
  }

  /** 0 for a backend that has everything; `undefined` for one that has reported nothing. */
  lagMs(backend: string): number | undefined {
    const vector = this.#vectors.get(backend);
    if (vector === undefined) return undefined;
    let lagMs = 0;
    for (const [replica, seen] of this.#seen) {
      const has = vector.get(replica)?.csn ?? "";
      const missing = seen.find(({ csn }) => csn > has);
      if (missing !== undefined) lagMs = Math.max(lagMs, this.#clock.now() - missing.sinceMs);
    }
    return lagMs;
  }

  #forgetWhatAllHave(): void {
    for (const [replica, seen] of this.#seen) {
      const least = this.#csns(replica)[0]!;
      const missing = seen.findIndex(({ csn }) => csn > least);
      // The newest stays also when all have it: it is how the next one is known to be newer.
      seen.splice(0, missing === -1 ? seen.length - 1 : missing);
      if (seen.length > maxSeen) this.#seen.set(replica, thinned(seen));
    }
  }

  /** Of each backend the newest change of a replica that it has, the least advanced first. */
  #csns(replica: string): string[] {
    return [...this.#vectors.values()].map((vector) => vector.get(replica)?.csn ?? "").sort();
  }
}

/** The first and the newest, and of the others those that are apart: as many in the last minute as in the first. */
function thinned(seen: readonly Seen[]): Seen[] {
  const newest = seen.at(-1)!;
  const kept = [seen[0]!];
  const apartMs = (newest.sinceMs - seen[0]!.sinceMs) / (maxSeen / 2);
  for (const each of seen.slice(1, -1)) if (each.sinceMs - kept.at(-1)!.sinceMs >= apartMs) kept.push(each);
  return [...kept, newest];
}
