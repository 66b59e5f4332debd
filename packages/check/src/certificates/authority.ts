/**
 * A certificate authority of one's own, in a folder: its certificate, which clients trust; its key; and a line for each
 * certificate that it has issued.
 */
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { appendFile, chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { domainToASCII } from "node:url";
import type { CertificateAndKey } from "./generate.ts";

/** A refusal, which says what to do. Holds no part of a key. */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
}

export interface CreateOptions {
  /** Made with mode 0700 if missing. */
  readonly directory: string;
  /** What its certificates say they are from. */
  readonly name: string;
  readonly days: number;
  /** Puts it in the place of one that is there, which is kept beside it. */
  readonly replace: boolean;
  readonly now: Date;
}

export interface IssueOptions {
  /** Of the authority. */
  readonly directory: string;
  /** Host names, `*.` in front of one if wanted, and addresses. The first names the files. */
  readonly names: readonly string[];
  readonly days: number;
  /** Where the certificate and its key are written. */
  readonly output: string;
  /** Writes over files that are there. */
  readonly replace: boolean;
  readonly now: Date;
}

export interface Written {
  readonly certPath: string;
  readonly keyPath: string;
  readonly fingerprint256: string;
  readonly serialNumber: string;
  readonly notAfter: Date;
}

const dayMs = 86_400_000;
/** Clocks of clients may be behind. */
const backdateMs = 3_600_000;
export const maxAuthorityDays = 7_300;
/** Longer ones are refused by clients of Apple, whoever has signed them. */
export const maxServerDays = 825;
const maxNames = 100;

/** @throws {AuthorityError} where there is one already, and for what is no name or no time. */
export async function createAuthority(options: CreateOptions): Promise<Written> {
  const { directory, name, days, replace, now } = options;
  if (name.trim() === "" || name.length > 64 || /\p{C}/u.test(name)) {
    throw new AuthorityError("the authority needs a name of 1 to 64 characters, such as “Example LDAP CA”");
  }
  checkDays(days, maxAuthorityDays);
  await makeFolder(directory);
  const paths = authorityPaths(directory);
  const present = await firstPresent([paths.cert, paths.key]);
  if (present !== undefined) {
    if (!replace) {
      throw new AuthorityError(
        `${present} is there already, and every client that trusts it would have to be told of a new one: name another folder, or say --replace`,
      );
    }
    await setAside(paths, now);
  }
  const { generateAuthority } = await import("./generate.ts");
  const validity = validityOf(now, days);
  const made = await generateAuthority(name, validity);
  await writePair(made, paths, false);
  return { certPath: paths.cert, keyPath: paths.key, ...described(made) };
}

/**
 * Issues a certificate with a key of its own. The line about it is written first: a certificate that nobody knows of is
 * worse than a line about one that was not made.
 *
 * @throws {AuthorityError} where the authority is not there, not whole, or ends before the certificate would; where files
 *   are in the way; and for what is no host name.
 */
export async function issueCertificate(options: IssueOptions): Promise<Written> {
  const { directory, days, output, replace, now } = options;
  const names = checkNames(options.names);
  checkDays(days, maxServerDays);
  const authority = await readAuthority(directory, now);
  const validity = validityOf(now, days);
  if (validity.notAfter > authority.certificate.validToDate) {
    const left = Math.floor((authority.certificate.validToDate.getTime() - now.getTime()) / dayMs);
    throw new AuthorityError(
      `the authority itself is only valid for ${left} more days, and no client accepts what lasts longer: say --days ${left}, or make a new authority`,
    );
  }
  const file = names[0]!.replace("*", "wildcard").replaceAll(":", "-");
  const paths = { cert: join(output, `${file}.crt`), key: join(output, `${file}.key`) };
  const present = replace ? undefined : await firstPresent([paths.cert, paths.key]);
  if (present !== undefined) {
    throw new AuthorityError(`${present} is there already: name another folder with --out, or say --replace`);
  }
  await makeFolder(output);
  const { generateServerCertificate } = await import("./generate.ts");
  const made = await generateServerCertificate(names, validity, authority);
  const written = { certPath: paths.cert, keyPath: paths.key, ...described(made) };
  const { serialNumber, fingerprint256, notAfter } = written;
  const line = { time: now.toISOString(), serialNumber, names, notAfter: notAfter.toISOString(), fingerprint256 };
  await appendFile(authorityPaths(directory).issued, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  await writePair(made, paths, replace);
  return written;
}

interface Authority extends CertificateAndKey {
  readonly certificate: X509Certificate;
}

async function readAuthority(directory: string, now: Date): Promise<Authority> {
  const paths = authorityPaths(directory);
  const [cert, key] = await Promise.all([readPart(paths.cert, directory), readPart(paths.key, directory)]);
  const { mode } = await stat(paths.key);
  if ((mode & 0o077) !== 0) {
    throw new AuthorityError(`${paths.key} can be read by others, who could sign anything: chmod 600 ${paths.key}`);
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error("another key");
  } catch {
    throw new AuthorityError(`${paths.key} is not the key of ${paths.cert}: put back the two that belong together`);
  }
  if (!certificate.ca || certificate.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new AuthorityError(`${paths.cert} is no authority that was made by espalier cert ca create`);
  }
  if (now > certificate.validToDate) {
    throw new AuthorityError(`the authority expired on ${certificate.validToDate.toISOString()}: make a new one`);
  }
  return { cert, key, certificate };
}

async function readPart(path: string, directory: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AuthorityError(
      code === "ENOENT"
        ? `there is no authority in ${directory}: espalier cert ca create makes one`
        : `${path} cannot be read (${code}): run this as the user that it belongs to`,
    );
  }
}

