/** What an error says of the node that it came from: whether another node may do better. */
import { LdapError, ResultCode } from "@espalier/ldap";
import { LdapClientError, type LdapClientErrorCode } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";

const lost: ReadonlySet<LdapClientErrorCode> = new Set([
  "ERR_CONNECT",
  "ERR_CONNECT_TIMEOUT",
  "ERR_TLS",
  "ERR_CONNECTION_LOST",
  "ERR_NOTICE_OF_DISCONNECTION",
  "ERR_PROTOCOL",
  "ERR_CLOSED",
]);

/** The error itself, where work has made an {@link ApiError} of it already. */
function original(error: unknown): unknown {
  return error instanceof ApiError && error.cause !== undefined ? error.cause : error;
}

/** The connection could not be had, or ended. */
export function isLost(error: unknown): boolean {
  const cause = original(error);
  return cause instanceof LdapClientError && lost.has(cause.code);
}

/** The server said that it cannot work at the moment. */
export function isBusy(error: unknown): boolean {
  const cause = original(error);
  return (
    cause instanceof LdapError && (cause.resultCode === ResultCode.busy || cause.resultCode === ResultCode.unavailable)
  );
}

/** The server was silent for an operation's whole time-out: it may be at work, or gone. */
export function isSilent(error: unknown): boolean {
  const cause = original(error);
  return cause instanceof LdapClientError && cause.code === "ERR_OPERATION_TIMEOUT";
}

/** There is no answer to the operation, neither success nor refusal. */
export function isUnanswered(error: unknown): boolean {
  return original(error) instanceof LdapClientError;
}

/** Why, for a person: without what the API would say around it. */
export function failureReason(error: unknown): string {
  const cause = original(error);
  return cause instanceof Error ? cause.message : String(cause);
}
