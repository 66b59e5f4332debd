/** What TLS handshakes of clients begin with: certificate, versions, and whose client certificates are taken. */
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

/** Key, certificate, `minVersion`, `maxVersion`, `ciphers` and what else `tls.createSecureContext` takes. */
export interface ListenerTls extends SecureContextOptions {
  /**
   * Whether clients are asked for a certificate of `ca`: `optional` takes those that have none, and refuses one that `ca` does
   * not vouch for. Default: not asked.
   */
  readonly clientCertificate?: "optional" | "required" | undefined;
}

/** A `ListenerTls` that handshakes can begin with. */
export interface HandshakeSettings {
  readonly secureContext: SecureContext;
  readonly clientCertificate: "optional" | "required" | undefined;
}

/** @throws Error of `node:tls` for a key, certificate, version or cipher that is none, or where `ca` is missing. */
export function handshakeSettings({ clientCertificate, ...options }: ListenerTls): HandshakeSettings {
  if (clientCertificate !== undefined && options.ca === undefined) {
    throw new Error("Client certificates need the authority that issues them: give `ca`");
  }
  const secureContext = createSecureContext({
    // The server's order decides, as in `tls.createServer`.
    honorCipherOrder: true,
    // OpenSSL resumes no session that had a client certificate unless it knows for what it was.
    ...(clientCertificate !== undefined && { sessionIdContext: "espalier-proxy" }),
    ...options,
  });
  return { secureContext, clientCertificate };
}
