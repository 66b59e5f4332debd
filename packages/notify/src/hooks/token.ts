/**
 * A static credential in a header: `Authorization: Bearer`, Basic (the token is the password, whatever the name), or a header of
 * one's own. For senders that cannot sign: Particle, Alertmanager, scripts.
 */
import {
  type InboundRequest,
  isEqualSecret,
  type LiveSecret,
  refused,
  stillLive,
  type Verdict,
  type Verifier,
} from "./verifier.ts";

export interface TokenOptions {
  readonly secrets: readonly LiveSecret[];
  /** In place of `authorization`, in lower case; its whole value is the token. */
  readonly headerName?: string;
}

export class TokenVerifier implements Verifier {
  readonly #options: TokenOptions;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  verify(request: InboundRequest): Verdict {
    const { secrets, headerName } = this.#options;
    const header = request.header(headerName ?? "authorization");
    if (header === undefined || header === "") return refused("missing_credentials");
    const token = headerName === undefined ? tokenOf(header) : header.trim();
    if (token === undefined) return refused("malformed_credentials");
    const live = stillLive(secrets, request.receivedMs);
    if (live.length === 0) return refused("no_live_secret");
    // All are compared, so that the time does not tell which one is live.
    const matches = live.filter(({ value }) => isEqualSecret(token, value));
    return matches.length > 0 ? { isAuthentic: true } : refused("wrong_credentials");
  }
}

/** RFC 6750 §2.1, RFC 7617 §2; a secret may have spaces all the same, as those of the document's environment may. */
function tokenOf(header: string): string | undefined {
  const [, scheme, credentials] = /^(Bearer|Basic) +(.+)$/i.exec(header.trim()) ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return credentials;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : pair.slice(colon + 1);
}
