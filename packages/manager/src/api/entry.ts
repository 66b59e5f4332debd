/** An entry as the API shows it. */
import { z } from "zod";
import { attributesSchema } from "./value.ts";

export const entrySchema = z
  .object({
    dn: z.string(),
    attributes: attributesSchema.describe("User attributes, as they were asked for."),
    operational: attributesSchema.optional().describe("What the server keeps itself; only where it was asked for."),
    version: z
      .string()
      .optional()
      .describe(
        "What the entry was when it was read (entryCSN or modifyTimestamp); a change sent with it fails if it has changed since.",
      ),
  })
  .describe("An entry of the directory.");

export type EntryJson = z.output<typeof entrySchema>;
