/** Encrypting a push message to a browser: RFC 8291, in the one record of RFC 8188's `aes128gcm`. */
import { createCipheriv, createECDH, hkdfSync } from "node:crypto";

/** What a browser's PushSubscription gives, decoded. */
export interface SubscriptionKeys {
  /** Its public key: an uncompressed point of P-256, 65 bytes. */
  readonly p256dh: Buffer;
  /** The secret it shares with this application, 16 bytes. */
  readonly auth: Buffer;
}

const recordSize = 4_096;
const tagLength = 16;
const headerLength = 16 + 4 + 1 + 65;
/** RFC 8291 §4: push services take 4,096 bytes in all; the header, the delimiter and the tag are part of them. */
export const maxPlaintextBytes = recordSize - headerLength - 1 - tagLength;

/**
 * `salt` is 16 random bytes, `privateKey` 32: of a key pair made for this message only.
 *
 * @throws RangeError for more than {@link maxPlaintextBytes}, and an error of OpenSSL where `p256dh` is no point of the curve.
 */
export function encryptPush(plaintext: Buffer, keys: SubscriptionKeys, salt: Buffer, privateKey: Buffer): Buffer {
  if (plaintext.length > maxPlaintextBytes) throw new RangeError(`more than ${maxPlaintextBytes} bytes`);
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(privateKey);
  const publicKey = ecdh.getPublicKey();
  const keyInfo = Buffer.concat([Buffer.from("WebPush: info\0"), keys.p256dh, publicKey]);
  const inputKey = Buffer.from(hkdfSync("sha256", ecdh.computeSecret(keys.p256dh), keys.auth, keyInfo, 32));
  const contentKey = Buffer.from(hkdfSync("sha256", inputKey, salt, "Content-Encoding: aes128gcm\0", 16));
  const nonce = Buffer.from(hkdfSync("sha256", inputKey, salt, "Content-Encoding: nonce\0", 12));
  const cipher = createCipheriv("aes-128-gcm", contentKey, nonce);
  const lastRecord = Buffer.from([2]);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.update(lastRecord), cipher.final()]);
  const header = Buffer.alloc(headerLength - publicKey.length);
  salt.copy(header);
  header.writeUInt32BE(recordSize, 16);
  header[20] = publicKey.length;
  return Buffer.concat([header, publicKey, ciphertext, cipher.getAuthTag()]);
}
