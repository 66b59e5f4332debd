/** Certificates that tests need: expired, weak, wrongly chained, for any names. */
import { createPrivateKey, type KeyObject, type webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface Wanted {
  readonly subject: string;
  readonly names?: readonly string[];
  /** Days from `now`. */
  readonly days?: number;
  readonly fromDays?: number;
  readonly now?: number;
  readonly issuer?: MadeCertificate;
  readonly isAuthority?: boolean;
  readonly rsaBits?: number;
  readonly hash?: "SHA-1" | "SHA-256";
}

export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certificate: X509Certificate;
  readonly keyObject: KeyObject;
  readonly pair: webcrypto.CryptoKeyPair;
  readonly subject: string;
  readonly algorithm: KeyAlgorithm;
}

type KeyAlgorithm = (webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams) & { readonly hash: string };

const dayMs = 86_400_000;
/** When the projects of tests are checked, unless they say. */
export const testNow = Date.UTC(2026, 0, 15);

export async function makeCertificate(wanted: Wanted): Promise<MadeCertificate> {
  const { subject, names = [], days = 90, fromDays = -1, now = testNow, issuer, isAuthority = false } = wanted;
  const { rsaBits, hash = "SHA-256" } = wanted;
  const algorithm: KeyAlgorithm =
    rsaBits === undefined
      ? { name: "ECDSA", namedCurve: "P-256", hash }
      : { name: "RSASSA-PKCS1-v1_5", modulusLength: rsaBits, publicExponent: new Uint8Array([1, 0, 1]), hash };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const extensions: Extension[] = [new BasicConstraintsExtension(isAuthority, undefined, true)];
  if (names.length > 0) {
    const general = names.map((value) => ({ type: isIP(value) > 0 ? ("ip" as const) : ("dns" as const), value }));
    extensions.push(new SubjectAlternativeNameExtension(general));
  }
  const made = await X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subject ?? subject,
    notBefore: new Date(now + fromDays * dayMs),
    notAfter: new Date(now + days * dayMs),
    publicKey: pair.publicKey,
    signingKey: issuer?.pair.privateKey ?? pair.privateKey,
    signingAlgorithm: { ...(issuer?.algorithm ?? algorithm), hash },
    extensions,
  });
  const cert = `${made.toString("pem")}\n`;
  const key = `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY")}\n`;
  const certificate = new X509Certificate(cert);
  return { cert, key, certificate, keyObject: createPrivateKey(key), pair, subject, algorithm };
}
