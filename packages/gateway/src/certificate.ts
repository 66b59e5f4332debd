/** The gateway's certificate: the configured one, or one made by itself, once, and kept. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SecureContextOptions } from "node:tls";
import {
  type LoadedCertificate,
  type Logger,
  loadCertificate,
  type SelfSignedCertificate,
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
 * Undefined only where none is configured, none can be made, and nothing but StartTLS would need one: then StartTLS is not
 * offered, and the log says so.
 *
 * @throws CertificateError
 */
export async function gatewayCertificate(
  config: GatewayConfig,
  log: Pick<Logger, "warn">,
): Promise<GatewayCertificate | undefined> {
  const { certPath, keyPath, certContent, keyContent, ...rest } = config.tls;
  let selfSigned: SelfSignedCertificate | undefined;
  if (!isConfigured(config)) {
    try {
      const directory = resolve(rest.selfSignedDirectory);
      selfSigned = await selfSignedCertificate({ directory, commonName: commonNameOf(config) });
    } catch (error) {
      if (needsCertificate(config)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log.warn(`StartTLS is not offered: no certificate is configured, and none can be made: ${reason}`);
      return undefined;
    }
  }
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

/** Whether there must be one: it is configured, or a listener is ldaps. */
export function needsCertificate(config: GatewayConfig): boolean {
  return isConfigured(config) || listenersOf(config).some(({ scheme }) => scheme === "ldaps");
}

/** Where a start would make a self-signed certificate; undefined where it would not. */
export function certificateToMake(config: GatewayConfig): string | undefined {
  if (isConfigured(config)) return undefined;
  const directory = resolve(config.tls.selfSignedDirectory);
  return existsSync(join(directory, "self-signed")) ? undefined : directory;
}

function isConfigured({ tls }: GatewayConfig): boolean {
  return tls.certPath !== undefined || tls.certContent !== undefined;
}
