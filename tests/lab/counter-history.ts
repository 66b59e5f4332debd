/** What a Prometheus has collected before it is started: counters and recorded figures of a month, in the text of OpenMetrics. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const historyMs = 31 * 24 * hourMs;
/** Nearer than this there is a sample a minute, before it one an hour. */
const recentMs = 3 * hourMs;

export interface PastCounter {
  /** Its name with its labels. */
  readonly series: string;
  /** How much it went up in a minute, so many hours ago. */
  readonly perMinute: (hoursAgo: number) => number;
}

export interface PastFigure {
  readonly series: string;
  readonly at: (hoursAgo: number) => number;
}

/** Until `now`. Figures have a sample every four minutes of the last week: Prometheus shows none that is older than five. */
export function counterHistory(
  counters: readonly PastCounter[],
  figures: readonly PastFigure[] = [],
  now = Date.now(),
): string {
  const lines: string[] = [];
  for (const { series, perMinute } of counters) {
    let value = 0;
    for (let at = now - historyMs; at <= now; ) {
      lines.push(`${series} ${value} ${at / 1_000}`);
      const stepMs = now - at > recentMs ? hourMs : minuteMs;
      value += (perMinute((now - at) / hourMs) * stepMs) / minuteMs;
      at += stepMs;
    }
  }
  for (const { series, at: figureAt } of figures) {
    for (let at = now - 7 * 24 * hourMs; at < now; at += 4 * minuteMs) {
      lines.push(`${series} ${figureAt((now - at) / hourMs)} ${at / 1_000}`);
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}
