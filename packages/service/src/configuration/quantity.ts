/** Quantities with a unit, as configuration writes them: durations (`5s`, `250ms`) and sizes (`10MiB`). */
import { z } from "zod";
import { valueMetadata } from "./schema-tree.ts";

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

/** Node's timers hold 2^31-1 ms (24.8 days) and fire at once for more, so that is as far as a duration goes unless told. */
const longestTimerMs = 24 * 86_400_000;

/** In the unit that the program is given: milliseconds, bytes. */
interface QuantityLimits {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A duration such as `250ms`, `5s`, `10m`, `1h` or `7d`, given to the program in milliseconds. A default is written
 * `.prefault("5s")` or, in milliseconds, `.default(5_000)`. `max` is 24 days unless told: no timer of Node runs longer.
 */
export function duration(limits: QuantityLimits = {}) {
  return quantity({
    parse: parseDuration,
    format: formatDuration,
    valueType: "duration",
    example: "`5s`, `250ms` or `1h`",
    limits: { max: longestTimerMs, ...limits },
    numberHint: (value) => `write ${value}s if seconds are meant, ${value}ms if milliseconds`,
  });
}

/** A size such as `64KiB` or `10MiB`, given to the program in bytes. */
export function byteSize(limits: QuantityLimits = {}) {
  return quantity({
    parse: parseByteSize,
    format: formatByteSize,
    valueType: "size",
    example: "`64KiB` or `10MiB`",
    limits,
    numberHint: (value) => `write ${value}B if bytes are meant, ${value}KiB if units of 1024 bytes`,
  });
}

interface QuantityKind {
  readonly parse: (text: string) => number | undefined;
  readonly format: (value: number) => string;
  readonly valueType: string;
  readonly example: string;
  readonly limits: QuantityLimits;
  readonly numberHint: (value: string) => string;
}

function quantity({ parse, format, valueType, example, limits, numberHint }: QuantityKind) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  return z
    .string({
      error: ({ input }) =>
        typeof input === "number"
          ? `needs a unit: ${numberHint(String(input))}`
          : `must be a ${valueType} such as ${example}`,
    })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined && value >= min && value <= max) return value;
      const message = /^\d+$/.test(text)
        ? `needs a unit: ${numberHint(text)}`
        : value === undefined
          ? `must be a ${valueType} such as ${example}`
          : value < min
            ? `must be at least ${format(min)}`
            : `must be at most ${format(max)}`;
      context.addIssue({ code: "custom", message, input: text });
      return z.NEVER;
    })
    .register(valueMetadata, { valueType, format });
}
