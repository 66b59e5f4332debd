/** SSH public keys in their wire form: type, strength and fingerprint. RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4. */
import { createHash } from "node:crypto";

export interface SshPublicKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … as the key itself says. */
  readonly type: string;
  /** Of RSA and DSA the length of the modulus; undefined for the others, whose type says it. */
  readonly bits: number | undefined;
  /** `SHA256:…` without padding, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string;
  /** In base64, as files have it. */
  readonly base64: string;
}

/** Of any key: 16,384 bits of RSA are about 2,100 bytes. */
const maxKeyBytes = 16_384;

/** Undefined where it is no key of the type that stands before it. */
export function parseSshPublicKey(type: string, base64: string): SshPublicKey | undefined {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > maxKeyBytes || bytes.toString("base64") !== base64) return undefined;
  const fields = stringsOf(bytes);
  if (fields === undefined || fields.length < 2 || fields[0]!.toString("latin1") !== type) return undefined;
  const fingerprint = `SHA256:${createHash("sha256").update(bytes).digest("base64").replaceAll("=", "")}`;
  return { type, bits: bitsOf(type, fields), fingerprint, base64 };
}

/** The length-prefixed strings that a key is made of; undefined where they do not fill it exactly. */
function stringsOf(bytes: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** `ssh-rsa e n`, `ssh-dss p q g y`. */
function bitsOf(type: string, fields: readonly Buffer[]): number | undefined {
  const modulus = type === "ssh-rsa" ? fields[2] : type === "ssh-dss" ? fields[1] : undefined;
  if (modulus === undefined) return undefined;
  return BigInt(`0x0${modulus.toString("hex")}`).toString(2).length;
}
