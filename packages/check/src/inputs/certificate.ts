/** What checks want to know of an X.509 certificate, whether it lies in a file or was presented by a server. RFC 5280. */
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

const dayMs = 86_400_000;

/** `CN=ldap1.example.com`, or what else names it. */
export function formatCertificate(certificate: X509Certificate): string {
  const { subject, subjectAltName, serialNumber } = certificate;
  return subject?.replaceAll("\n", ", ") || subjectAltName || `serial ${serialNumber}`;
}

/** Whole days until it expires, negative once it has. */
export function daysLeft({ validToDate }: X509Certificate, now: number): number {
  return Math.floor((validToDate.getTime() - now) / dayMs);
}

/** `2026-01-20`. */
export function formatDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Signed by itself: a root, or a server's certificate without an authority. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

/** The DNS names and addresses of the subjectAltName. */
export function certificateNames({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? "")
    .split(", ")
    .flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.slice(1) ?? [])
    .map((name) => (name.startsWith('"') ? (JSON.parse(name) as string) : name));
}

/** Whether clients that connect to this host name or address accept it: RFC 6125, by the subjectAltName alone. */
export function isFor(certificate: X509Certificate, host: string): boolean {
  return isIP(host) > 0
    ? certificate.checkIP(host) !== undefined
    : certificate.checkHost(host, { subject: "never" }) !== undefined;
}

/** A file of roots that somebody trusts, and that nobody serves. */
export function isTrustBundle(certificates: readonly X509Certificate[]): boolean {
  return certificates.length > 1 && certificates.every((certificate) => certificate.ca && isSelfSigned(certificate));
}
