/** What was done with a backup, when, and with what success, signed: it is read by people, by `list` and by the rules BKP002 and BKP004. */
import { createHash } from "node:crypto";
import type { JsonValue } from "@espalier/service";
import { z } from "zod";
import { parseSignedDocument, type SignedText, signDocument } from "./signed-document.ts";
import type { SigningKey } from "./signing-key.ts";

const receipt = z.strictObject({
  format: z.literal("espalier-receipt-1"),
  kind: z.enum(["create", "verify", "drill"]),
  backup: z.string().min(1),
  /** SHA-256 of its manifest.json, which names every other file. */
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.iso.datetime(),
  host: z.string(),
  isPassed: z.boolean(),
  parts: z.array(
    z.strictObject({
      name: z.string(),
      isPassed: z.boolean(),
      count: z.number().optional(),
      problems: z.array(z.string()),
    }),
  ),
});

export type Receipt = z.output<typeof receipt>;

export function formatReceipt(value: Receipt, key: SigningKey): string {
  return signDocument(receipt.parse(value) as Receipt & Readonly<Record<string, JsonValue>>, key);
}

export interface ParsedReceipt {
  readonly receipt: Receipt;
  /** Not checked yet. */
  readonly signed: SignedText;
}

/** @throws Error whose message completes "… is damaged: " */
export function parseReceipt(text: string): ParsedReceipt {
  const signed = parseSignedDocument(text);
  const { data } = receipt.safeParse(signed.document);
  if (data === undefined) throw new Error("it is not a receipt");
  return { receipt: data, signed };
}

export function manifestHash(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
