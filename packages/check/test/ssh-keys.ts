/** Public keys of SSH for tests, in their wire form. */

/** Made by OpenSSH 9.2, whose ssh-keygen -lf shows this fingerprint. */
export const ed25519 = {
  base64: "AAAAC3NzaC1lZDI1NTE5AAAAIDhQoKJVNE0tlLz6gfjfbYnGSEGOBkqoOKfbvkd5GeNs",
  fingerprint: "SHA256:bKnWFCAg7w41t6Qcx8BReyWKcKvxrqZ5/KBw81aSryg",
};

function string(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** With a modulus of that length, which is all that is looked at. RFC 4253 §6.6: `ssh-rsa`, `mpint e`, `mpint n`. */
export function rsaOf(bits: number): string {
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(bits / 8, 0xff)]);
  return Buffer.concat([Buffer.from("ssh-rsa"), Buffer.from([1, 0, 1]), modulus].map(string)).toString("base64");
}

/** `ssh-dss p q g y`, with p of 1023 bits. */
export const dsa = Buffer.concat(
  [Buffer.from("ssh-dss"), ...[128, 20, 128, 128].map((length) => Buffer.alloc(length, 0x7f))].map(string),
).toString("base64");
