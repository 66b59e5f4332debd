/** The routes that add, rename, delete and change entries. Each has a preview, and each change can be undone by the id of its change set. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { attributesSchema, valueSchema } from "../api/value.ts";
import {
  accountSchema,
  bulkSchema,
  copiedSchema,
  createdSchema,
  groupsSchema,
  membersSchema,
  outcomeSchema,
  previewField,
} from "./outcome-schemas.ts";

const dn = z.string().min(1).max(8_192).describe("RFC 4514.");
const common = { tag: "entries", access: "session", params: clusterParams, partial: true } as const;
const lastMember = z
  .enum(["refuse", "placeholder"])
  .default("refuse")
  .describe(
    "Where the last member of a group would go whose object class asks for one: nothing is done, or the group keeps `cn=nobody`, which is in no directory and goes when a member comes.",
  );
const flag = z.enum(["true", "false"]).default("false");
/** Of a group of 50,000, by DN. */
const manyMembersBytes = 8 * 1024 * 1024;
const maxItems = 50_000;
const items = z.array(z.string().max(8_192)).max(maxItems).default([]);
const formValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

export const entryRoutes = defineRoutes({
  "POST /clusters/{cluster}/entries": {
    ...common,
    summary: "Adds an entry.",
    description:
      "A `userPassword` in clear text is not stored as it is: it is set as a password when the entry is there. Certificates may be PEM; a `jpegPhoto` is a JPEG of at most 256 KiB.",
    body: z.strictObject({ dn, attributes: attributesSchema, preview: previewField }),
    response: createdSchema,
  },
  "POST /clusters/{cluster}/entries/from-form": {
    ...common,
    summary: "Adds an entry from a creation form of the configuration.",
    description:
      "Fields that are left out are filled in by themselves where the form says how. `next_uid` and `next_gid` give each number once, ever.",
    body: z.strictObject({
      form: z.string().min(1).max(200).describe("`user` is `user_creation_form`; others are `templates`, by name."),
      values: z.record(z.string(), formValue).describe("By name of field."),
      parent: dn.optional().describe("In place of the form's `base_ou`."),
      preview: previewField,
    }),
    response: createdSchema,
  },
  "POST /clusters/{cluster}/entries/copy": {
    ...common,
    summary: "Copies an entry, or a subtree of up to 1,000 entries.",
    body: z.strictObject({
      dn,
      newDn: dn,
      withChildren: z.boolean().default(false),
      keep: z
        .array(z.string())
        .default([])
        .describe("Attributes that are copied although they are not by themselves: secrets, `uidNumber`."),
      attributes: attributesSchema
        .default({})
        .describe("In place of what the original has; an empty list leaves the attribute out."),
      preview: previewField,
    }),
    response: copiedSchema,
  },
  "POST /clusters/{cluster}/entries/rename": {
    ...common,
    summary: "Renames an entry, and the references to it and to all below it.",
    description:
      "References are `member`, `uniqueMember`, `owner`, `seeAlso`, `manager`, `secretary` and `roleOccupant`, and `memberUid` where the login name changes: up to 10,000 entries that have some.",
    body: z.strictObject({
      dn,
      newRdn: z.string().min(1).max(8_192).describe("`uid=anna`"),
      deleteOldRdn: z.boolean().default(true).describe("Whether the values of the old name go."),
      references: z.enum(["update", "leave"]).default("update"),
      preview: previewField,
    }),
    response: createdSchema,
  },
  "POST /clusters/{cluster}/entries/move": {
    ...common,
    summary: "Moves an entry, with all below it where the server can, and the references.",
    body: z.strictObject({
      dn,
      newParent: dn,
      references: z.enum(["update", "leave"]).default("update"),
      preview: previewField,
    }),
    response: createdSchema,
  },
  "DELETE /clusters/{cluster}/entry": {
    ...common,
    summary: "Deletes an entry or a subtree, and the references.",
    description:
      "A subtree, of up to 10,000 entries, needs the role `admin` and the count that the preview gave, as `expected`. Entries go one by one, leaf first, so that each can be undone.",
    query: z.object({
      dn,
      subtree: flag,
      expected: z.coerce.number().int().min(1).optional(),
      references: z.enum(["remove", "leave"]).default("remove"),
      lastMember,
      preview: flag.describe("As in the body of other routes."),
    }),
    response: outcomeSchema,
  },
  "PUT /clusters/{cluster}/groups/members": {
    ...common,
    summary: "Adds members to a group and removes others.",
    description:
      "Members are given by DN, login name or mail address, also for a group that holds login names (`memberUid`). Who is a member already, or is none, is named and is no error.",
    body: z.strictObject({
      dn,
      add: items,
      remove: items,
      lastMember,
      skipUnresolved: z
        .boolean()
        .default(false)
        .describe("Does the rest where some of the list mean nobody; else nothing is done."),
      preview: previewField,
    }),
    maxBodyBytes: manyMembersBytes,
    response: membersSchema,
  },
  "PUT /clusters/{cluster}/entry/groups": {
    ...common,
    summary: "Puts an entry into groups and takes it out of others.",
    body: z.strictObject({
      dn,
      add: z.array(dn).max(1_000).default([]).describe("DNs of groups."),
      remove: z.array(dn).max(1_000).default([]),
      lastMember,
      preview: previewField,
    }),
    response: groupsSchema,
  },
  "POST /clusters/{cluster}/bulk": {
    ...common,
    summary: "Makes the same edits in many entries, or enables, disables or unlocks many accounts.",
    description:
      "Of up to 10,000 entries. Each is changed only if it is as it was read; one that fails does not stop the others.",
    body: z
      .strictObject({
        select: z.union([
          z.strictObject({
            base: dn,
            scope: z.enum(["baseObject", "singleLevel", "wholeSubtree"]).default("wholeSubtree"),
            filter: z.string().min(1).max(65_536).describe("RFC 4515."),
          }),
          z.strictObject({ dns: z.array(dn).min(1).max(10_000) }),
        ]),
        edit: z
          .array(
            z.strictObject({
              attribute: z.string().min(1).max(200),
              action: z.enum(["add", "remove", "replace", "clear"]).describe("`clear` removes all values."),
              values: z.array(valueSchema).default([]),
            }),
          )
          .min(1)
          .max(100)
          .optional(),
        account: z.enum(["unlock", "enable", "disable", "force_change"]).optional(),
        expected: z
          .number()
          .int()
          .min(0)
          .optional()
          .describe("How many entries the preview said would change; nothing is done if it is another number now."),
        preview: previewField,
      })
      .refine(({ edit, account }) => (edit === undefined) !== (account === undefined), {
        message: "needs either `edit` or `account`",
      }),
    maxBodyBytes: manyMembersBytes,
    response: bulkSchema,
  },
  "POST /clusters/{cluster}/entry/account": {
    ...common,
    summary: "Unlocks, enables or disables an account, or makes its owner change the password.",
    description:
      "By what the server has: OpenLDAP's ppolicy, 389-DS, Active Directory; and by the shadow data of POSIX accounts. The answer says what was done and what it means.",
    body: z.strictObject({
      dn,
      action: z
        .enum(["unlock", "enable", "disable", "force_change"])
        .describe("`unlock`: after too many wrong passwords. `disable` and `enable`: by decision."),
      preview: previewField,
    }),
    response: accountSchema,
  },
});
