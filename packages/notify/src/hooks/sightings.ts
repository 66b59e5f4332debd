/**
 * Who is expected to be heard, and has not been: `source.silent` after `alertAfter`, and `source.back` with the next word. Time in
 * which no node listened counts for nobody.
 */
import { type EventLog, formatDuration, type NewEvent, type Store, sql, type Transaction } from "@espalier/service";
import { forUpdate } from "../deliveries/row-lock.ts";
import type { HookSource } from "./source.ts";

export interface SightingsOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly now: () => number;
}

interface Sighting {
  readonly source: string;
  readonly device: string;
  readonly seenMs: number;
}

interface SilentRow {
  readonly device: string;
  readonly last_seen: number;
}

/** Longer than a restart takes: nobody listened meanwhile. */
const absenceMs = 60_000;
/** Of one source; those that come later are not watched. */
const maxDevices = 10_000;
const maxPending = 20_000;
/** A device that is not told apart from others of its source. */
const wholeSource = "";

export class Sightings {
  readonly #options: SightingsOptions;
  /** Heard since the last time that it was stored. */
  #pending = new Map<string, Sighting>();

  constructor(options: SightingsOptions) {
    this.#options = options;
  }

  /** Remembered until the next {@link store}. */
  saw(source: HookSource, device: string, seenMs: number): void {
    if (source.alertAfterMs === undefined || this.#pending.size >= maxPending) return;
    this.#pending.set(`${source.name}/${device}`, { source: source.name, device, seenMs });
  }

  /** Excuses everybody for the time in which nobody listened, and expects sources that were never heard from now on. */
  async begin(sources: readonly HookSource[]): Promise<void> {
    const { store, now } = this.#options;
    const at = now();
    await store.write(async (transaction) => {
      const row = await transaction.first<{ readonly last_at: number }>(
        sql`SELECT last_at FROM hook_listening${forUpdate(transaction.database)}`,
      );
      const absentMs = row === undefined ? 0 : at - row.last_at;
      if (absentMs > absenceMs) {
        await transaction.run(
          sql`UPDATE hook_sightings SET excused_ms = excused_ms + ${absentMs} WHERE silent_since IS NULL`,
        );
      }
      await this.#listen(transaction, at);
      for (const { name, alertAfterMs } of sources) {
        if (alertAfterMs === undefined) continue;
        await transaction.run(
          sql`INSERT INTO hook_sightings (source, device, last_seen)
            SELECT ${name}, ${wholeSource}, CAST(${at} AS bigint) WHERE NOT EXISTS (SELECT 1 FROM hook_sightings WHERE source = ${name})
            ON CONFLICT DO NOTHING`,
        );
      }
    });
  }

  /** Stores who was heard, and reports who is back. */
  async store(): Promise<void> {
    const sightings = [...this.#pending.values()];
    if (sightings.length === 0) return;
    this.#pending = new Map();
    try {
      await this.#options.store.write(async (transaction) => {
        for (const sighting of sightings) await this.#storeOne(transaction, sighting);
      });
    } catch (error) {
      for (const sighting of sightings) {
        const key = `${sighting.source}/${sighting.device}`;
        if (!this.#pending.has(key)) this.#pending.set(key, sighting);
      }
      throw error;
    }
  }

  /** Reports who has become silent. Resolves to how many of each source are. */
  async watch(sources: readonly HookSource[]): Promise<ReadonlyMap<string, number>> {
    const { store, log, now } = this.#options;
    const at = now();
    return store.write(async (transaction) => {
      await this.#listen(transaction, at);
      const silent = new Map<string, number>();
      for (const source of sources) {
        const { name, alertAfterMs } = source;
        if (alertAfterMs === undefined) continue;
        const rows = await transaction.all<SilentRow>(
          sql`UPDATE hook_sightings SET silent_since = ${at} WHERE source = ${name} AND silent_since IS NULL
            AND last_seen + excused_ms <= ${at - alertAfterMs} RETURNING device, last_seen`,
        );
        for (const row of rows) await log.appendWith(transaction, silentEvent(source, row, at));
        const count = await transaction.first<{ readonly count: number }>(
          sql`SELECT count(*) AS count FROM hook_sightings WHERE source = ${name} AND silent_since IS NOT NULL`,
        );
        silent.set(name, Number(count?.count ?? 0));
      }
      return silent;
    });
  }

  async #listen(transaction: Transaction, at: number): Promise<void> {
    await transaction.run(
      sql`INSERT INTO hook_listening (only_row, last_at) VALUES (1, ${at})
        ON CONFLICT (only_row) DO UPDATE SET last_at = excluded.last_at WHERE hook_listening.last_at < excluded.last_at`,
    );
  }

  async #storeOne(transaction: Transaction, { source, device, seenMs }: Sighting): Promise<void> {
    const known = await transaction.first<{ readonly last_seen: number; readonly silent_since: number | null }>(
      sql`SELECT last_seen, silent_since FROM hook_sightings
        WHERE source = ${source} AND device = ${device}${forUpdate(transaction.database)}`,
    );
    if (known === undefined) {
      const others = await transaction.first<{ readonly count: number }>(
        sql`SELECT count(*) AS count FROM hook_sightings WHERE source = ${source}`,
      );
      if (Number(others?.count ?? 0) >= maxDevices) return;
    }
    await transaction.run(
      sql`INSERT INTO hook_sightings (source, device, last_seen) VALUES (${source}, ${device}, ${seenMs})
        ON CONFLICT (source, device) DO UPDATE SET last_seen = excluded.last_seen, excused_ms = 0, silent_since = NULL
        WHERE hook_sightings.last_seen <= excluded.last_seen`,
    );
    if (known?.silent_since != null) await this.#back(transaction, source, device, known.last_seen, seenMs);
    if (device !== wholeSource) await this.#endWholeSource(transaction, source, seenMs);
  }

  /** Until a first device of it is heard, a source is watched as a whole. */
  async #endWholeSource(transaction: Transaction, source: string, seenMs: number): Promise<void> {
    const [whole] = await transaction.all<{ readonly last_seen: number; readonly silent_since: number | null }>(
      sql`DELETE FROM hook_sightings WHERE source = ${source} AND device = ${wholeSource} RETURNING last_seen, silent_since`,
    );
    if (whole?.silent_since != null) await this.#back(transaction, source, wholeSource, whole.last_seen, seenMs);
  }

  async #back(transaction: Transaction, source: string, device: string, lastMs: number, seenMs: number): Promise<void> {
    await this.#options.log.appendWith(transaction, {
      type: "source.back",
      severity: "info",
      subject: subjectOf(source, device),
      source: "notify",
      data: {
        summary: `${subjectOf(source, device)} is heard again`,
        source,
        ...(device === wholeSource ? {} : { device }),
        lastSeen: lastMs,
        silentMs: seenMs - lastMs,
      },
    });
  }
}

function subjectOf(source: string, device: string): string {
  return device === wholeSource ? source : `${source}/${device}`;
}

function silentEvent(
  { name, alertAfterMs = 0, config }: HookSource,
  { device, last_seen: lastSeen }: SilentRow,
  at: number,
) {
  const event: NewEvent = {
    type: "source.silent",
    severity: "high",
    subject: subjectOf(name, device),
    source: "notify",
    time: at,
    data: {
      summary: `${subjectOf(name, device)} has been silent for ${formatDuration(alertAfterMs)}`,
      source: name,
      ...(device === wholeSource ? {} : { device }),
      lastSeen,
      ...(config.expectEvery === undefined ? {} : { expectEveryMs: config.expectEvery }),
      alertAfterMs,
    },
  };
  return event;
}
