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
