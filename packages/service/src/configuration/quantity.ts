/** Quantities with a unit, as configuration writes them: durations (`5s`, `250ms`) and sizes (`10MiB`). */

/** From the smallest unit to the largest; each factor is a multiple of the ones before it. */
type Units = readonly (readonly [unit: string, factor: number])[];

const durationUnits: Units = [
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
];

const byteUnits: Units = [
  ["B", 1],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
];

function parseQuantity(units: Units, text: string): number | undefined {
  const match = /^(\d{1,16})([A-Za-z]+)$/.exec(text);
  const factor = units.find(([unit]) => unit === match?.[2])?.[1];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const value = Number(match[1]) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatQuantity(units: Units, value: number): string {
  const [unit, factor] = units.findLast(([, size]) => value >= size && value % size === 0) ?? units[0]!;
  return `${value / factor}${unit}`;
}

/** Milliseconds of a whole number with one of the units `ms s m h d`; `undefined` when `text` is anything else. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(durationUnits, text);
}

/** The shortest exact text that {@link parseDuration} reads as `valueMs`, a whole number of milliseconds. */
export function formatDuration(valueMs: number): string {
  return formatQuantity(durationUnits, valueMs);
}

/** Bytes of a whole number with one of the units `B KiB MiB GiB`; `undefined` when `text` is anything else. */
export function parseByteSize(text: string): number | undefined {
  return parseQuantity(byteUnits, text);
}

/** The shortest exact text that {@link parseByteSize} reads as `bytes`. */
export function formatByteSize(bytes: number): string {
  return formatQuantity(byteUnits, bytes);
}
