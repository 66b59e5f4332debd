/** The certificates of a project, from files and from running servers, with the key and the names that belong to them. */
import type { X509Certificate } from "node:crypto";
import { posix } from "node:path";
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";
import { isTrustBundle } from "../../inputs/certificate.ts";
import type { CertificateUse } from "../../inputs/certificate-use.ts";
import { candidatePaths, namedCertificates } from "../../inputs/named-certificates.ts";
import type { PemFile } from "../../inputs/pem.ts";
import type { SourceFile } from "../../inputs/source-file.ts";

export interface PresentedCertificate extends Pick<Found, "subject" | "at" | "path"> {
  readonly certificate: X509Certificate;
  /** 0 is the server's own. */
  readonly index: number;
  /** How many there are with it. */
  readonly count: number;
}

/** Each once for the folder or the endpoint that it is in, without roots that are only trusted, and old ones that are kept. */
export function* presentedCertificates(project: Project): Generator<PresentedCertificate> {
  const seen = new Set<string>();
  for (const { file, certificates } of currentPemFiles(project)) {
    const folder = posix.dirname(file.path).replace(/(^|\/)archive\//, "$1live/");
    for (const [index, { certificate, location }] of certificates.entries()) {
      const key = `${folder} ${certificate.fingerprint256}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const path = `certificates[${index}]`;
      yield { subject: file.path, at: location, path, certificate, index, count: certificates.length };
    }
  }
  for (const { url, chain } of project.of("endpoint")) {
    for (const [index, certificate] of chain.entries()) {
      yield { subject: url, path: `certificates[${index}]`, certificate, index, count: chain.length };
    }
  }
}

/** Those with certificates that somebody may serve. */
export function currentPemFiles(project: Project): readonly PemFile[] {
  const files = project.of("pem");
  const current = files.filter(
    (pem) =>
      pem.certificates.length > 0 &&
      !isTrustBundle(pem.certificates.map(({ certificate }) => certificate)) &&
      !isSuperseded(pem, files),
  );
  // certbot's `live` are links to the newest of its `archive`: what is told is told of those.
  return [...current.filter((pem) => !isArchived(pem)), ...current.filter(isArchived)];
}

function isArchived({ file }: PemFile): boolean {
  return /(?:^|\/)archive\/[^/]+\/[a-z]+\d+\.pem$/.test(file.path);
}

/** certbot keeps `archive/NAME/fullchain1.pem` beside `fullchain2.pem`, and Espalier what it replaced. */
function isSuperseded({ file: { path } }: PemFile, files: readonly PemFile[]): boolean {
  if (/(?:^|\/)replaced-\d{4}-\d\d-\d\dT/.test(path)) return true;
  const [, kind, number] = /^(.*\/(?:cert|chain|fullchain))(\d+)\.pem$/.exec(path) ?? [];
  if (kind === undefined) return false;
  return files.some(({ file }) => {
    const [, otherKind, otherNumber] = /^(.*\/(?:cert|chain|fullchain))(\d+)\.pem$/.exec(file.path) ?? [];
    return otherKind === kind && Number(otherNumber) > Number(number);
  });
}

/** What configurations say a certificate is for, and what the user said. */
export function* certificateUses(project: Project): Generator<CertificateUse> {
  yield* project.of("certificateUse");
  const paths = new Map([...project.files.values()].map((file) => [file.absolutePath, file.path]));
  const resolved = (from: SourceFile, written: string | undefined) =>
    written === undefined
      ? undefined
      : candidatePaths(project, from, written).flatMap((candidate) => paths.get(candidate) ?? [])[0];
  for (const { from, certificate, key, names } of namedCertificates(project)) {
    const path = resolved(from, certificate);
    if (path !== undefined) yield { certificate: path, key: resolved(from, key), names };
  }
}

const siblings: readonly (readonly [certificate: RegExp, key: string])[] = [
  [/^(.*?)(?:fullchain|cert)(\d*)\.pem$/, "$1privkey$2.pem"],
  [/^(.*?)cert\.pem$/, "$1key.pem"],
  [/^(.+)\.(?:crt|cer|cert|pem)$/, "$1.key"],
  [/^(.+)\.(?:crt|cer|cert|pem)$/, "$1-key.pem"],
];

/** What the file with the key of a certificate may be called, beside it. */
export function keyNamesBeside(name: string): readonly string[] {
  return siblings.flatMap(([pattern, key]) => (pattern.test(name) ? [name.replace(pattern, key)] : []));
}

/** The file with the key that belongs to a certificate by their names, or that is the same one. */
export function keyBeside(project: Project, certificate: PemFile): PemFile | undefined {
  if (certificate.keys.length > 0) return certificate;
  const wanted = keyNamesBeside(posix.basename(certificate.file.path));
  const folder = posix.dirname(certificate.file.path);
  return project
    .of("pem")
    .find(({ file, keys }) => keys.length > 0 && wanted.some((key) => posix.join(folder, key) === file.path));
}
