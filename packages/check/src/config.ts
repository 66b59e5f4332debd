/** The `check` section of espalier.yaml: what is asked of a deployment, what is excused, and what is looked at while it runs. */
import { defineSection, duration } from "@espalier/service/configuration";
import { z } from "zod";
import { backupsConfig } from "./backup/config.ts";
import { defaultProfile, profiles } from "./engine/rule.ts";

const ruleId = z.string().regex(/^[A-Z]{3}\d{3}$/, "must be the id of a rule, such as TLS003");

export const checkSection = defineSection({
  name: "check",
  description: "What is checked before a deployment and while it runs, and which findings are taken on.",
  schema: z.strictObject({
    profile: z
      .enum(profiles)
      .default(defaultProfile)
      .describe("How much is asked for: `lab`, `production` or `strict`."),
    interval: duration({ min: 10_000 })
      .prefault("5m")
      .describe("How often `espalier up` looks at what runs: certificates, nodes, replication, queue, disk, backups."),
    endpoints: z
      .array(z.string().regex(/^(?:ldaps?|https):\/\/[^/\s]+$/, "must be such as ldaps://ldap1.example.com:636"))
      .default([])
      .describe("More that presents a certificate: `ldaps://` and `https://`, or `ldap://` for StartTLS."),
    caFile: z.string().min(1).optional().describe("Certificates (PEM) that are trusted beside those of the system."),
    suppressions: z
      .array(
        z.strictObject({
          rule: ruleId.describe("The rule that is excused."),
          subject: z.string().min(1).optional().describe("Only for this service, node, file or endpoint."),
          path: z.string().min(1).optional().describe("Only at this path, such as `services.ldap.ports[0]`."),
          reason: z.string().min(10).describe("Why it is taken on: a sentence that the next person understands."),
          until: z.iso.date().optional().describe("The last day on which it counts; after it the finding is back."),
        }),
      )
      .default([])
      .describe("Findings that somebody has taken on."),
    backups: backupsConfig.optional(),
  }),
});

export type CheckConfig = z.output<typeof checkSection.schema>;
