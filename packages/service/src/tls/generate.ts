/**
 * Makes a self-signed certificate for TLS servers. RFC 5280.
 *
 * The key is ECDSA on P-256: OpenSSL since 1.0, GnuTLS since 3.0, NSS and Java 7 take it, so every LDAP client that
 * speaks TLS 1.2 does, and the server signs a handshake in 0.03 ms where RSA 2048 takes 0.37 ms (`openssl speed`).
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
// @peculiar/x509 takes its parts together with tsyringe, which needs this to be there first.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface GenerateOptions {
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** ub-common-name of RFC 5280, appendix A.1. A longer name is in the subjectAltName alone, where clients look. */
const maxCommonNameLength = 64;

/** Both in PEM, the key as PKCS #8. */
export async function generateCertificate(options: GenerateOptions): Promise<{ cert: string; key: string }> {
  const { commonName, names, notBefore, notAfter } = options;
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [
      { O: ["Espalier self-signed"] },
      ...(commonName.length <= maxCommonNameLength ? [{ CN: [commonName] }] : []),
    ],
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

function generalName(name: string): { type: "ip" | "dns"; value: string } {
  return isIP(name) > 0 ? { type: "ip", value: name } : { type: "dns", value: domainToASCII(name) || name };
}
