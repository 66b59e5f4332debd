/** Routes about replication: whether nodes have the same, since when they have not, and where they differ. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { valueSchema } from "../api/value.ts";
import { dnText, flag } from "../reading/answer.ts";

const time = z.iso.datetime();

const csnSchema = z
  .object({
    serverId: z.string(),
    csn: z.string(),
    at: time.describe("When the change was made, by that server's clock."),
  })
  .describe("The newest change of a server.");

const count = z.object({
  count: z.number().int(),
  isExact: z.boolean().describe("False: there are at least so many."),
});

const countsSchema = z
  .object({ total: count, users: count, groups: count, ous: count, other: count })
  .describe("An entry of two kinds counts in both. Equal counts do not mean equal entries: see `diff`.");

const consumerSchema = z.object({
  provider: z.string(),
  isConnected: z.boolean(),
  phase: z.string().optional(),
  lastConnectAt: time.optional(),
  lastContactAt: time.optional(),
  nextConnectAt: time.optional(),
  lastCookieReceived: z.string().optional(),
});

const agreementSchema = z.object({
  name: z.string(),
  consumer: z.string().describe("Whom it sends changes to, a URL."),
  isEnabled: z.boolean(),
  state: z.enum(["ok", "warning", "error", "unknown"]),
  message: z.string().optional().describe("In the server's words."),
  lastUpdateStartAt: time.optional(),
  lastUpdateEndAt: time.optional(),
  isUpdating: z.boolean().optional(),
  changesSent: z.number().int().optional().describe("Since the server was started."),
});

const nodeSchema = z.object({
  node: z.string(),
  isReachable: z.boolean(),
  responseMs: z.number().optional(),
  source: z
    .enum(["contextCSN", "nsds50ruv"])
    .optional()
    .describe("Where `newest` is from; absent where the node does not say."),
  newest: z.array(csnSchema).describe("The newest change that it has of each server."),
  generation: z.string().optional().describe("389: servers of different ones do not replicate with each other."),
  consumers: z
    .array(consumerSchema)
    .optional()
    .describe("OpenLDAP: what `cn=Monitor` says of those by which it takes changes."),
  agreements: z.array(agreementSchema).optional().describe("389: those by which it sends changes."),
  counts: countsSchema.optional(),
  problem: z.string().optional().describe("What is not known of it and why, a sentence."),
});

const endpointSchema = z.object({
  node: z.string().optional().describe("Absent where it is none of the cluster's."),
  address: z.string().describe("As the server that speaks of it calls it."),
});

export const replicationSchema = z.object({
  at: time,
  base: z.string(),
  inSync: z
    .union([z.boolean(), z.literal("unknown")])
    .describe("`true` only if every node was asked, and has every change that any of them had when it was asked."),
  problem: z.string().optional().describe("Why it is not `true`, a sentence."),
  nodes: z.array(nodeSchema),
  newest: z.array(csnSchema).describe("By server, the newest change that any node has."),
  lag: z
    .array(
      z.object({
        node: z.string(),
        serverId: z.string(),
        state: z
          .enum(["in_sync", "behind", "never_seen", "unknown"])
          .describe("`never_seen`: it has no change of that server, and another node has."),
        lagMs: z
          .number()
          .optional()
          .describe(
            "From the newest change that it has of that server to the newest that any node has, by that server's clock. 0 however long ago the last change was; where changes are rare, one that is missing makes it as long as the pause before it.",
          ),
        csn: z.string().optional(),
        problem: z.string().optional(),
      }),
    )
    .describe("Of each node and each server that changes were made on."),
  topology: z.object({
    edges: z
      .array(
        z.object({
          from: endpointSchema,
          to: endpointSchema,
          kind: z.enum(["syncrepl", "agreement"]),
          status: z.enum(["ok", "broken", "disabled", "unknown"]),
          detail: z.string().optional(),
        }),
      )
      .describe("Who sends changes to whom, as the servers say."),
    unknown: z
      .array(z.object({ node: z.string(), problem: z.string() }))
      .describe("Nodes that do not say: there may be edges that are not here."),
  }),
});

const shownValue = z.union([
  valueSchema,
  z.object({ bytes: z.number().int(), sha256: z.string() }).describe("A value that is too long to be shown."),
]);

const oneSided = z.object({
  values: z.array(shownValue).describe("The first of them."),
  count: z.number().int(),
});

export const diffLineSchema = z.union([
  z.object({
    progress: z.object({
      phase: z.enum(["reading", "comparing"]),
      node: z.string(),
      entries: z.number().int(),
    }),
  }),
  z.object({
    finding: z.discriminatedUnion("type", [
      z.object({
        type: z.literal("only_on"),
        dn: z.string(),
        node: z.string(),
        missingOn: z.string(),
        changedAt: time.optional(),
      }),
      z.object({
        type: z.literal("differs"),
        dn: z.string().describe("On the first of `nodes`."),
        otherDn: z.string().optional().describe("On the second, where it has another name."),
        nodes: z.tuple([z.string(), z.string()]),
        attributes: z.array(z.object({ attribute: z.string(), onlyOnFirst: oneSided, onlyOnSecond: oneSided })),
        changedAt: time.optional(),
      }),
    ]),
  }),
  z.object({
    end: z.object({
      nodes: z.array(z.string()).describe("The first is what the others were compared with."),
      entries: z.record(z.string(), z.number().int()).describe("Looked at on each node."),
      compared: z.number().int(),
      onlyOn: z.number().int(),
      differing: z.number().int(),
      complete: z.boolean().describe("False where not everything was compared or reported; `problem` says what."),
      problem: z.string().optional(),
      ignored: z.array(z.string()).describe("Attributes that servers keep for themselves, which were not compared."),
    }),
  }),
]);

export const replicationRoutes = defineRoutes({
  "GET /clusters/{cluster}/replication": {
    summary: "Asks every node which changes it has.",
    description: [
      "OpenLDAP says it by the `contextCSN` of the base, 389 Directory Server by `nsds50ruv`, as far as you may read them. Nodes that",
      "seem behind are asked once more after a moment, so that a change that is just on its way is no lag. What cannot be found out is",
      "`unknown`, with the reason, and never in sync.",
    ].join(" "),
    tag: "replication",
    access: "session",
    params: clusterParams,
    query: z.object({
      counts: flag
        .default("false")
        .describe("Counts the entries of every node as well, which reads the names of all of them."),
    }),
    response: replicationSchema,
  },
  "GET /clusters/{cluster}/replication/history": {
    summary: "Gives the lag over time.",
    description:
      "From samples that the manager takes by itself, where the cluster has an account for that. They are kept for some weeks.",
    tag: "replication",
    access: "session",
    params: clusterParams,
    query: z.object({
      from: z.iso.datetime({ offset: true }).optional().describe("A day before `until`, unless set."),
      until: z.iso.datetime({ offset: true }).optional().describe("Now, unless set."),
      points: z.coerce.number().int().min(1).max(1_000).default(200).describe("At most so many of each series."),
    }),
    response: z.object({
      from: time,
      until: time,
      slotMs: z.number().int().describe("A point stands for so much time."),
      problem: z.string().optional().describe("Why no history is being kept, and what to do, a sentence."),
      series: z.array(
        z.object({
          node: z.string(),
          serverId: z.string().optional().describe("Absent where no server id was known."),
          points: z.array(
            z.object({
              at: time.describe("Where the slot begins."),
              lagMs: z.union([z.number(), z.literal("unknown")]).describe("The largest of its samples."),
              samples: z.number().int(),
              unknown: z.number().int().describe("Samples of it in which the lag was not known."),
            }),
          ),
        }),
      ),
    }),
  },
  "POST /clusters/{cluster}/replication/diff": {
    summary: "Compares the entries of nodes.",
    description: [
      "Each node with the first, as far as you may read them: with `full` every entry, with `sample` some that are chosen by chance. What",
      "does not match is read again, and after `delayMs` once more where a change on its way may explain it. The answer is lines of",
      "`progress` and `finding`, and a last one, `end`; without it the comparison was broken off. It ends when you go away.",
    ].join(" "),
    tag: "replication",
    access: "session",
    params: clusterParams,
    body: z
      .strictObject({
        base: dnText.optional().describe("The base of the cluster, unless set."),
        scope: z.enum(["base", "one", "sub"]).default("sub"),
        full: z.literal(true).optional(),
        sample: z.number().int().min(1).max(100_000).optional().describe("How many entries, on all nodes together."),
        nodes: z
          .array(z.string().min(1).max(300))
          .min(2)
          .max(100)
          .optional()
          .describe("Names of nodes; the others are compared with the first. All of the cluster, unless set."),
        delayMs: z.number().int().min(0).max(60_000).default(5_000).describe("How long replication may take."),
        maxFindings: z.number().int().min(1).max(10_000).default(1_000).describe("It ends behind so many."),
      })
      .refine(({ full, sample }) => (full === undefined) !== (sample === undefined), "say either `full` or `sample`"),
    streams: ["application/x-ndjson"],
  },
  "GET /clusters/{cluster}/replication/canary": {
    summary: "Says whether you may test replication by writing an entry.",
    tag: "replication",
    access: "session",
    params: clusterParams,
    response: z.object({
      mayTest: z.boolean(),
      under: z.string().optional().describe("The DN below which the entry would be written."),
      problem: z.string().optional().describe("Why you may not, a sentence: it is not configured, or not your role."),
    }),
  },
  "POST /clusters/{cluster}/replication/canary": {
    summary: "Tests replication by writing an entry.",
    description:
      "For administrators, of clusters whose configuration has `canary`. The entry is added on the node that writes go to, looked for on the others, and removed again, whatever happens meanwhile.",
    tag: "replication",
    access: "session",
    params: clusterParams,
    body: z.strictObject({
      timeoutMs: z.number().int().min(100).max(60_000).default(10_000).describe("How long it may take to arrive."),
    }),
    response: z.object({
      dn: z.string(),
      writeNode: z.string(),
      nodes: z.array(
        z.object({
          node: z.string(),
          state: z.enum(["arrived", "not_arrived", "unreachable", "unknown"]),
          ms: z.number().int().optional().describe("From the answer to the write until the entry was seen."),
          problem: z.string().optional(),
        }),
      ),
      isRemoved: z.boolean().describe("False: it is tried again, by this manager and by the next one that is started."),
      problem: z.string().optional().describe("Why it is not removed."),
      leftoversRemoved: z.number().int().describe("Entries of earlier tests that were still there."),
    }),
  },
});
