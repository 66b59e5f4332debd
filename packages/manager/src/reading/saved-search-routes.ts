/** Routes of saved searches: a person's own, and those that administrators share. */
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";
import { searchBody } from "./search-routes.ts";

const query = searchBody.pick({ base: true, scope: true, filter: true, attributes: true });

export const savedSearchBody = z.strictObject({
  cluster: z.string().min(1).max(100),
  name: z.string().trim().min(1).max(200),
  query,
  isShared: z.boolean().default(false).describe("Everybody of the cluster sees it; only for administrators."),
});

export const savedSearchSchema = z.object({
  id: z.string(),
  cluster: z.string(),
  name: z.string(),
  query,
  isShared: z.boolean(),
  isMine: z.boolean(),
  mayChange: z.boolean(),
  changedAt: z.iso.datetime(),
});

const params = z.object({ id: z.uuid() });

export const savedSearchRoutes = defineRoutes({
  "GET /searches": {
    summary: "Lists your saved searches and the shared ones.",
    tag: "searches",
    access: "session",
    query: z.object({ cluster: z.string().min(1).max(100).optional().describe("Only of this cluster.") }),
    response: z.object({ searches: z.array(savedSearchSchema) }),
  },
  "POST /searches": {
    summary: "Saves a search.",
    description: "A person has 200 at most in a cluster.",
    tag: "searches",
    access: "session",
    body: savedSearchBody,
    status: 201,
    response: savedSearchSchema,
  },
  "PUT /searches/{id}": {
    summary: "Changes a saved search.",
    tag: "searches",
    access: "session",
    params,
    body: savedSearchBody.omit({ cluster: true }),
    response: savedSearchSchema,
  },
  "DELETE /searches/{id}": {
    summary: "Deletes a saved search.",
    tag: "searches",
    access: "session",
    params,
  },
});
