import type { X509Certificate } from "node:crypto";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import { certificateNames, formatCertificate, isFor, isSelfSigned } from "../../inputs/certificate.ts";
import type { CertificateUse } from "../../inputs/certificate-use.ts";
import type { PemFile } from "../../inputs/pem.ts";
import type { ObservedEndpoint } from "../../observed/endpoint.ts";
import { certificateUses, currentPemFiles, keyBeside, presentedCertificates } from "./certificates.ts";

const leastRsaBits = 2048;

export const tls004 = defineRule({
  id: "TLS004",
  title: "clients that check the certificate refuse it",
  severity: "high",
  profile: "lab",
  reads: ["pem", "nginx", "traefik", "espalier", "certificateUse", "endpoint"],
  fix: "none",
  explanation: `A client compares the name it connects to with the names in the certificate (the subjectAltName; the common name has not counted for years), and looks for signatures up to an authority that it trusts. The server must send every certificate on that way but the root: browsers fetch a missing one, LDAP clients do not.

The key must be the one that the certificate was requested with, or no handshake comes about. Signatures with SHA-1 or MD5 and RSA keys below 2048 bits are refused by OpenSSL 3 at its usual security level. Do not turn the check off in the client: with that, whoever answers is believed.`,
  references: ["RFC 5280, 6.1", "RFC 6125, 6.4", "RFC 8446, 4.4.2", "NIST SP 800-131A Rev. 2, 3 and 9"],
  *find(project) {
    yield* weakCertificates(project);
    const uses = [...certificateUses(project)];
    for (const pem of currentPemFiles(project)) {
      const own = uses.filter(({ certificate }) => certificate === pem.file.path);
      yield* keyFindings(project, pem, own);
      yield* orderFindings(pem);
      yield* nameFindings(pem, own);
      if (own.length > 0) yield* incompleteFindings(project, pem, own);
    }
    for (const endpoint of project.of("endpoint")) yield* endpointFindings(endpoint);
  },
});

function* weakCertificates(project: Project): Generator<Found> {
  for (const { subject, certificate, index, count, path = "", ...place } of presentedCertificates(project)) {
    const weaknesses = [
      // Nobody looks at the signature of a root, only at whether it is one that is trusted.
      ...(/sha-?1|md[245]/i.test(certificate.signatureAlgorithm ?? "") && !isSelfSigned(certificate)
        ? [
            {
              key: "signature",
              text: `is signed with ${/md/i.test(certificate.signatureAlgorithm ?? "") ? "MD5" : "SHA-1"}`,
            },
          ]
        : []),
      ...weakKey(certificate),
    ];
    for (const { key, text } of weaknesses) {
      yield {
        subject,
        ...place,
        path: `${path}.${key}`,
        message: `${formatCertificate(certificate)} (${subject}) ${text}`,
        value: certificate.fingerprint256,
        fix: "Issue it again with a new key and SHA-256: EC P-256, or RSA 2048 and more.",
      };
    }
  }
}

function weakKey({ publicKey }: X509Certificate) {
  const { modulusLength } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined || modulusLength >= leastRsaBits) return [];
  const name = publicKey.asymmetricKeyType === "dsa" ? "DSA" : "RSA";
  return [{ key: "publicKey", text: `has a key of ${name} ${modulusLength}` }];
}

function* keyFindings(project: Project, pem: PemFile, uses: readonly CertificateUse[]): Generator<Found> {
  const [first] = pem.certificates;
  if (first === undefined) return;
  const named = uses.flatMap(({ key }) => project.of("pem").find(({ file }) => file.path === key) ?? []);
  const beside = keyBeside(project, pem);
  for (const keyFile of named.length > 0 ? new Set(named) : beside === undefined ? [] : [beside]) {
    if (keyFile.keys.length === 0 || keyFile.keys.some(({ key }) => first.certificate.checkPrivateKey(key))) continue;
    const owner = pem.certificates.findIndex(({ certificate }) =>
      keyFile.keys.some(({ key }) => certificate.checkPrivateKey(key)),
    );
    // That the first is not the server's own is told by what is said of the order.
    if (owner > 0) continue;
    yield {
      subject: pem.file.path,
      at: first.location,
      path: "key",
      value: first.certificate.fingerprint256,
      message: `the key in ${keyFile.file.path} does not belong to the certificate ${formatCertificate(first.certificate)} (${pem.file.path})`,
      fix: "Put the key there that the certificate was requested with, or request a new certificate with this key.",
    };
  }
}

/** RFC 5246, 7.4.2: each certifies the one before it. TLS 1.3 forgives another order, clients of TLS 1.2 need not. */
function* orderFindings(pem: PemFile): Generator<Found> {
  const chain = pem.certificates.map(({ certificate }) => certificate);
  // Authorities, and servers' own certificates by which clients know them, are a list to be trusted and no chain.
  if (chain.every((certificate) => certificate.ca || isSelfSigned(certificate))) return;
  for (const [index, issuer] of chain.entries()) {
    const before = chain[index - 1];
    if (before === undefined || isIssuer(issuer, before)) continue;
    yield {
      subject: pem.file.path,
      at: pem.certificates[index]!.location,
      path: `certificates[${index}].order`,
      value: issuer.fingerprint256,
      message: `in ${pem.file.path} certificate ${index + 1} (${formatCertificate(issuer)}) did not issue the one before it (${formatCertificate(before)})`,
      fix: `Put the certificates in order, the server's own first and each one's issuer after it:\n${ordered(chain).map(formatCertificate).join("\n")}`,
    };
    return;
  }
}

