/** The old paths that read entries. */
import type { Filter } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { countEntries, countKinds, kindFilters } from "../reading/count.ts";
import { entryJson } from "../reading/entry-json.ts";
import { readGroups } from "../reading/groups-of.ts";
import { attributesOf, dnOf, filterOf } from "../reading/request-text.ts";
import { baseOf, entryContext } from "../reading/search.ts";
import { type Target, targetOf } from "../reading/target.ts";
import type { Session } from "../sessions/session.ts";
import { type LegacyEntry, legacyEntry } from "./entry.ts";
import type { legacyRoutes } from "./routes.ts";
import { readNumberedPage, searchFilter } from "./search.ts";

type ReadingKeys =
  | "GET /api/entries/stats"
  | "GET /api/entries/search"
  | "POST /api/entries/search"
  | "GET /api/entries/groups/all"
  | "GET /api/entries/user/groups";

/** Counting further than this, or than the page, would cost more than the page that it is for. */
const maxTotal = 10_000;
/** Of the search that had no pages. */
const maxFound = 10_000;
/** Where to search is configured. A request that says where could have this server connect to anything, with anybody's password. */
const refusedKeys = ["host", "port", "bind_dn", "bind_password", "password"];

export function legacyReading({
  clusters,
}: {
  readonly clusters: Clusters;
}): Pick<Handlers<typeof legacyRoutes>, ReadingKeys> {
  /** @throws ApiError where the person may not read all that is below the base */
  const searched = async (session: Session, name: string, base?: string) => {
    const target = targetOf(clusters, { params: { cluster: name }, session });
    const baseObject = await baseOf(target, base);
    session.require("read", name, baseObject);
    return { target, baseObject };
  };

  return {
    "GET /api/entries/stats": async ({ query, session, signal }) => {
      const { target, baseObject } = await searched(session, query.cluster);
      const read = (connection: NodeConnection) => countKinds(connection, baseObject, signal);
      const { value } = await target.cluster.read(target.identity, read, { signal });
      const [total, users, groups, ous, other] = (["total", "users", "groups", "ous", "other"] as const).map(
        (kind) => value[kind].count,
      ) as [number, number, number, number, number];
      return { total, users, groups, ous, other };
    },

    "GET /api/entries/search": async ({ query, session, signal }) => {
      const { target, baseObject } = await searched(session, query.cluster);
      const { page, page_size: pageSize } = query;
      const filter = searchFilter(query.filter_type, query.search ?? "");
      const atMost = Math.max(maxTotal, page * pageSize + 1);
      const { value } = await target.cluster.read(
        target.identity,
        async (connection) => {
          const parameters = { baseObject, filter, attributes: ["*", "+"] };
          const read = await readNumberedPage(connection, parameters, { page, pageSize, signal });
          if (read.total !== undefined) return { ...read, count: read.total, isExact: true };
          return { ...read, ...(await countEntries(connection, { baseObject, filter }, { atMost, signal })) };
        },
        { signal },
      );
      return {
        entries: await shown(target, value.entries),
        total: value.count,
        page,
        page_size: pageSize,
        has_more: value.hasMore,
        total_is_exact: value.isExact,
      };
    },

    "POST /api/entries/search": async ({ body, session, signal }) => {
      const refused = refusedKeys.find((key) => key in body);
      if (refused !== undefined || body.cluster_name === undefined) {
        throw new ApiError(
          "invalid_request",
          `${refused ?? "cluster_name"}: a search names a configured cluster as cluster_name, and no server, port or credentials.`,
        );
      }
      const { target, baseObject } = await searched(session, body.cluster_name, body.base_dn);
      const filter = filterOf(body.filter);
      const attributes = attributesOf(body.attributes ?? ["*"]);
      const entries = await found(target, { baseObject, filter, attributes }, signal);
      return { entries, count: entries.length };
    },

    "GET /api/entries/groups/all": async ({ query, session, signal }) => {
      const { target, baseObject } = await searched(session, query.cluster);
      const attributes = ["cn", "description", "objectClass"];
      return { groups: await found(target, { baseObject, filter: kindFilters.groups, attributes }, signal) };
    },

    "GET /api/entries/user/groups": async ({ query, session, signal }) => {
      const { target, baseObject } = await searched(session, query.cluster);
      const dn = dnOf(query.user_dn, "user_dn");
      const mayRead = (group: string) => session.may("read", query.cluster, group);
      const read = (connection: NodeConnection) => readGroups(connection, baseObject, { dn, signal, mayRead });
      const { value } = await target.cluster.read(target.identity, read, { signal });
      const groups = value.groups.map(({ dn, cn, description }) => ({
        dn,
        cn: cn === undefined ? [] : [cn],
        description: description === undefined ? [] : [description],
      }));
      return { user_dn: dn, groups };
    },
  };
}

interface Sought {
  readonly baseObject: string;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}

/** @throws ApiError where there are more than these paths give at once */
async function found(target: Target, sought: Sought, signal: AbortSignal): Promise<LegacyEntry[]> {
  const read = (connection: NodeConnection) =>
    readNumberedPage(connection, sought, { page: 1, pageSize: maxFound, signal });
  const { value } = await target.cluster.read(target.identity, read, { signal });
  if (value.hasMore) {
    throw new ApiError(
      "too_large",
      `There are more than ${maxFound} entries: search with POST /api/v1/clusters/…/search.`,
    );
  }
  return shown(target, value.entries);
}

async function shown(target: Target, entries: readonly SearchEntry[]): Promise<LegacyEntry[]> {
  const context = await entryContext(target);
  return entries.map((entry) => legacyEntry(entryJson(entry, context)));
}
