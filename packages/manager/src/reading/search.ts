/** Answers searches: a page, or a stream. */
import { Oid, type SearchScope } from "@espalier/ldap";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { children, topEntries } from "./children.ts";
import { countEntries } from "./count.ts";
import { entryJson } from "./entry-json.ts";
import type { ReadingMetrics } from "./metrics.ts";
import { type PagedReads, type Query, searchParameters, sortControls } from "./paged-reads.ts";
import { attributesOf, dnOf, filterOf } from "./request-text.ts";
import type { searchRoutes } from "./search-routes.ts";
import { completeness } from "./shortfall.ts";
import { type StreamSlots, streamSearch } from "./stream.ts";
import { type Target, targetOf } from "./target.ts";

export interface SearchNeeds {
  readonly clusters: Clusters;
  readonly pagedReads: PagedReads;
  readonly streamSlots: StreamSlots;
  readonly metrics: ReadingMetrics;
}

const scopes: Readonly<Record<"base" | "one" | "sub", SearchScope>> = {
  base: "baseObject",
  one: "singleLevel",
  sub: "wholeSubtree",
};

export function searchHandlers({
  clusters,
  pagedReads,
  streamSlots,
  metrics,
}: SearchNeeds): Handlers<typeof searchRoutes> {
  return {
    "POST /clusters/{cluster}/search": async (request) => {
      const { body, session, signal } = request;
      const target = targetOf(clusters, request);
      const query: Query = {
        baseObject: await baseOf(target, body.base),
        scope: scopes[body.scope],
        filter: filterOf(body.filter),
        attributes: attributesOf(body.attributes),
        sort: body.sort,
        node: body.node,
      };
      session.require("read", target.cluster.name, query.baseObject);
      const context = await entryContext(target);
      if (request.wantsStream !== undefined) {
        const { supportedControls } = context.facts;
        const free = streamSlots.take(session.id);
        try {
          return await streamSearch(target, {
            parameters: searchParameters(query),
            controls: sortControls(query.sort, supportedControls),
            pages: supportedControls.has(Oid.pagedResults),
            node: query.node,
            signal,
            json: (entry) => entryJson(entry, context),
            ended: (count) => {
              free();
              metrics.streamed.labels({}).inc(count);
            },
          });
        } catch (error) {
          free();
          throw error;
        }
      }
      const { limit, cursor } = body;
      const page = await pagedReads.read(target, { query, sessionId: session.id, limit, cursor, signal });
      const { entries, references, state } = page;
      return {
        entries: entries.map((entry) => entryJson(entry, context)),
        ...(references.length === 0 ? {} : { references: [...references] }),
        ...state,
      };
    },

    "GET /clusters/{cluster}/children": async (request) => {
      const { query, session, signal } = request;
      const target = targetOf(clusters, request);
      const dn = dnOf(query.dn, "dn");
      const filter = filterOf(query.filter);
      if (dn === "") return topEntries(target, { session, node: query.node, signal });
      session.require("read", target.cluster.name, dn);
      const { limit, cursor, node } = query;
      return children(target, pagedReads, { dn, filter, sessionId: session.id, limit, cursor, node, signal });
    },

    "GET /clusters/{cluster}/count": async (request) => {
      const { query, session, signal } = request;
      const target = targetOf(clusters, request);
      const { cluster, identity } = target;
      const { atMost, node } = query;
      const baseObject = await baseOf(target, query.base);
      const parameters = { baseObject, scope: scopes[query.scope], filter: filterOf(query.filter) };
      session.require("read", cluster.name, baseObject);
      const answered = await cluster.read(
        identity,
        (connection) => countEntries(connection, parameters, { atMost, signal }),
        { node, signal },
      );
      const { count, isExact, shortfall } = answered.value;
      return { count, isExact, node: answered.node, ...completeness(shortfall) };
    },
  };
}

/** The DN that a request names, or the cluster's base. @throws ApiError */
export async function baseOf({ cluster, identity }: Target, text: string | undefined): Promise<string> {
  return text === undefined ? cluster.baseDn(identity) : dnOf(text, "base");
}

export async function entryContext({ cluster, identity }: Target) {
  const [schema, facts] = await Promise.all([cluster.schema(identity), cluster.facts(identity)]);
  return { schema, facts };
}
