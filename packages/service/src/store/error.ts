/** What goes wrong between a service and its store. */

export type StoreErrorCode =
  /** `store.url` cannot be used; nothing was tried. */
  | "ERR_STORE_URL"
  /**
   * The database could not be reached, or was lost, or is locked, full or unreadable. What was being written may or may
   * not have been stored when this comes out of a commit.
   */
  | "ERR_STORE_UNAVAILABLE"
  /** Too much waits to be written already. */
  | "ERR_STORE_BUSY"
  /** A constraint of the schema: a duplicate key, a reference to nothing. */
  | "ERR_STORE_CONSTRAINT"
  /** Another transaction was in the way each time that this one was tried. */
  | "ERR_STORE_CONFLICT"
  /** The database refused the statement otherwise. */
  | "ERR_STORE_QUERY"
  /** The tables are not those that this version works with. */
  | "ERR_STORE_SCHEMA"
  | "ERR_STORE_CLOSED";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the store itself is away, and not what was asked of it wrong. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && (error.code === "ERR_STORE_UNAVAILABLE" || error.code === "ERR_STORE_CLOSED");
}
