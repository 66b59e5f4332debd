/** The TLS of a cluster's connections: its PEM files, read and checked at start. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { CertificateError, type ClusterConfig, loadCertificate } from "@espalier/service";

export interface ClusterTls {
  /** Made once: the authorities of a system take milliseconds to read. */
  readonly secureContext: SecureContext;
  readonly serverName: string | undefined;
}

/** @throws CertificateError */
export async function loadClusterTls({ name, tls }: ClusterConfig): Promise<ClusterTls> {
  const files = typeof tls === "object" ? tls : {};
  try {
    const ca = files.ca_file === undefined ? getCACertificates("system") : await readAuthorities(files.ca_file);
    const { cert_file: certPath, key_file: keyPath } = files;
    const own =
      certPath === undefined || keyPath === undefined ? undefined : await loadCertificate({ certPath, keyPath });
    const shown = own === undefined ? {} : { cert: own.cert, key: own.key };
    return {
      secureContext: createSecureContext({ minVersion: "TLSv1.2", ca, ...shown }),
      serverName: files.server_name,
    };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(`cluster ${name}: ${error.message}`);
  }
}

async function readAuthorities(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CertificateError(`tls.ca_file ${path} cannot be read (${code}): name a PEM file that this user may read`);
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || !blocks.every(isCertificate)) {
    throw new CertificateError(
      `tls.ca_file ${path} does not hold certificates: it must be PEM, with -----BEGIN CERTIFICATE-----`,
    );
  }
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
