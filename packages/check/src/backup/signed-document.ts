/**
 * A JSON document with an Ed25519 signature (RFC 8032) over its canonical form. There is exactly one text of it: whoever changes
 * a byte, be it of white space or of the signature's spelling, has made another document.
 */
import { canonicalJson, type JsonValue } from "@espalier/service";
import { z } from "zod";
import type { PublicKey, SigningKey } from "./signing-key.ts";

const envelope = z.strictObject({
  document: z.record(z.string(), z.unknown()),
  publicKey: z.string(),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

export interface SignedText {
  readonly document: Readonly<Record<string, unknown>>;
  /** What it says of who signed it: in PEM, and not yet believed. */
  readonly publicKey: string;
  readonly signature: string;
}

export function signDocument(document: Readonly<Record<string, JsonValue>>, key: SigningKey): string {
  const signature = Buffer.from(key.sign(Buffer.from(canonicalJson(document)))).toString("hex");
  return format({ document, publicKey: key.publicKey.pem, signature });
}

/** @throws Error whose message completes "… is damaged: " */
export function parseSignedDocument(text: string): SignedText {
  let signed: SignedText;
  try {
    signed = envelope.parse(JSON.parse(text));
  } catch {
    throw new Error("it is not a signed document");
  }
  if (format(signed) !== text) throw new Error("it was written anew, or its bytes were changed");
  return signed;
}

/** @throws Error whose message completes "… is damaged: ", where the key does not belong to it or the signature is wrong */
export function checkSignature({ document, publicKey, signature }: SignedText, key: PublicKey): void {
  if (publicKey !== key.pem) throw new Error("another key signed it than the one that is known here");
  if (!key.verifies(Buffer.from(canonicalJson(document as JsonValue)), Buffer.from(signature, "hex"))) {
    throw new Error("its signature is wrong");
  }
}

function format({ document, publicKey, signature }: SignedText): string {
  return `${JSON.stringify({ document: JSON.parse(canonicalJson(document as JsonValue)), publicKey, signature }, null, 2)}\n`;
}
