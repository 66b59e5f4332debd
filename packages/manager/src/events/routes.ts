/** The routes of the timeline: what happened, in every service of the store. */
import { severities } from "@espalier/service";
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";

const severity = z.enum(severities as ["critical", "high", "medium", "low", "info"]);

export const eventSchema = z
  .object({
    id: z.string().describe("UUID version 7."),
    position: z.number().int().describe("Its place in the log: where a stream goes on."),
    time: z.number().int().describe("Milliseconds since 1970."),
    type: z.string().describe("Dotted, what happened last: `node.down`."),
    severity,
    subject: z.string().describe("What it happened to: a DN, a node, a certificate."),
    source: z.string().describe("The service that reported it."),
    actor: z.string().optional().describe("Who did it."),
    data: z.record(z.string(), z.unknown()).optional(),
    audit: z.boolean().describe("Part of the hash-chained audit trail."),
  })
  .describe("Something that happened.");

const oneOrSeveral = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([schema, z.array(schema)]).transform((value) => [value].flat() as z.output<Schema>[]);

const filter = {
  type: oneOrSeveral(z.string().max(100))
    .optional()
    .describe("Any of these types, or everything below a name: `backend.*`."),
  severity: oneOrSeveral(severity).optional().describe("Any of these."),
  subject: z.string().max(512).optional().describe("Exactly."),
  audit: z.literal("true").optional().describe("Only the audit trail."),
};

export const eventRoutes = defineRoutes({
  "GET /events": {
    summary: "What happened, newest first.",
    description:
      "For auditors and administrators of any cluster. What happened on a cluster is shown to its own only. A page may have fewer events than asked for; where `cursor` is there is more.",
    tag: "events",
    access: "session",
    query: z.object({
      ...filter,
      from: z.coerce.number().int().min(0).optional().describe("Milliseconds since 1970: not before."),
      until: z.coerce.number().int().min(0).optional().describe("Milliseconds since 1970: before."),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      cursor: z.string().max(500).optional(),
    }),
    response: z.object({
      events: z.array(eventSchema),
      position: z.number().int().describe("The `after` of a stream that misses nothing since this page."),
      cursor: z.string().optional(),
    }),
  },
  "GET /events/stream": {
    summary: "What happens, as it happens.",
    description:
      "Server-sent events, from now on; goes on after `Last-Event-ID`, or after `after`. Begins with the id after which it tells everything.",
    tag: "events",
    access: "session",
    query: z.object({ ...filter, after: z.coerce.number().int().min(0).optional().describe("A position.") }),
    streams: ["text/event-stream"],
  },
  "GET /events/{id}": {
    summary: "One event.",
    tag: "events",
    access: "session",
    params: z.object({ id: z.uuid() }),
    response: eventSchema,
  },
});
