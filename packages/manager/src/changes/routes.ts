/** The routes of changes: save a form, apply a change set, look at what was changed, undo it. */
import { z } from "zod";
import { problemSchema } from "../api/problem.ts";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { attributesSchema, valueSchema } from "../api/value.ts";

const dn = z.string().min(1).max(8_192).describe("A DN (RFC 4514).");
const version = z
  .string()
  .max(200)
  .optional()
  .describe("As the entry had it when it was read: the change fails with `conflict` if it has changed since.");
const attributeDescription = z.string().min(1).max(500);

const changeRecord = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("add"), dn, attributes: attributesSchema }),
    z.strictObject({
      ...{ type: z.literal("modify"), dn, version },
      changes: z
        .array(
          z.strictObject({
            operation: z.enum(["add", "delete", "replace", "increment"]),
            attribute: attributeDescription,
            values: z.array(valueSchema).default([]).describe("To delete without values removes the attribute."),
          }),
        )
        .min(1),
    }),
    z.strictObject({
      ...{ type: z.literal("modifyDn"), dn, version },
      newRdn: z.string().min(1).max(2_048),
      deleteOldRdn: z.boolean().default(true).describe("Whether the entry loses the value that named it."),
      newSuperior: dn.optional().describe("Moves it below this entry."),
    }),
    z.strictObject({ type: z.literal("delete"), dn, version }),
    z.strictObject({
      ...{ type: z.literal("password"), dn },
      newPassword: z.string().min(1).max(1_024).optional().describe("The server makes one up unless given."),
      oldPassword: z.string().max(1_024).optional().describe("Where the password policy wants it."),
    }),
  ])
  .describe("One change of one entry, as RFC 4511 has them.");

export type ChangeRecord = z.output<typeof changeRecord>;

const changeStatus = z
  .enum(["applied", "conflict", "failed", "in_doubt", "not_tried"])
  .describe(
    "`conflict`: the entry was not as it was read. `in_doubt`: the connection was lost, so it may have been done. `not_tried`: one before it was not applied.",
  );

const counts = z.object({
  applied: z.number().int(),
  conflict: z.number().int(),
  failed: z.number().int(),
  in_doubt: z.number().int(),
  not_tried: z.number().int(),
});

const entryResult = z.object({
  type: z.enum(["add", "modify", "modifyDn", "delete", "password"]),
  dn: z.string(),
  status: changeStatus,
  problem: problemSchema.optional().describe("Why it was not applied."),
  version: z.string().optional().describe("The entry's after the change."),
  generatedPassword: z.string().optional().describe("That the server made up; it is shown this once."),
  unrecorded: z.literal(true).optional().describe("The audit trail has it only once the store is back."),
});

const applied = z.object({
  id: z.string().describe("Of the change set: for its history, and to undo it."),
  node: z.string().optional().describe("The node that the last change went to."),
  results: z.array(entryResult),
  counts,
});

const previewed = z.object({
  ldif: z.string().describe("What would be sent (RFC 2849), with comments in place of secrets."),
  warnings: z.array(z.string()).describe("Sentences about what a person should know before."),
});

const changeSet = z.object({
  id: z.string(),
  cluster: z.string(),
  title: z.string(),
  actor: z.string(),
  address: z.string().optional().describe("Where from; only for auditors, and of one's own."),
  time: z.iso.datetime(),
  isOver: z.boolean().describe("Nothing more is to come of it."),
  counts,
  undoOf: z.string().optional().describe("The change set that this one undoes."),
  undoneBy: z.string().optional().describe("The change set that undid this one."),
});

const changeStep = z.object({
  number: z.number().int(),
  type: z.enum(["add", "modify", "modifyDn", "delete", "password"]),
  dn: z.string(),
  newDn: z.string().optional().describe("The name after a rename."),
  status: z.union([changeStatus, z.literal("open")]).describe("`open`: about to be sent."),
  time: z.iso.datetime().optional(),
  node: z.string().optional(),
  audit: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("What the audit trail has of it; only for auditors, and of one's own changes."),
});

const cursor = z.string().max(100).optional().describe("Of the page before.");
const setParams = z.object({ id: z.uuid().describe("Of a change set.") });

