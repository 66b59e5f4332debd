/** The routes of findings: what the checks of what runs have found, and a look that is made now. */
import { severities } from "@espalier/service";
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";

const findingSchema = z
  .object({
    id: z.string().describe("The same as long as it is the same finding."),
    rule: z.string().describe("The rule that found it: `TLS003`."),
    title: z.string().describe("What the rule looks for."),
    severity: z.enum(severities as ["critical", "high", "medium", "low", "info"]),
    subject: z.string().describe("What it is about: a server, an address, a disk."),
    message: z.string().describe("A sentence about this one."),
    path: z.string().describe("The part of the subject, such as `certificates[0]`; may be empty."),
    fix: z.string().describe("What to paste or to do."),
    explanation: z.string().describe("Why it matters, in Markdown."),
    references: z.array(z.string()).describe("Where that is written."),
    firstSeen: z.number().int().describe("Milliseconds since 1970."),
    isStale: z.boolean().describe("What it is about could not be looked at the last time: it may be over."),
    suppressed: z
      .object({ reason: z.string(), until: z.string().optional() })
      .optional()
      .describe("Somebody has taken it on, in the configuration."),
  })
  .describe("Something that is wrong.");

const findingsSchema = z.object({
  state: z
    .enum(["off", "waiting", "known"])
    .describe("`off`: this process makes no checks (`espalier up` does). `waiting`: the first look has not ended."),
  lastRunAt: z.number().int().optional().describe("When the last look ended; milliseconds since 1970."),
  isRunning: z.boolean(),
  intervalMs: z.number().int().optional(),
  findings: z.array(findingSchema).describe("The most severe first. While it is `waiting`, those of before."),
  unreadable: z
    .array(z.object({ subject: z.string(), message: z.string() }))
    .describe("What could not be looked at: of it nothing is known."),
});

export const findingRoutes = defineRoutes({
  "GET /findings": {
    summary: "What is wrong, as far as the checks of what runs have found.",
    description: "For auditors and administrators of any cluster, as the timeline, which tells of the same findings.",
    tag: "findings",
    access: "session",
    response: findingsSchema,
  },
  "POST /findings/check-now": {
    summary: "Looks at everything that runs once more, and gives what is wrong then.",
    description: "For administrators of any cluster. Takes up to ten seconds, or twenty where a look is under way.",
    tag: "findings",
    access: "session",
    response: findingsSchema,
  },
});
