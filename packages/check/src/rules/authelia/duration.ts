/** Authelia's durations: seconds as a number, `1h30m`, `1M` (a month) and `1m` (a minute), or words, `1 hour and 30 minutes`. */

const day = 86_400_000;
const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: day,
  w: 7 * day,
  M: 30 * day,
  y: 365 * day,
};

const words: Readonly<Record<string, string>> = {
  millisecond: "ms",
  second: "s",
  minute: "m",
  hour: "h",
  day: "d",
  week: "w",
  month: "M",
  year: "y",
};

/** Milliseconds, below zero for `-1`, which switches off; undefined for what Authelia does not start with. */
export function parseAutheliaDuration(text: string): number | undefined {
  const plain = text.replaceAll(/\s+|and/g, "");
  if (/^-?\d+$/.test(plain)) return Number(plain) * 1_000;
  let sum = 0;
  let end = 0;
  for (const match of plain.matchAll(/(\d+)([A-Za-z]+)/g)) {
    const [whole, digits = "", unit = ""] = match;
    const factor = milliseconds[unit] ?? milliseconds[words[unit.toLowerCase().replace(/s$/, "")] ?? ""];
    if (match.index !== end || factor === undefined) return undefined;
    sum += Number(digits) * factor;
    end += whole.length;
  }
  return end > 0 && end === plain.length ? sum : undefined;
}

/** In the largest unit that leaves no fraction: `30 days`. */
export function describeDuration(ms: number): string {
  const units = [
    ["day", day],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ] as const;
  const [unit, factor] = units.find(([, size]) => ms >= size && ms % size === 0) ?? (["millisecond", 1] as const);
  return `${ms / factor} ${unit}${ms === factor ? "" : "s"}`;
}