export const changeRoutes = defineRoutes({
  "PATCH /clusters/{cluster}/entry": {
    summary: "Saves what a form changed in an entry.",
    description:
      "Sends the fewest changes of single values that make `wanted` of `read`; where there are none, nothing is sent. An attribute that " +
      "only `read` has is removed, one in neither stays. With `version`, or where a value that is to be changed is not there any more, " +
      "somebody else's change in between is a `conflict`, whose details show what was read, what is wanted and what is there.",
    tag: "changes",
    access: "session",
    params: clusterParams,
    body: z.strictObject({
      dn,
      version,
      read: attributesSchema.describe("What the form was filled with."),
      wanted: attributesSchema.describe("What it holds now. Hidden values stay as they are."),
      merge: z
        .boolean()
        .default(false)
        .describe("Saves also where somebody else has changed other attributes meanwhile."),
      preview: z.boolean().default(false).describe("Only shows what would be sent."),
    }),
    response: z.object({
      status: z.enum(["unchanged", "previewed", "applied"]),
      merged: z.boolean().optional().describe("Somebody else had changed other attributes meanwhile."),
      changeSet: z.string().optional(),
      node: z.string().optional(),
      version: z.string().optional().describe("The entry's after the change."),
      unrecorded: z.literal(true).optional().describe("The audit trail has it only once the store is back."),
      ldif: z.string().optional().describe("What was sent, or would be."),
      warnings: z.array(z.string()).optional(),
    }),
  },
  "POST /clusters/{cluster}/changes": {
    summary: "Applies a change set, or previews it.",
    description:
      "Changes are applied in order. There are no transactions: where one fails the rest is not tried, unless `continues` says so. The " +
      "answer is a problem only where nothing was applied; else look at `counts`. In LDIF, records without `changetype` are added.",
    tag: "changes",
    access: "session",
    params: clusterParams,
    body: z
      .strictObject({
        title: z.string().max(200).optional().describe("What a person would call it, for the history."),
        changes: z.array(changeRecord).min(1).max(10_000).optional(),
        ldif: z.string().min(1).optional().describe("LDIF (RFC 2849) in place of `changes`."),
        preview: z.boolean().default(false),
        continues: z.boolean().default(false).describe("Goes on after a change that failed."),
      })
      .refine(({ changes, ldif }) => (changes === undefined) !== (ldif === undefined), {
        message: "give either `changes` or `ldif`",
      }),
    response: z.union([applied, previewed]),
  },
  "GET /clusters/{cluster}/changes": {
    summary: "What was changed, the newest first.",
    description:
      "Of an entry, for who may see it; one's own; or all, for auditors. The history of an entry is that of its name: changes under a " +
      "name that it had before are found under that.",
    tag: "changes",
    access: "session",
    params: clusterParams,
    query: z.object({
      dn: dn.optional().describe("Only change sets that touched the entry of this name."),
      actor: z.string().min(1).max(8_192).optional().describe("Only of this person; `me` for one's own."),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      cursor,
    }),
    response: z.object({ changes: z.array(changeSet), cursor: z.string().optional() }),
  },
  "GET /changes/{id}": {
    summary: "A change set with its changes.",
    description: "Shows the changes of entries that one may see; to auditors, and to who made them, all of them.",
    tag: "changes",
    access: "session",
    params: setParams,
    query: z.object({ limit: z.coerce.number().int().min(1).max(200).default(100), cursor }),
    response: z.object({ changeSet, steps: z.array(changeStep), cursor: z.string().optional() }),
  },
  "POST /changes/{id}/undo": {
    summary: "Undoes a change set by another one, its inverse.",
    description:
      "Refused with `conflict` where an entry is no more as the change left it; nothing is done then. What cannot be undone, such as " +
      "passwords, is in `warnings`. One's own change sets, or those of others for administrators.",
    tag: "changes",
    access: "session",
    params: setParams,
    body: z.strictObject({ preview: z.boolean().default(false) }).prefault({}),
    response: z.union([applied.extend({ warnings: z.array(z.string()) }), previewed]),
  },
});
