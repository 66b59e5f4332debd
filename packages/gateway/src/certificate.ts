/** The gateway's certificate: the configured one, or one made by itself, once, and kept. */
import { resolve } from "node:path";
import type { SecureContextOptions } from "node:tls";
import {
  type LoadedCertificate,
  type Logger,
  loadCertificate,
  selfSignedCertificate,
  tlsOptions,
} from "@espalier/service";
import { commonNameOf, type GatewayConfig, listenersOf } from "./config.ts";

export interface GatewayCertificate {
  readonly loaded: LoadedCertificate;
  /** Where a self-signed certificate lies, for clients to trust. */
  readonly selfSignedPath: string | undefined;
  readonly secureContext: SecureContextOptions;
}

/**
 * Undefined where nothing needs one: only unencrypted listeners, and no certificate configured.
 *
 * @throws CertificateError
 */
export async function gatewayCertificate(
  config: GatewayConfig,
  log: Pick<Logger, "warn">,
): Promise<GatewayCertificate | undefined> {
  const { certPath, keyPath, certContent, keyContent, ...rest } = config.tls;
  const isConfigured = certPath !== undefined || certContent !== undefined;
  if (!isConfigured && listenersOf(config).every(({ scheme }) => scheme === "ldap")) return undefined;
  const selfSigned = isConfigured
    ? undefined
    : await selfSignedCertificate({ directory: resolve(rest.selfSignedDirectory), commonName: commonNameOf(config) });
  const loaded = await loadCertificate(
    selfSigned
      ? { certPath: selfSigned.certPath, keyPath: selfSigned.keyPath }
      : { certPath, keyPath, certContent, keyContent },
  );
  for (const { message } of loaded.warnings) log.warn(message);
  if (selfSigned) {
    const verb = selfSigned.created ? "has been made" : "is in use";
    log.warn(
      `A self-signed certificate ${verb}: clients can verify it only if they are given ${selfSigned.certPath}. Configure one of your own authority with LDAP_CERT_PATH and LDAP_KEY_PATH.`,
      { path: selfSigned.certPath, fingerprint256: selfSigned.fingerprint256, notAfter: selfSigned.notAfter },
    );
  }
  return {
    loaded,
    selfSignedPath: selfSigned?.certPath,
    secureContext: { cert: loaded.cert, key: loaded.key, ...tlsOptions(config.tls) },
  };
}
