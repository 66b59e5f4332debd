/** Quantities as keys of the configuration. */
import { z } from "zod";
import { formatByteSize, formatDuration, parseByteSize, parseDuration } from "./quantity.ts";
import { valueMetadata } from "./schema-tree.ts";

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
