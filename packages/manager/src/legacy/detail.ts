/** Errors as the old paths gave them: `{"detail": …}`, with the status that fits. */
import type { ApiError } from "../api/problem.ts";
import type { ErrorBody } from "../api/serve.ts";

export function detailBody({ message, extra }: ApiError): ErrorBody {
  const { ldap } = extra;
  const said = ldap === undefined || ldap.diagnosticMessage === "" ? "" : ` (${ldap.name}: ${ldap.diagnosticMessage})`;
  return { type: "application/json", body: { detail: `${message}${said}` } };
}
