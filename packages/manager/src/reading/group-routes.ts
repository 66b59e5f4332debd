/** Routes about groups: who is in one, and in which ones somebody is. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { answeredShape, cursorText, dnText, limitOf, nodeName } from "./answer.ts";

export const memberAttributes = ["member", "uniqueMember", "memberUid"] as const;

const memberSchema = z.object({
  attribute: z.enum(memberAttributes),
  value: z.string().describe("As it is in the group: a DN, or a user's name (`memberUid`)."),
  dn: z.string().optional().describe("Of the member's entry, where it was found."),
  cn: z.string().optional(),
  uid: z.string().optional(),
  state: z.enum(["found", "missing"]).describe("`missing`: there is no such entry, or you may not see it."),
});

export const groupsOfEntrySchema = z.object({
  dn: z.string(),
  cn: z.string().optional(),
  description: z.string().optional(),
  by: z
    .array(z.enum([...memberAttributes, "gidNumber"]))
    .describe("What makes it a group of the entry; `gidNumber` is a primary group."),
});

const total = z.number().int().describe("On all pages together.");

export const groupRoutes = defineRoutes({
  "GET /clusters/{cluster}/members": {
    summary: "Lists the members of a group of any kind.",
    description: [
      "The group is read once and kept behind the cursor for some minutes, so that a page of 50,000 members costs as much as a",
      "page of 50. Only the members of the page are looked up. A session has four lists at most; a new one takes the place of the oldest.",
    ].join("\n"),
    tag: "groups",
    access: "session",
    params: clusterParams,
    query: z.object({
      dn: dnText,
      contains: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe("Only members whose value has this text, in any letter case."),
      attribute: z.enum(memberAttributes).optional().describe("Only members by this attribute."),
      cursor: cursorText.optional(),
      limit: limitOf(500, 100),
      node: nodeName.optional(),
    }),
    response: z.object({
      members: z.array(memberSchema),
      total,
      counts: z
        .object({ member: z.number().int(), uniqueMember: z.number().int(), memberUid: z.number().int() })
        .describe("Of the whole group, by attribute."),
      cursor: cursorText.optional(),
      ...answeredShape,
    }),
  },
  "GET /clusters/{cluster}/groups-of": {
    summary: "Lists the groups that an entry is in.",
    description:
      "By DN (`member`, `uniqueMember`), by name (`memberUid`) and by primary group (`gidNumber`), below the cluster's base DN. At most 10,000.",
    tag: "groups",
    access: "session",
    params: clusterParams,
    query: z.object({ dn: dnText, cursor: cursorText.optional(), limit: limitOf(500, 100), node: nodeName.optional() }),
    response: z.object({
      groups: z.array(groupsOfEntrySchema),
      total,
      cursor: cursorText.optional(),
      ...answeredShape,
    }),
  },
});
