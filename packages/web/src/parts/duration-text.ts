/** How long something is, short: `850 ms`, `2.4 s`, `5 min`. */
const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

export function durationText(ms: number): string {
  const [unit, size] = units.find(([, length]) => ms >= length) ?? ["ms", 1];
  return `${(ms / size).toLocaleString(undefined, { maximumFractionDigits: size === 1 || ms >= size * 10 ? 0 : 1 })} ${unit}`;
}
