/** Whose authorization an upstream connection has: what was bound on it last. RFC 4513 §4. */
export type ConnectionIdentity =
  | { readonly kind: "anonymous" }
  /** The proxy's own account, which may use proxied authorization. */
  | { readonly kind: "service" }
  /** A client's. `key` tells identities apart: see `dispatch/credentials.ts`. */
  | { readonly kind: "user"; readonly key: string }
  /** A bind is under way or was not answered, or somebody has given it back: to be bound before anything else runs on it. */
  | { readonly kind: "unknown" };
