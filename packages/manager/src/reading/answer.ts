/** What requests and answers of reads have in common. */
import { z } from "zod";

export const answeredShape = {
  node: z.string().describe("The node that answered."),
  complete: z
    .boolean()
    .describe(
      "False where something is missing that the directory has; `problem` says what. More pages are not missing.",
    ),
  problem: z.string().optional().describe("What is missing and why, a sentence."),
};

export const dnText = z.string().max(8_192).describe("A distinguished name, RFC 4514.");

export const filterText = z.string().min(1).max(20_000).describe("A search filter, RFC 4515.");

export const attributeName = z
  .string()
  .min(1)
  .max(200)
  .describe("An attribute with its options; `*` are all user attributes, `+` all operational ones, `1.1` none.");

export const attributeList = z
  .string()
  .max(8_192)
  .describe("Attributes with commas between them; `*` are all user attributes, `+` all operational ones.");

export const nodeName = z.string().min(1).max(300).describe("Ask this node and no other.");

export const cursorText = z
  .string()
  .min(1)
  .max(200)
  .describe(
    "From the page before. It is kept for some minutes; after that the answer is `gone`, and one searches anew.",
  );

/** @param most the largest that may be asked for */
export function limitOf(most: number, usual: number) {
  return z.coerce.number().int().min(1).max(most).default(usual).describe(`Entries a page, at most ${most}.`);
}

export const flag = z.enum(["true", "false"]);
