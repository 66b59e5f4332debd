/** What the proxy shows to backends and trusts of them: PEM files, read at start and at each reload. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CertificateError, loadCertificate } from "@espalier/service";
import type { ProxyConfig } from "./config.ts";

/** PEM texts. */
export interface UpstreamTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verify: boolean;
}

/** @throws CertificateError */
export async function loadUpstreamTls({
  caPath,
  certPath,
  keyPath,
  verify,
}: ProxyConfig["upstream"]): Promise<UpstreamTls> {
  const own = certPath === undefined ? undefined : await loadCertificate({ certPath, keyPath });
  return {
    ca: caPath === undefined ? undefined : await readAuthorities(caPath),
    cert: own?.cert,
    key: own?.key,
    verify,
  };
}

/** The PEM text of one authority or more. @throws CertificateError */
export async function readAuthorities(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CertificateError(
      `the authorities in ${path} cannot be read (${code}): name a PEM file that this user may read`,
    );
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new CertificateError(`there is no certificate in ${path}: it must be PEM, with -----BEGIN CERTIFICATE-----`);
  }
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      throw new CertificateError(`certificate number ${index + 1} of ${path} is damaged: copy it again`);
    }
  }
  return pem;
}
