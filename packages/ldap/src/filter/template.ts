/** Filters from text and values, with the values escaped. */
import type { Filter } from "./filter.ts";
import { escapeFilterValue } from "./format.ts";
import { parseFilter } from "./parse.ts";

/**
 * A filter with values put in that can only ever be values:
 *
 * ```ts
 * filter`(&(objectClass=posixAccount)(uid=${login}))`
 * ```
 *
 * Whatever `login` holds, `*` and parentheses too, it is what uid is compared with.
 *
 * @throws {ParseError} `ERR_FILTER`
 */
export function filter(
  text: TemplateStringsArray,
  ...values: readonly (string | number | bigint | Uint8Array)[]
): Filter {
  return parseFilter(
    text.reduce((joined, part, i) => joined + escapeValue(values[i - 1] as (typeof values)[number]) + part),
  );
}

function escapeValue(value: string | number | bigint | Uint8Array): string {
  return escapeFilterValue(value instanceof Uint8Array ? value : String(value));
}
