declare module "http_ece" {
  import type { ECDH } from "node:crypto";

  interface DecryptOptions {
    readonly version: "aes128gcm";
    /** The receiver's key pair. */
    readonly privateKey: ECDH;
    readonly authSecret: Buffer;
  }

  export function decrypt(body: Buffer, options: DecryptOptions): Buffer;
}
