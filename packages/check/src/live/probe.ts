/** Time for what may hang, and words for what failed. */
import { LdapError, resultCodeName } from "@espalier/ldap";
import { LdapClientError } from "@espalier/ldap/client";

/** A signal that ends with `signal`, or after so long. */
export function deadline(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (ECONNREFUSED)",
  ECONNRESET: "it broke the connection (ECONNRESET)",
  EHOSTUNREACH: "there is no way to it (EHOSTUNREACH)",
  ENETUNREACH: "there is no way to it (ENETUNREACH)",
  ENOTFOUND: "its name is not known (ENOTFOUND)",
  EAI_AGAIN: "the name service does not answer (EAI_AGAIN)",
  EPIPE: "it broke the connection (EPIPE)",
};

/** A clause without a full stop; no secret is in it. */
export function reasonOf(error: unknown): string {
  if (error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError")) {
    return "it did not answer in time";
  }
  if (error instanceof LdapClientError && error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof LdapError) {
    const name = resultCodeName(error.resultCode);
    return error.diagnosticMessage === "" ? `it answered ${name}` : `it answered ${name}: ${error.diagnosticMessage}`;
  }
  // A host with several addresses fails with one error each.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const { code, message } = error as NodeJS.ErrnoException;
  return words[code ?? ""] ?? message ?? String(error);
}
