/** `notify.approvals`: who may ask, how long a person has, and how often a person is asked. */
import { duration, network, secret } from "@espalier/service";
import { z } from "zod";

export const approvalsConfig = z.strictObject({
  keys: z
    .array(secret().refine((key) => key.reveal().length >= 20, "must have 20 characters or more"))
    .max(20)
    .default([])
    .describe(
      "Keys of the programs that may ask and do nothing else, beside those of `apiKeys`: as `Authorization: Bearer`, or as `apikey` in the old protocol's body.",
    ),
  trustedNetworks: z
    .array(network())
    .default([])
    .describe("From where a program may ask in the old protocol without a key: gateways that send none."),
  path: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9_-]+)+$/, "must be a path such as /send-notification")
    .refine(
      (path) => !/^\/(?:approvals|events|hooks|incidents|health|livez|readyz)(?:\/|$)/.test(path),
      "is taken: choose another path",
    )
    .default("/send-notification")
    .describe("Where the old protocol is spoken: what a gateway has as `NOTIFICATION_URL`."),
  expireAfter: duration({ min: 5_000, max: 600_000 })
    .prefault("60s")
    .describe("How long a person has. Attempts of the same user, service and address within it share one request."),
  perHour: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(10)
    .describe("How often one user is asked within an hour; further logins are refused without asking."),
  lockAfterRejections: z
    .number()
    .int()
    .min(1)
    .default(2)
    .describe("After so many rejections within an hour the user is not asked for an hour."),
  lockAfterNotMe: duration({ min: 60_000 })
    .prefault("24h")
    .describe("How long a user is not asked who said `This was not me`: somebody else has the password."),
});

export type ApprovalsConfig = z.output<typeof approvalsConfig>;
