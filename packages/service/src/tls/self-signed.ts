/**
 * A certificate of one's own for a service that was given none: made once, kept, and used again.
 */
import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import type { LoadedCertificate } from "./certificate.ts";
import { CertificateError, loadCertificate } from "./certificate.ts";

export interface SelfSignedOptions {
  /** Where it is kept; made with mode 0700 if missing. */
  readonly directory: string;
  readonly commonName: string;
  /** Further host names and addresses to be valid for. */
  readonly subjectAltNames?: readonly string[];
  /** The machine's name, `os.hostname()` unless told. */
  readonly hostname?: string;
  readonly now?: Date;
}

export interface SelfSignedCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  /** Made by this call: the caller must say so loudly. */
  readonly created: boolean;
  readonly fingerprint256: string;
  readonly notAfter: Date;
}

const dayMs = 86_400_000;
/** Clients trust this certificate by a copy of it, so each renewal is work on every one of them. */
const validDays = 3_650;
/** So long before it expires a start makes a new one: better on the day of a start than on the day it breaks. */
const renewDays = 30;
/** Clocks of clients may be behind. */
const backdateMs = 3_600_000;

/**
 * The certificate in `directory/self-signed`, made if there is none that is still valid and names `commonName` and
 * `subjectAltNames`. It is also made for the machine's name, `localhost`, `127.0.0.1` and `::1`; these need not match to
 * use it again, as a container has another name at every start. It is valid for ten years. One that no longer fits is
 * kept beside it, as `replaced-…`.
 *
 * @throws {CertificateError} when it cannot be written.
 */
export async function selfSignedCertificate(options: SelfSignedOptions): Promise<SelfSignedCertificate> {
  const { directory, commonName, subjectAltNames = [], now = new Date() } = options;
  const wanted = [commonName, ...subjectAltNames];
  const kept = join(directory, "self-signed");
  const found = await loadFitting(kept, wanted, now);
  if (found !== undefined) return describe(kept, found, false);

  // Loaded here, as hardly any start needs it: it takes 0.1 s and 20 packages.
  const { generateCertificate } = await import("./generate.ts");
  const names = [...new Set([...wanted, options.hostname ?? hostname(), "localhost", "127.0.0.1", "::1"])];
  const notBefore = new Date(now.getTime() - backdateMs);
  const notAfter = new Date(now.getTime() + validDays * dayMs);
  const { cert, key } = await generateCertificate({ commonName, names, notBefore, notAfter });
  try {
    const theirs = await keep(directory, kept, { cert, key }, wanted, now);
    if (theirs !== undefined) return describe(kept, theirs, false);
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CertificateError(
      `a self-signed certificate cannot be kept in ${directory} (${code}): let the service write there, or configure a certificate`,
    );
  }
  return describe(kept, await loadCertificate(paths(kept), now), true);
}

/**
 * Puts the pair in place by one rename of its directory: another process sees both files or neither. When another was
 * faster, its certificate is as good, and is given.
 */
async function keep(
  directory: string,
  kept: string,
  { cert, key }: { readonly cert: string; readonly key: string },
  wanted: readonly string[],
  now: Date,
): Promise<LoadedCertificate | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made = await mkdtemp(join(directory, ".making-"));
  try {
    await writeFile(join(made, "server.key"), key, { mode: 0o600 });
    await writeFile(join(made, "server.crt"), cert, { mode: 0o644 });
    // Asked before the other question: what appears in between is another process's, and must not be set aside.
    const isReplaced = await exists(kept);
    const theirs = await loadFitting(kept, wanted, now);
    if (theirs !== undefined) return theirs;
    if (isReplaced) await rename(kept, join(directory, `replaced-${now.toISOString()}`));
    await rename(made, kept);
    return undefined;
  } catch (error) {
    const theirs = await loadFitting(kept, wanted, now);
    if (theirs === undefined) throw error;
    return theirs;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function loadFitting(kept: string, wanted: readonly string[], now: Date): Promise<LoadedCertificate | undefined> {
  try {
    const loaded = await loadCertificate(paths(kept), now);
    const certificate = new X509Certificate(loaded.cert);
    const isNamed = (name: string) =>
      isIP(name) > 0 ? certificate.checkIP(name) : certificate.checkHost(name, { subject: "never" });
    return loaded.daysLeft >= renewDays && wanted.every(isNamed) ? loaded : undefined;
  } catch {
    // None there, or one that is damaged: both mean that one has to be made.
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function paths(kept: string) {
  return { certPath: join(kept, "server.crt"), keyPath: join(kept, "server.key") };
}

function describe(
  kept: string,
  { fingerprint256, notAfter }: LoadedCertificate,
  created: boolean,
): SelfSignedCertificate {
  return { ...paths(kept), created, fingerprint256, notAfter };
}
