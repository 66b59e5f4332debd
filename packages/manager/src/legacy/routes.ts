/**
 * The paths of the system that this one takes the place of: what each took and gave, for scripts that use them. New ones
 * belong to `/api/v1`. Errors are `{detail}`, with the status that fits.
 */
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";

const tag = "legacy";
const name = z.object({ name: z.string().min(1).max(100) });
const clusterInPath = z.object({ cluster: z.string().min(1).max(100) });
const cluster = z.string().min(1).max(100);
const dn = z.string().min(1).max(8_192);
const done = z.object({ status: z.literal("success"), dn: z.string() });

/** A value is text, or a list of it; the old page sent numbers and checkboxes as they are in JSON. */
const written = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const values = z.union([written.transform((value) => [value]), z.array(written)]);
/** An empty text removes the attribute, as an empty field of a form does. */
const attributes = z.record(
  z.string().min(1).max(256),
  values.transform((texts) => texts.filter((text) => text !== "")),
);

const clusterShown = z.object({
  name: z.string(),
  host: z.string().nullable(),
  port: z.number().nullable(),
  nodes: z.array(z.object({ host: z.string(), port: z.number(), name: z.string() })).nullable(),
  base_dn: z.string(),
  bind_dn: z.string().nullable(),
  readonly: z.boolean(),
  description: z.string(),
});

/** Values by attribute, the way the old page wanted them: text alone. What is not text is base64, what is secret is left out. */
const entry = z.object({ dn: z.string() }).catchall(z.union([z.string(), z.array(z.string())]));

