/** Which backups go when newer ones are there. */
export interface Keep {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/**
 * Of each of the last days, weeks (ISO 8601: from Monday) and months in which there are backups, the last one stays; so does the newest
 * of all. Times are UTC.
 *
 * @param names as `2026-01-15T020000Z`, the oldest first
 */
export function expiredBackups(names: readonly string[], { daily, weekly, monthly }: Keep): string[] {
  const kept = new Set(names.slice(-1));
  const rules = [
    { count: daily, period: dayOf },
    { count: weekly, period: weekOf },
    { count: monthly, period: (name: string) => name.slice(0, 7) },
  ];
  for (const { count, period } of rules) {
    const newest = new Map<string, string>();
    for (const name of [...names].reverse()) if (!newest.has(period(name))) newest.set(period(name), name);
    for (const name of [...newest.values()].slice(0, count)) kept.add(name);
  }
  return names.filter((name) => !kept.has(name));
}

function dayOf(name: string): string {
  return name.slice(0, 10);
}

/** Its Monday. */
function weekOf(name: string): string {
  const day = new Date(`${dayOf(name)}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}
