/** What a TLS endpoint presented when it was connected to: the live counterpart of a certificate in a file. */
import type { X509Certificate } from "node:crypto";

export type EndpointProtocol = "ldaps" | "starttls" | "https";

export interface ObservedEndpoint {
  /** `ldaps://ldap1.example.com:636`, `ldap://ldap1.example.com:389` for StartTLS, `https://…`. What findings name. */
  readonly url: string;
  readonly protocol: EndpointProtocol;
  readonly host: string;
  readonly port: number;
  /** The name that the certificate must have. */
  readonly serverName: string;
  /** Set: no handshake came about, for this reason. All below is then undefined or empty. */
  readonly failure?: string;
  /** `TLSv1.3`. */
  readonly tlsVersion?: string;
  /** The name that IANA gives the suite: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  readonly cipher?: string;
  /** Whether it also lets itself be talked down to a version below TLS 1.2. */
  readonly oldestVersion?: string;
  /** As it was presented, its own first. */
  readonly chain: readonly X509Certificate[];
  /** Why the chain leads to no trusted root (an OpenSSL code such as `UNABLE_TO_VERIFY_LEAF_SIGNATURE`); undefined where it does. */
  readonly chainFailure?: string;
}