function authorityPaths(directory: string) {
  return {
    cert: join(directory, "authority.crt"),
    key: join(directory, "authority.key"),
    issued: join(directory, "issued.jsonl"),
  };
}

const hostName =
  /^(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

function checkNames(names: readonly string[]): readonly string[] {
  if (names.length === 0 || names.length > maxNames)
    throw new AuthorityError(`name 1 to ${maxNames} hosts or addresses`);
  return [...new Set(names)].map((name) => {
    const ascii =
      isIP(name) > 0 ? name : name.startsWith("*.") ? `*.${domainToASCII(name.slice(2))}` : domainToASCII(name);
    // An address with a mistake in it would pass for a name.
    if (isIP(ascii) === 0 && (!hostName.test(ascii) || /^[\d.]+$/.test(ascii))) {
      throw new AuthorityError(`${JSON.stringify(name)} is neither a host name nor an address`);
    }
    return ascii;
  });
}

function checkDays(days: number, most: number): void {
  if (!Number.isInteger(days) || days < 1 || days > most)
    throw new AuthorityError(`it can be valid for 1 to ${most} days`);
}

function validityOf(now: Date, days: number) {
  return {
    serialNumber: newSerialNumber(),
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(now.getTime() + days * dayMs),
  };
}

/** RFC 5280, 4.1.2.2: positive; 126 random bits are never given twice. The second highest bit keeps its length. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AuthorityError(`the folder ${directory} cannot be made (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** What is replaced is kept: certificates from it are in use until each has a new one. */
async function setAside(paths: ReturnType<typeof authorityPaths>, now: Date): Promise<void> {
  const folder = join(paths.cert, "..", `replaced-${now.toISOString()}`);
  await mkdir(folder, { mode: 0o700 });
  for (const path of Object.values(paths)) {
    await rename(path, join(folder, path.slice(path.lastIndexOf("/") + 1))).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}

/** The key first: a certificate without its key is of no use, and one with another's is worse. */
async function writePair(
  { cert, key }: CertificateAndKey,
  paths: { cert: string; key: string },
  replace: boolean,
): Promise<void> {
  await writeNew(paths.key, key, 0o600, replace);
  await writeNew(paths.cert, cert, 0o644, replace);
}

async function writeNew(path: string, text: string, mode: number, replace: boolean): Promise<void> {
  const target = replace ? `${path}.new-${randomBytes(6).toString("hex")}` : path;
  try {
    // `wx`: what somebody else has put there in the meantime is not written over.
    const file = await open(target, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // Whatever the umask: a server of another user reads the certificate, and nobody else the key.
    await chmod(target, mode);
    if (replace) await rename(target, path);
  } catch (error) {
    if (replace) await rm(target, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw new AuthorityError(
      code === "EEXIST"
        ? `${path} is there already: say --replace to write over it`
        : `${path} cannot be written (${code})`,
    );
  }
}

function described({ cert }: CertificateAndKey) {
  const { fingerprint256, serialNumber, validToDate } = new X509Certificate(cert);
  return { fingerprint256, serialNumber, notAfter: validToDate };
}
