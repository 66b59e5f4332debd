/** What the routes of changes answer. */
import { z } from "zod";
import { problemSchema } from "../api/problem.ts";
import { valueSchema } from "../api/value.ts";

/** Of an answer, which its maker does not change. */
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

export const previewField = z
  .boolean()
  .default(false)
  .describe("Says what would be done, as LDIF with warnings and counts, and does nothing.");

const statusSchema = z
  .enum(["applied", "conflict", "failed", "in_doubt", "not_tried", "done_by_server"])
  .describe(
    [
      "`conflict`: the entry was not as it was read. `in_doubt`: the connection was lost, so it may have been done.",
      "`not_tried`: one before it was not applied. `done_by_server`: nothing was left to do, as the server does it itself.",
    ].join(" "),
  );

const resultSchema = z.object({
  type: z.enum(["add", "modify", "modifyDn", "delete", "password"]),
  dn: z.string(),
  status: statusSchema,
  problem: problemSchema.optional(),
  version: z.string().optional().describe("The entry's version after the change, where the server told."),
  generatedPassword: z.string().optional(),
  unrecorded: z.literal(true).optional().describe("The audit trail has it only once the store is back."),
});

export const outcomeSchema = z.object({
  outcome: z
    .enum(["preview", "applied", "partial"])
    .describe("`partial`, with status 207: `results` says what was done and what was not."),
  warnings: list(z.string()).describe("What a person should know."),
  counts: z.record(z.string(), z.number().int()).describe("How much of what it touches."),
  ldif: z.string().optional().describe("Of a preview, with secrets masked."),
  id: z.string().optional().describe("Names the change set in the audit trail, and for undo."),
  node: z.string().optional().describe("The node that the last change went to."),
  results: list(resultSchema).optional().describe("In the order in which the changes were made."),
});

export const createdSchema = outcomeSchema.extend({
  dn: z.string().describe("The new entry's, or the entry's new one."),
});

export const copiedSchema = createdSchema.extend({
  leftOut: list(z.object({ attribute: z.string(), entries: z.number().int(), reason: z.string() })).describe(
    "Attributes that the copy does not have, or has with another value.",
  ),
});

export const membersSchema = outcomeSchema.extend({
  added: z.number().int(),
  removed: z.number().int(),
  already: list(z.string()).describe("Those of `add` who are members already."),
  notMembers: list(z.string()).describe("Those of `remove` who are none."),
  unresolved: list(z.object({ item: z.string(), reason: z.string() })).describe(
    "Those that mean no entry, or several.",
  ),
});

export const groupsSchema = outcomeSchema.extend({
  groups: list(
    z.object({
      group: z.string(),
      action: z.enum(["add", "remove"]),
      status: z.enum(["to_be_done", "already", "not_member", ...statusSchema.options]),
      problem: problemSchema.optional(),
    }),
  ),
});

export const bulkSchema = outcomeSchema.extend({
  entries: list(
    z.object({
      dn: z.string(),
      changes: list(
        z.object({
          operation: z.enum(["add", "delete", "replace", "increment"]),
          attribute: z.string(),
          values: list(valueSchema),
        }),
      ),
    }),
  ).describe("Per entry, what changes; entries that are that way already are not among them."),
  refused: list(z.object({ dn: z.string(), reason: z.string() })).describe(
    "Entries that are left as they are, and why.",
  ),
});

export const accountSchema = outcomeSchema.extend({
  did: list(z.string()).describe("What was done, or why nothing had to be: sentences."),
  meaning: list(z.string()).describe("What that means, for whom, and for whom it does not: sentences."),
});
