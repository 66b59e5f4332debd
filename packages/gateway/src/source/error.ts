/** The one error of the SQL source: an outage, a query that the database refuses, or no answer in time. */

/**
 * Stable codes; match these, not the message.
 *
 * - `ERR_SOURCE_URL`: `SQL_URI` cannot be used; nothing was tried.
 * - `ERR_SOURCE_UNAVAILABLE`: no connection could be had, or it broke. The next call tries again.
 * - `ERR_SOURCE_QUERY`: the database answered, and what it answered was an error.
 * - `ERR_SOURCE_TIMEOUT`: no answer within the stated time, by the database's clock or by ours.
 */
export type SourceErrorCode = "ERR_SOURCE_URL" | "ERR_SOURCE_UNAVAILABLE" | "ERR_SOURCE_QUERY" | "ERR_SOURCE_TIMEOUT";

/** Thrown by every method of `Source` that could not learn the truth. Its text never has the database's password. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: SourceErrorCode;
  constructor(code: SourceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** The code and text of an error, of its first member where a host has several addresses and none answered. */
export function reasonOf(error: unknown): { code: string | undefined; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const { code } = error as { code?: unknown };
  const text = typeof code === "string" ? code : undefined;
  return { code: text, message: (error.message || text || error.name).replace(/\.$/, "") };
}
