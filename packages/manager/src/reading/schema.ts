/** Answers about the schema. */
import { ApiError } from "../api/problem.ts";
import { type Handlers, NotModifiedAnswer } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { readEntry } from "./entry.ts";
import { textsOf } from "./entry-json.ts";
import { formOf } from "./form.ts";
import { attributeListOf, dnOf } from "./request-text.ts";
import { taggedSchema } from "./schema-json.ts";
import type { schemaRoutes } from "./schema-routes.ts";
import { targetOf } from "./target.ts";

export function schemaHandlers({ clusters }: { readonly clusters: Clusters }): Handlers<typeof schemaRoutes> {
  return {
    "GET /clusters/{cluster}/schema": async (request) => {
      const { cluster, identity } = targetOf(clusters, request);
      const { json, etag } = taggedSchema(await cluster.schema(identity));
      request.setHeader("etag", etag);
      request.setHeader("cache-control", "private, no-cache");
      return matches(request.headers["if-none-match"], etag) ? new NotModifiedAnswer() : json;
    },

    "GET /clusters/{cluster}/form": async (request) => {
      const { query, session, signal } = request;
      const { cluster, identity } = targetOf(clusters, request);
      const schema = await cluster.schema(identity);
      const dn = query.dn === undefined ? undefined : dnOf(query.dn, "dn");
      if (query.objectClasses !== undefined) return formOf(schema, attributeListOf(query.objectClasses), dn);
      if (dn === undefined) throw new ApiError("invalid_request", "Say which entry (dn), or which objectClasses.");
      session.require("read", cluster.name, dn);
      const read = (connection: NodeConnection) => readEntry(connection, dn, ["objectClass"], signal);
      const { value: entry, node } = await cluster.read(identity, read, { signal });
      return { ...formOf(schema, textsOf(entry, "objectClass"), dn), node };
    },
  };
}

/** RFC 9110 §13.1.2, weakly: what a compressing proxy made of the tag is good as well. */
function matches(header: string | readonly string[] | undefined, etag: string): boolean {
  const tags = String(header ?? "").split(",");
  return tags.map((tag) => tag.trim().replace(/^W\//, "")).some((tag) => tag === etag || tag === "*");
}
