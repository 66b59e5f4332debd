/** What PostgreSQL's errors mean for the store. */
import { StoreError } from "./error.ts";

/** Classes and codes with which the server says that it cannot serve anybody now, or not us. */
const unavailableStates = /^(08|28|3D|53|57|58|25P03|25P04)/;
/** Deadlocks and serialization failures. */
const conflictStates = /^40/;
const constraintStates = /^23/;
const state = /^[0-9A-Z]{5}$/;

/** @param place what messages call the database */
export function postgresError(error: unknown, place: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const said = String(message).replace(/\.$/, "");
  // The driver's own errors, and the system's such as ECONNREFUSED, have no SQLSTATE.
  if (typeof code !== "string" || !state.test(code) || /^E[A-Z]+$/.test(code)) {
    return new StoreError("ERR_STORE_UNAVAILABLE", `The store ${place} cannot be reached: ${said}.`, { cause: error });
  }
  if (unavailableStates.test(code)) {
    return new StoreError("ERR_STORE_UNAVAILABLE", `The store ${place} does not serve us: ${said} (${code}).`, {
      cause: error,
    });
  }
  if (conflictStates.test(code)) {
    return new StoreError("ERR_STORE_CONFLICT", `Another transaction was in the way: ${said} (${code}).`, {
      cause: error,
    });
  }
  const kind = constraintStates.test(code) ? "ERR_STORE_CONSTRAINT" : "ERR_STORE_QUERY";
  return new StoreError(kind, `The store refused a statement: ${said} (${code}).`, { cause: error });
}
