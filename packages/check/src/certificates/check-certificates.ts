/** Looks at single certificates, in files and on servers that run, with the rules about TLS. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseHostPort } from "@espalier/service";
import { check, type Report } from "../engine/check.ts";
import { Project, type Unreadable } from "../engine/project.ts";
import { certificateNames, formatCertificate } from "../inputs/certificate.ts";
import type { CertificateUse } from "../inputs/certificate-use.ts";
import { type PemFile, parsePem } from "../inputs/pem.ts";
import { InputError } from "../inputs/source-file.ts";
import { SourceFiles } from "../inputs/source-files.ts";
import { type EndpointTarget, observe, withObservation } from "../live/index.ts";
import { keyNamesBeside, presentedCertificates } from "../rules/tls/certificates.ts";
import { tlsRules } from "../rules/tls/index.ts";

export interface CertificateCheckOptions {
  /** Files are shown relative to it. */
  readonly root: string;
  /** Files, and `ldaps://`, `ldap://` (StartTLS) and `https://`. */
  readonly targets: readonly string[];
  /** Names by which clients connect; of a URL its host, unless told. */
  readonly names: readonly string[];
  /** PEM with what clients trust. */
  readonly caFile?: string | undefined;
  /** The key of the files, where it does not lie beside them. */
  readonly keyFile?: string | undefined;
  readonly now: number;
}

/** One that was looked at, for a table. */
export interface CertificateSummary {
  /** The file or the URL. */
  readonly subject: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly notAfter: Date;
  readonly fingerprint256: string;
}

export interface CertificateCheck {
  readonly report: Report;
  /** In the order of the targets, each chain from the server's own on. */
  readonly certificates: readonly CertificateSummary[];
}

/** @throws {InputError} for a URL that is none. */
export async function checkCertificates(options: CertificateCheckOptions): Promise<CertificateCheck> {
  const { targets, now } = options;
  const urls = targets.filter((target) => target.includes("://")).map((url) => endpointTarget(url, options));
  const files = readFiles(
    options,
    targets.filter((target) => !target.includes("://")),
  );
  const nothing = { nodes: [], storage: [], host: false };
  const project = withObservation(files, await observe({ ...nothing, endpoints: urls }, { now: Date.now }));
  const certificates = [...presentedCertificates(project)].map(({ subject, certificate }) => ({
    subject,
    certificate: formatCertificate(certificate),
    issuer: (certificate.issuer ?? "").replaceAll("\n", ", "),
    names: certificateNames(certificate),
    notAfter: certificate.validToDate,
    fingerprint256: certificate.fingerprint256,
  }));
  return { report: check(project, tlsRules, { profile: "production", now }), certificates };
}

const schemes = {
  "ldaps:": { protocol: "ldaps", port: 636 },
  "ldap:": { protocol: "starttls", port: 389 },
  "https:": { protocol: "https", port: 443 },
} as const;

function endpointTarget(text: string, { names, caFile, root }: CertificateCheckOptions): EndpointTarget {
  const [, scheme = "", authority = ""] = /^([a-z]+:)\/\/([^/?#]+)\/?$/i.exec(text) ?? [];
  const known = scheme.toLowerCase();
  const { protocol, port } = Object.hasOwn(schemes, known)
    ? schemes[known as keyof typeof schemes]
    : { protocol: undefined, port: 0 };
  const address = parseHostPort(authority, port);
  if (protocol === undefined || address === undefined) {
    throw new InputError(`${text} is none of ldaps://HOST[:PORT], ldap://HOST[:PORT] (StartTLS), https://HOST[:PORT]`);
  }
  return {
    url: text.replace(/\/$/, ""),
    protocol,
    ...address,
    serverName: names[0] ?? address.host,
    caFiles: caFile === undefined ? [] : [resolve(root, caFile)],
  };
}

function readFiles(options: CertificateCheckOptions, targets: readonly string[]): Project {
  const { root, names, caFile, keyFile } = options;
  const files = new SourceFiles(root);
  const unreadable: Unreadable[] = [];
  const read = (path: string, what: string, isEnough: (pem: PemFile) => boolean): PemFile | undefined => {
    const absolute = resolve(root, path);
    try {
      const pem = parsePem(files.readText(absolute));
      if (!isEnough(pem)) throw new InputError(`there is no ${what} in it: it must be PEM, with -----BEGIN`);
      return pem;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const message = error.message === "it is not a text" ? binaryAdvice(path) : error.message;
      unreadable.push({ subject: files.shown(absolute), message, location: error.location });
      return undefined;
    }
  };
  const authorities =
    caFile === undefined || targets.length === 0 ? undefined : read(caFile, "certificate", hasCertificate);
  const key = keyFile === undefined ? undefined : read(keyFile, "key without a passphrase", hasKey);
  const pems: PemFile[] = [];
  const uses: CertificateUse[] = [];
  for (const target of new Set(targets)) {
    const pem = read(target, "certificate", hasCertificate);
    if (pem === undefined) continue;
    const beside = key === undefined && pem.keys.length === 0 ? keyFileBeside(resolve(root, target)) : undefined;
    const own = key ?? (beside === undefined ? undefined : read(beside, "key without a passphrase", () => true));
    pems.push(pem, ...(own === undefined ? [] : [own]));
    const trusted = authorities?.certificates.map(({ certificate }) => certificate);
    const use = { certificate: pem.file.path, key: own?.file.path, names };
    uses.push(trusted === undefined ? use : { ...use, trusted });
  }
  const documents = { pem: [...new Set(pems)], certificateUse: uses };
  return new Project({ root, files: pems.map(({ file }) => file), documents, unreadable });
}

function hasCertificate({ certificates }: PemFile): boolean {
  return certificates.length > 0;
}

function hasKey({ keys }: PemFile): boolean {
  return keys.length > 0;
}

function keyFileBeside(path: string): string | undefined {
  return keyNamesBeside(basename(path))
    .map((name) => join(dirname(path), name))
    .find((candidate) => existsSync(candidate));
}

function binaryAdvice(path: string): string {
  return `it is not PEM; if it is DER: openssl x509 -inform der -in ${basename(path)} -out ${basename(path)}.pem`;
}
