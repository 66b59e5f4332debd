/** Keys as `npx web-push generate-vapid-keys` makes them. */
import { createECDH } from "node:crypto";

export interface VapidKeys {
  /** base64url of 32 bytes. */
  readonly privateKey: string;
  readonly publicKey: Buffer;
}

export function createVapidKeys(): VapidKeys {
  const ecdh = createECDH("prime256v1");
  ecdh.generateKeys();
  // Without its leading zeros, which one in 256 has.
  const privateKey = Buffer.from(ecdh.getPrivateKey("hex").padStart(64, "0"), "hex").toString("base64url");
  return { privateKey, publicKey: ecdh.getPublicKey() };
}
