/** Routes that find entries: searches, the tree, counts. */
import { z } from "zod";
import { entrySchema } from "../api/entry.ts";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { answeredShape, attributeName, cursorText, dnText, filterText, limitOf, nodeName } from "./answer.ts";

const scope = z
  .enum(["base", "one", "sub"])
  .describe("The entry itself, the level below it, or all of the subtree with itself; as in an LDAP URL (RFC 4516).");

export const searchBody = z.strictObject({
  base: dnText.optional().describe("Where to begin; the cluster's base DN unless set."),
  scope: scope.default("sub"),
  filter: filterText.default("(objectClass=*)"),
  attributes: z.array(attributeName).min(1).max(200).describe("What to show of each entry; always said."),
  limit: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(100)
    .describe("Entries a page; a stream gives all and takes no notice."),
  cursor: cursorText.optional(),
  sort: z
    .array(z.strictObject({ attribute: attributeName, descending: z.boolean().default(false) }))
    .min(1)
    .max(5)
    .optional()
    .describe("Lets the server sort (RFC 2891). Refused where it cannot: most OpenLDAP servers."),
  node: nodeName.optional(),
});

const pageShape = {
  ...answeredShape,
  cursor: cursorText.optional().describe("For the next page; absent on the last one."),
  sizeLimited: z.literal(true).optional().describe("The server stopped at a limit of its own."),
};

const searchAnswer = z.object({
  entries: z.array(entrySchema),
  references: z
    .array(z.string())
    .optional()
    .describe("Other servers that hold parts of the subtree; they were not asked."),
  ...pageShape,
});

export const childSchema = z.object({
  dn: z.string(),
  rdn: z.string(),
  objectClasses: z.array(z.string()),
  name: z.string().optional().describe("What a person would call it: displayName, cn, ou or uid, the first there is."),
  description: z.string().optional(),
  hasChildren: z.enum(["yes", "no", "unknown"]).describe("`unknown` where the server does not say: open it to see."),
  childCount: z.number().int().optional().describe("Where the server counts them."),
});

export const searchRoutes = defineRoutes({
  "POST /clusters/{cluster}/search": {
    summary: "Searches, a page at a time or as a stream.",
    description: [
      "A page has a `cursor` where there are more: send the same search with it. It belongs to the session and is kept for",
      "five minutes; a session has four at most, and a new one takes the place of the oldest.",
      "",
      "With `Accept: application/x-ndjson` every entry comes as a line of JSON as it is found, and the last line is",
      '`{"end": {"count", "node", "complete", "problem"?}}`: without it the stream was cut short. Going away cancels the search.',
      "",
      "A session has four streams at a time. A filter that cannot be read is `invalid_request` with `details.offset`.",
    ].join("\n"),
    tag: "search",
    access: "session",
    params: clusterParams,
    body: searchBody,
    response: searchAnswer,
    streams: ["application/x-ndjson"],
  },
  "GET /clusters/{cluster}/children": {
    summary: "Lists the entries right below one, for a tree.",
    tag: "search",
    access: "session",
    params: clusterParams,
    query: z.object({
      dn: dnText
        .default("")
        .describe("Empty for the top: the base DN where one is configured, else the naming contexts."),
      filter: filterText.default("(objectClass=*)"),
      cursor: cursorText.optional(),
      limit: limitOf(1_000, 200),
      node: nodeName.optional(),
    }),
    response: z.object({ children: z.array(childSchema), ...pageShape }),
  },
  "GET /clusters/{cluster}/count": {
    summary: "Counts entries, but no further than it must.",
    tag: "search",
    access: "session",
    params: clusterParams,
    query: z.object({
      base: dnText.optional().describe("The cluster's base DN unless set."),
      scope: scope.default("sub"),
      filter: filterText.default("(objectClass=*)"),
      atMost: z.coerce.number().int().min(1).max(100_000).default(1_000).describe("Where to stop counting."),
      node: nodeName.optional(),
    }),
    response: z.object({
      count: z.number().int(),
      isExact: z.boolean().describe("False: there are at least so many, and counting stopped."),
      ...answeredShape,
    }),
  },
});
