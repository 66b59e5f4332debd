/** A client's bind cannot be repeated: it has to connect and bind again. */
import { ResultCode } from "@espalier/ldap";
import { UpstreamBindRefused, UpstreamUnavailable } from "../../upstream/upstream-error.ts";

/** Never is anything run as somebody else instead. */
export class AuthorizationLost extends Error {
  override readonly name = "AuthorizationLost";
}

/** For a bind with a client's credentials, which a backend does not take any more. */
export function refusedToLost(error: unknown): never {
  if (!(error instanceof UpstreamBindRefused)) throw error;
  const { resultCode, message } = error;
  if (resultCode === ResultCode.busy || resultCode === ResultCode.unavailable) {
    throw new UpstreamUnavailable({ code: "ERR_UPSTREAM_CONNECT", message });
  }
  throw new AuthorizationLost(message, { cause: error });
}
