/** The routes of passwords. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";

const maxPasswordLength = 1_000;
const password = z.string().min(1).max(maxPasswordLength);
const dn = z.string().min(1).max(2_000);
const time = z.iso.datetime();

/** Unknown is what the server does not show to the person, or does not keep. */
const known = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.literal("unknown")]);
const limit = known(z.number().int());

const policySchema = z.object({
  dn: z.string().describe("Where it is."),
  minLength: limit,
  maxLength: limit,
  maxAgeSeconds: limit,
  minAgeSeconds: limit,
  history: limit.describe("How many passwords from before cannot be used again."),
  maxFailures: limit.describe("Wrong passwords before the account is locked."),
  lockoutSeconds: limit.describe("0: until somebody unlocks it."),
  graceLogins: limit,
  mustChangeAfterReset: known(z.boolean()),
});

const doneSchema = z.object({
  changeSet: z.string().describe("In the audit trail. A password cannot be undone: what it was is not known."),
  generatedPassword: z.string().optional().describe("Shown this once, and kept nowhere."),
  mustChange: z.boolean().describe("Whether its owner has to change it at the next login."),
  warnings: z.array(z.string()).describe("What could not be done beside it."),
});

export const passwordRoutes = defineRoutes({
  "POST /clusters/{cluster}/password": {
    summary: "Sets somebody's password.",
    description:
      "By Password Modify (RFC 3062) where the server has it, so that it applies its policy and hashes it itself.",
    tag: "passwords",
    access: "session",
    params: clusterParams,
    body: z
      .strictObject({
        dn,
        newPassword: password.optional(),
        generate: z.literal(true).optional().describe("Makes one up, in place of `newPassword`."),
        mustChange: z.boolean().default(false).describe("Its owner has to change it at the next login."),
      })
      .refine((body) => (body.newPassword === undefined) !== (body.generate === undefined), {
        message: "give newPassword, or generate",
      }),
    response: doneSchema,
  },
  "POST /clusters/{cluster}/password/own": {
    summary: "Changes your own password.",
    tag: "passwords",
    access: "session",
    params: clusterParams,
    body: z.strictObject({ oldPassword: password, newPassword: password }),
    response: doneSchema,
  },
  "GET /clusters/{cluster}/password": {
    summary: "Shows what the directory keeps about a password: never the password, nor its hash.",
    tag: "passwords",
    access: "session",
    params: clusterParams,
    query: z.object({ dn }),
    response: z.object({
      dn: z.string(),
      node: z.string(),
      set: known(z.boolean()).describe("Whether there is one."),
      schemes: z.array(z.string()).describe("How it is hashed, where that is to be seen: `SSHA`."),
      changedAt: known(time),
      expiresAt: known(z.union([time, z.literal("never")])),
      mustChange: known(z.boolean()),
      locked: known(z.boolean()).describe("By wrong passwords."),
      lockedSince: time.optional(),
      lockedUntil: z
        .union([time, z.literal("unlocked")])
        .optional()
        .describe("`unlocked`: until somebody unlocks it."),
      disabled: known(z.boolean()).describe("By an administrator."),
      failures: limit.describe("Wrong passwords since the last right one."),
      graceLoginsUsed: limit,
      graceLoginsLeft: limit,
      policy: known(policySchema),
    }),
  },
});