export const legacyRoutes = defineRoutes({
  "GET /api/clusters/list": {
    summary: "The clusters that are configured.",
    tag,
    access: "session",
    response: z.object({ clusters: z.array(clusterShown) }),
  },
  "GET /api/clusters/get/{name}": {
    summary: "One cluster.",
    tag,
    access: "session",
    params: name,
    response: clusterShown,
  },
  "GET /api/clusters/health/{name}": {
    summary: "Whether its nodes answer.",
    tag,
    access: "session",
    params: name,
    response: z.object({ status: z.enum(["healthy", "warning", "error"]), message: z.string() }),
  },
  "GET /api/clusters/form/{name}": {
    summary: "The form for new users.",
    tag,
    access: "session",
    params: name,
    response: z.record(z.string(), z.unknown()),
  },
  "GET /api/clusters/columns/{name}": {
    summary: "The columns of its tables.",
    tag,
    access: "session",
    params: name,
    response: z.record(z.string(), z.unknown()),
  },
  "GET /api/clusters/password-policy/{name}": {
    summary: "What passwords must be like.",
    tag,
    access: "session",
    params: name,
    response: z.object({ min_length: z.number(), require_confirmation: z.boolean() }),
  },

  "POST /api/connection/connect": {
    summary: "Signs in to a cluster as its `bind_dn`.",
    tag,
    access: "public",
    body: z.object({
      cluster_name: cluster,
      bind_password: z.string().min(1).max(1_024),
      second_factor: z.string().min(6).max(64).optional(),
    }),
    response: z.object({
      status: z.literal("success"),
      message: z.string(),
      base_dn: z.string(),
      csrf_token: z.string(),
    }),
  },
  "GET /api/connection/status": {
    summary: "Says that it is there.",
    tag,
    access: "session",
    response: z.object({ status: z.literal("ready") }),
  },
  "GET /api/password/check/{cluster}": {
    summary: "Whether you are connected to the cluster.",
    tag,
    access: "session",
    params: clusterInPath,
    response: z.object({ cached: z.boolean() }),
  },
  "DELETE /api/password/cache/{cluster}": {
    summary: "Ends your connection to the cluster: the secret that was kept for it is dropped.",
    tag,
    access: "session",
    params: clusterInPath,
    response: z.object({ status: z.literal("success"), message: z.string() }),
  },

  "GET /api/entries/stats": {
    summary: "How many entries there are.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({
      total: z.number(),
      users: z.number(),
      groups: z.number(),
      ous: z.number(),
      other: z.number(),
    }),
  },
  "GET /api/entries/search": {
    summary: "A page of entries.",
    tag,
    access: "session",
    query: z.object({
      cluster,
      page: z.coerce.number().int().min(1).max(1_000_000).default(1),
      page_size: z.coerce.number().int().min(1).max(10_000).default(10),
      search: z.string().max(256).optional(),
      filter_type: z.enum(["users", "groups", "ous"]).optional(),
    }),
    response: z.object({
      entries: z.array(entry),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
      has_more: z.boolean(),
      total_is_exact: z.boolean(),
    }),
  },
  "POST /api/entries/search": {
    summary: "Entries that match a filter.",
    tag,
    access: "session",
    body: z.looseObject({
      cluster_name: cluster.optional(),
      base_dn: dn.optional(),
      filter: z.string().min(1).max(8_192).default("(objectClass=*)"),
      attributes: z.array(z.string().min(1).max(256)).max(256).optional(),
    }),
    response: z.object({ entries: z.array(entry), count: z.number() }),
  },
  "POST /api/entries/create": {
    summary: "Adds an entry.",
    tag,
    access: "session",
    body: z.object({ cluster_name: cluster, dn, attributes }),
    response: done,
  },
  "PUT /api/entries/update": {
    summary: "Gives attributes other values.",
    tag,
    access: "session",
    body: z.object({ cluster_name: cluster, dn, modifications: attributes }),
    response: done,
  },
  "DELETE /api/entries/delete": {
    summary: "Removes an entry.",
    tag,
    access: "session",
    query: z.object({ cluster_name: cluster, dn }),
    response: done,
  },
  "GET /api/entries/groups/all": {
    summary: "All groups.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({ groups: z.array(entry) }),
  },
  "GET /api/entries/user/groups": {
    summary: "The groups of somebody.",
    tag,
    access: "session",
    query: z.object({ cluster, user_dn: dn }),
    response: z.object({ user_dn: z.string(), groups: z.array(entry) }),
  },
  "PUT /api/entries/user/groups": {
    summary: "Puts somebody into groups and takes them out of others.",
    tag,
    access: "session",
    body: z.object({
      cluster_name: cluster,
      user_dn: dn,
      groups_to_add: z.array(dn).max(1_000).default([]),
      groups_to_remove: z.array(dn).max(1_000).default([]),
    }),
    response: z.object({
      status: z.enum(["success", "partial"]),
      user_dn: z.string(),
      errors: z.array(z.string()).optional(),
    }),
  },

  "GET /api/monitoring/nodes": {
    summary: "What each node holds, and how far it is with replication.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({
      nodes: z.array(
        z.object({
          node: z.string(),
          total: z.number().nullable(),
          users: z.number().nullable(),
          groups: z.number().nullable(),
          ous: z.number().nullable(),
          status: z.enum(["healthy", "error"]),
          contextCSN: z.string().nullable(),
          responseTime: z.number().nullable().describe("Milliseconds."),
          syncAge: z.number().nullable().describe("Seconds that it is behind the furthest node."),
          error: z.string().optional(),
        }),
      ),
      in_sync: z.boolean().nullable().describe("`null` where that is not known."),
    }),
  },
  "GET /api/monitoring/topology": {
    summary: "Who replicates from whom.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({
      topology: z.array(
        z.object({
          node: z.string(),
          server_id: z.number().nullable(),
          reads_from: z.array(z.object({ host: z.string(), rid: z.string() })),
        }),
      ),
    }),
  },
  "POST /api/monitoring/test-replication": {
    summary: "Writes an entry on one node, looks for it on the others, and removes it.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({
      success: z.boolean(),
      message: z.string(),
      results: z.array(z.object({ node: z.string(), replicated: z.boolean(), error: z.string().optional() })),
    }),
  },
  "GET /api/logs/activity": {
    summary: "Operations of the server, from its monitor.",
    tag,
    access: "session",
    query: z.object({ cluster }),
    response: z.object({
      logs: z.array(
        z.object({
          timestamp: z.string(),
          client: z.string(),
          operation: z.string(),
          dn: z.string(),
          filter: z.string(),
        }),
      ),
    }),
  },
});
