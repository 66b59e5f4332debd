/** Routes about the servers of a cluster: whether they are there, what they are, and what they count of themselves. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { nodeName } from "../reading/answer.ts";
import { factsSchema, nodeStatusSchema } from "../reading/cluster-routes.ts";

const figure = z
  .union([z.number(), z.literal("unknown")])
  .describe("`unknown` where the server does not show it; that is not 0.");

export const operationKinds = [
  "bind",
  "unbind",
  "search",
  "compare",
  "modify",
  "modifyDn",
  "add",
  "delete",
  "abandon",
  "extended",
] as const;

const operationFigures = z.object({ initiated: figure, completed: figure });

export const figuresSchema = z.object({
  startedAt: z.union([z.iso.datetime(), z.literal("unknown")]),
  uptimeSeconds: figure,
  connections: z.object({
    current: figure,
    total: figure,
    most: figure.describe("File descriptors that it may have."),
  }),
  operations: z
    .object({ all: operationFigures, byKind: z.record(z.enum(operationKinds), operationFigures) })
    .describe("Since it was started."),
  threads: z.object({ active: figure, most: figure, pending: figure.describe("Operations that wait for a thread.") }),
  waiters: z
    .object({ read: figure, write: figure })
    .describe("Connections that it waits for: to send something, or to take what it has sent."),
  sent: z
    .object({ messages: figure, entries: figure, references: figure, bytes: figure })
    .describe("Since it was started."),
});

export const monitoringRoutes = defineRoutes({
  "GET /clusters/{cluster}/nodes": {
    summary: "Asks every node how it is.",
    description: "Each is asked at once: `responseMs` is how long its root DSE took just now.",
    tag: "monitoring",
    access: "session",
    params: clusterParams,
    response: z.object({
      nodes: z.array(
        nodeStatusSchema.extend({
          facts: factsSchema.optional(),
          problem: z.string().optional().describe("Why it could not be asked now."),
        }),
      ),
    }),
  },
  "GET /clusters/{cluster}/monitor": {
    summary: "Gives what the servers count of themselves.",
    description:
      "From OpenLDAP's `cn=Monitor` and 389 Directory Server's `cn=monitor`, as far as you may read them. Counters are absolute: ask again, and divide the difference by the difference of `at`.",
    tag: "monitoring",
    access: "session",
    params: clusterParams,
    query: z.object({ node: nodeName.optional().describe("Only this one; all, unless set.") }),
    response: z.object({
      nodes: z.array(
        z.object({
          node: z.string(),
          at: z.iso.datetime().describe("When they were read."),
          source: z
            .enum(["openldap", "389ds"])
            .optional()
            .describe("Whose figures they are; absent where there are none."),
          figures: figuresSchema,
          problem: z.string().optional().describe("Why figures are unknown, and what to do, a sentence."),
        }),
      ),
    }),
  },
});