/** The server's own, then each one's issuer as far as they are there; what is left over is dropped. */
function ordered(chain: readonly X509Certificate[]): readonly X509Certificate[] {
  const sorted = [chain.find(({ ca }) => !ca) ?? chain[0]!];
  for (;;) {
    const last = sorted.at(-1)!;
    const issuer = chain.find((candidate) => !sorted.includes(candidate) && isIssuer(candidate, last));
    if (issuer === undefined) return sorted;
    sorted.push(issuer);
  }
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function* nameFindings(pem: PemFile, uses: readonly CertificateUse[]): Generator<Found> {
  const [first] = pem.certificates;
  if (first === undefined || first.certificate.ca) return;
  const { certificate, location } = first;
  const wanted = new Set(
    uses.flatMap(({ names }) => names.filter((name) => /^(?:\*\.)?[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(name))),
  );
  const known = certificateNames(certificate);
  const missing = [...wanted].filter((name) =>
    name.startsWith("*.") ? !known.includes(name) : !isFor(certificate, name),
  );
  const isBare = known.length === 0 && uses.length > 0 && missing.length === 0;
  if (missing.length === 0 && !isBare) return;
  yield {
    subject: pem.file.path,
    at: location,
    path: "names",
    value: certificate.fingerprint256,
    message: isBare
      ? `the certificate ${formatCertificate(certificate)} (${pem.file.path}) has no subjectAltName, the only place where clients look for a name`
      : notFor(certificate, pem.file.path, missing),
    fix: reissue(missing),
  };
}

function notFor(certificate: X509Certificate, subject: string, names: readonly string[]): string {
  const known = certificateNames(certificate);
  const shown = known.length === 0 ? "has no subjectAltName" : `is for ${known.join(", ")}`;
  return `the certificate ${formatCertificate(certificate)} (${subject}) ${shown}, and not for ${names.join(", ")}`;
}

function reissue(names: readonly string[]): string {
  const text = names.length === 0 ? "each name that clients connect to" : names.join(", ");
  return `Issue it again with ${text} in its subjectAltName, or let clients connect by a name that it has.`;
}

function* incompleteFindings(project: Project, pem: PemFile, uses: readonly CertificateUse[]): Generator<Found> {
  const last = pem.certificates.at(-1);
  if (last === undefined) return;
  const others = project.of("pem").filter(({ file }) => file.path !== pem.file.path);
  const common = { subject: pem.file.path, at: last.location, path: "chain", value: last.certificate.fingerprint256 };
  for (const { file, certificates } of isSelfSigned(last.certificate) ? [] : others) {
    const issuer = certificates.find(
      ({ certificate }) => certificate.ca && !isSelfSigned(certificate) && isIssuer(certificate, last.certificate),
    );
    if (issuer === undefined) continue;
    yield {
      ...common,
      message: `${pem.file.path} lacks the intermediate ${formatCertificate(issuer.certificate)}, which is in ${file.path}`,
      fix: `Serve a file with the server's own certificate and then its intermediates:\ncat ${pem.file.path} ${file.path} > fullchain.pem`,
    };
    return;
  }
  for (const { trusted } of uses) {
    if (
      trusted === undefined ||
      trusted.some((root) => isSame(root, last.certificate) || isIssuer(root, last.certificate))
    )
      continue;
    yield {
      ...common,
      message: `${pem.file.path} leads to none of the authorities that are trusted: ${formatCertificate(last.certificate)} is from ${issuerOf(last.certificate)}`,
      fix: "Put the intermediates after the certificate, or let clients trust its authority.",
    };
  }
}

function issuerOf({ issuer = "" }: X509Certificate): string {
  return issuer.replaceAll("\n", ", ");
}

function isSame(left: X509Certificate, right: X509Certificate): boolean {
  return left.fingerprint256 === right.fingerprint256;
}

/** What OpenSSL's verification says. What dates are about is told by TLS003. */
const chainFailures: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself: clients accept it only where they were given a copy",
  SELF_SIGNED_CERT_IN_CHAIN: "leads to a root that is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "comes without its issuer's certificate, or from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT: "comes with a chain that breaks off before a trusted root",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "comes with a chain that breaks off before a trusted root",
  CERT_SIGNATURE_FAILURE: "has a signature that its issuer did not make",
  CERT_REVOKED: "was revoked",
  INVALID_CA: "is signed by a certificate that is none of an authority",
  INVALID_PURPOSE: "is not meant for servers (extendedKeyUsage)",
  PATH_LENGTH_EXCEEDED: "is signed below an authority that may not have authorities below it",
  CERT_CHAIN_TOO_LONG: "has a chain that is too long",
  CERT_UNTRUSTED: "is one that this machine does not trust",
  CERT_REJECTED: "is one that this machine rejects",
};

function* endpointFindings({ url, serverName, chain, chainFailure }: ObservedEndpoint): Generator<Found> {
  const [leaf] = chain;
  if (leaf === undefined) return;
  const common = { subject: url, value: leaf.fingerprint256 };
  if (chainFailure !== undefined && !/EXPIRED|NOT_YET_VALID|HOSTNAME|ALTNAME/.test(chainFailure)) {
    yield {
      ...common,
      path: "chain",
      message: `the certificate ${formatCertificate(leaf)} (${url}) ${chainFailures[chainFailure] ?? `is not trusted (${chainFailure})`}`,
      fix: `Let the server send its certificate and then every intermediate (not the root). If the authority is your own, trust it:
check:
  caFile: /etc/espalier/authority.crt`,
    };
  }
  if (!isFor(leaf, serverName)) {
    yield { ...common, path: "names", message: notFor(leaf, url, [serverName]), fix: reissue([serverName]) };
  }
}
