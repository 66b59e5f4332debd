/** The certificate and key that a service presents: read, and checked for what makes handshakes fail. */

import type { KeyObject } from "node:crypto";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Secret } from "../configuration/secret.ts";

export interface CertificateSource {
  /** PEM files: the certificate, then its intermediates. */
  readonly certPath?: string | undefined;
  readonly keyPath?: string | undefined;
  /** PEM text; wins over the paths. */
  readonly certContent?: string | undefined;
  readonly keyContent?: Secret | undefined;
}

/** What is wrong with a certificate that can nonetheless be served. */
export interface CertificateWarning {
  readonly code: "expired" | "notYetValid" | "expiresSoon" | "chainOrder";
  readonly message: string;
}

/** `cert` and `key` are PEM and go into `tls.createSecureContext` as they are. */
export interface LoadedCertificate {
  readonly cert: string;
  readonly key: string;
  readonly subject: string;
  /** As X.509 tools write them: `DNS:ldap1.example.com`, `IP Address:127.0.0.1`. */
  readonly subjectAltNames: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days until `notAfter`, negative once it has passed. */
  readonly daysLeft: number;
  /** SHA-256 of the certificate, colon-separated hex. */
  readonly fingerprint256: string;
  readonly warnings: readonly CertificateWarning[];
}

/** A certificate that cannot be served; the message says what to do. Holds no part of the key. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

const dayMs = 86_400_000;
/** From here on a certificate is said to expire soon. ACME clients renew at 30 days: below 14 one has failed to. */
const soonDays = 14;

/**
 * Reads and checks. An expired certificate is served with a warning: clients that do not check go on working, and a
 * refusal to start would take the service from everybody.
 *
 * @throws {CertificateError} when it cannot be served: a file that cannot be read, no PEM in it, a key that is encrypted
 *   or does not belong to the certificate, one of the two missing.
 */
export async function loadCertificate(source: CertificateSource, now: Date = new Date()): Promise<LoadedCertificate> {
  const certificate = await readSide("certificate", source.certContent, source.certPath);
  const key = await readSide("key", source.keyContent?.reveal(), source.keyPath);
  const chain = parseChain(certificate);
  const [leaf, ...issuers] = chain;
  const privateKey = parseKey(key);
  if (!leaf.checkPrivateKey(privateKey)) {
    const owner = issuers.findIndex((issuer) => issuer.checkPrivateKey(privateKey));
    throw new CertificateError(
      owner < 0
        ? `the key (${key.origin}) does not belong to the certificate (${certificate.origin}, ${formatSubject(leaf)}): give the key that the certificate was requested with`
        : `the first certificate of ${certificate.origin} must be the service's own, and the key belongs to number ${owner + 2} (${formatSubject(issuers[owner]!)}): put that one first, its issuers after it`,
    );
  }
  return {
    cert: certificate.pem,
    key: key.pem,
    subject: formatSubject(leaf),
    subjectAltNames: leaf.subjectAltName?.split(", ") ?? [],
    notBefore: leaf.validFromDate,
    notAfter: leaf.validToDate,
    daysLeft: daysUntil(leaf.validToDate, now),
    fingerprint256: leaf.fingerprint256,
    warnings: [...chain.flatMap((each) => validityWarnings(each, now)), ...orderWarnings(chain)],
  };
}

interface Pem {
  readonly pem: string;
  /** For the reader: the path, or what it was given as. */
  readonly origin: string;
}

async function readSide(
  what: "certificate" | "key",
  content: string | undefined,
  path: string | undefined,
): Promise<Pem> {
  // Files of variables (env_file, systemd) hold one line a variable, and PEM arrives there with its line ends as `\n`.
  if (content !== undefined) return { pem: content.replaceAll("\\n", "\n"), origin: `the ${what}'s content` };
  if (path === undefined) {
    const other = what === "certificate" ? "key" : "certificate";
    throw new CertificateError(`there is a ${other} and no ${what}: configure both`);
  }
  try {
    return { pem: await readFile(path, "utf8"), origin: path };
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CertificateError(`the ${what} ${path} cannot be read (${code}): ${readAdvice(code)}`);
  }
}

function readAdvice(code: string): string {
  if (code === "ENOENT") return "there is no such file";
  return code === "EACCES" ? "let the user that the service runs as read it" : "name a PEM file";
}

function parseChain({ pem, origin }: Pem): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new CertificateError(`certificate number ${index + 1} of ${origin} is damaged: copy it again`);
    }
  });
  if (first === undefined) {
    throw new CertificateError(
      `there is no certificate in ${origin}: it must be PEM, with -----BEGIN CERTIFICATE-----`,
    );
  }
  return [first, ...others];
}

function parseKey({ pem, origin }: Pem): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new CertificateError(
      `the key in ${origin} is encrypted: give one without a passphrase, readable by the service only`,
    );
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new CertificateError(
      `there is no private key in ${origin}: it must be PEM, with -----BEGIN PRIVATE KEY-----`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's own words are left out: they add nothing, and this is the text of a key.
    throw new CertificateError(`the private key in ${origin} is damaged: copy it again`);
  }
}

function validityWarnings(certificate: X509Certificate, now: Date): CertificateWarning[] {
  const { validFromDate, validToDate } = certificate;
  const who = `the certificate of ${formatSubject(certificate)}`;
  if (now > validToDate) {
    return [
      {
        code: "expired",
        message: `${who} expired on ${validToDate.toISOString()}: clients that check refuse it; renew it`,
      },
    ];
  }
  if (now < validFromDate) {
    const message = `${who} is valid only from ${validFromDate.toISOString()}: clients that check refuse it; check this machine's clock`;
    return [{ code: "notYetValid", message }];
  }
  const days = daysUntil(validToDate, now);
  if (days >= soonDays) return [];
  return [
    { code: "expiresSoon", message: `${who} expires in ${days} days, on ${validToDate.toISOString()}: renew it` },
  ];
}

/** RFC 5246 §7.4.2: each certificate must certify the one before it. TLS 1.3 forgives another order, its clients vary. */
function orderWarnings(chain: readonly X509Certificate[]): CertificateWarning[] {
  return chain.slice(1).flatMap((issuer, index): CertificateWarning[] => {
    const subject = chain[index]!;
    if (subject.checkIssued(issuer)) return [];
    const message = `certificate number ${index + 2} of the chain (${formatSubject(issuer)}) did not issue the one before it (${formatSubject(subject)}): put them in order, the service's own first`;
    return [{ code: "chainOrder", message }];
  });
}

function formatSubject(certificate: X509Certificate): string {
  return (
    certificate.subject?.replaceAll("\n", ", ") || certificate.subjectAltName || `serial ${certificate.serialNumber}`
  );
}

function daysUntil(date: Date, now: Date): number {
  return Math.floor((date.getTime() - now.getTime()) / dayMs);
}
