/** Makes the certificates of a small authority: its own, and those of servers that it signs. RFC 5280. */
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
// @peculiar/x509 takes its parts together with tsyringe, which needs this to be there first.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** Both in PEM, the key as PKCS #8. */
export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

export interface Validity {
  /** Hexadecimal, positive, at most 20 bytes. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** ECDSA on P-256, which every client of TLS 1.2 takes. */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** ub-common-name of RFC 5280, appendix A.1. A longer name is in the subjectAltName alone, where clients look. */
const maxCommonNameLength = 64;

/** It may sign certificates of servers, and no further authorities. */
export async function generateAuthority(name: string, validity: Validity): Promise<CertificateAndKey> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    signingAlgorithm: algorithm,
    keys,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return inPem(certificate, keys.privateKey);
}

/** @param names DNS names and addresses; servers of a mirror are each other's clients, so it is good for both sides. */
export async function generateServerCertificate(
  names: readonly string[],
  validity: Validity,
  authority: CertificateAndKey,
): Promise<CertificateAndKey> {
  const issuer = new X509Certificate(authority.cert);
  const pkcs8 = PemConverter.decodeFirst(authority.key);
  const signingKey = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [first = ""] = names;
  const certificate = await X509CertificateGenerator.create({
    subject: first.length <= maxCommonNameLength ? [{ CN: [first] }] : [],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      // RFC 5280, 4.2.1.6: critical where there is no subject.
      new SubjectAlternativeNameExtension(names.map(generalName), first.length > maxCommonNameLength),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return inPem(certificate, keys.privateKey);
}

async function inPem(certificate: X509Certificate, privateKey: webcrypto.CryptoKey): Promise<CertificateAndKey> {
  const key = await crypto.subtle.exportKey("pkcs8", privateKey);
  return { cert: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

function generalName(name: string): { type: "ip" | "dns"; value: string } {
  return isIP(name) > 0 ? { type: "ip", value: name } : { type: "dns", value: domainToASCII(name) || name };
}
