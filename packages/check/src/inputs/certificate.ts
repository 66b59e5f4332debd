/** What checks want to know of an X.509 certificate, whether it lies in a file or was presented by a server. */
import type { X509Certificate } from "node:crypto";

/** A chain as it is served or stored: the first is the server's own. */
export interface CertificateChain {
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
}
