/** What a directory server answered when it was asked as its clients ask it. */
export interface ObservedNode {
  /** The cluster, proxy or gateway that it belongs to. */
  readonly group: string;
  /** `ldap1`, or `HOST:PORT`: what findings name. */
  readonly name: string;
  readonly url: string;
  /** The addresses that its name has; two names with one address are one server. */
  readonly addresses: readonly string[];
  /** Set: it could not be connected to, or did not answer, for this reason. */
  readonly failure?: string;
  /** What a bind with the configured credentials gave; undefined where none are configured. */
  readonly bind?: "ok" | { readonly code: string };
  /** Whether somebody who is not bound is given entries below the base. Undefined: not asked. */
  readonly isAnonymousReadable?: boolean;
  /** Whether what is sent to it as it is configured is encrypted, and the certificate verified. */
  readonly isEncrypted: boolean;
  readonly isVerified: boolean;
}
