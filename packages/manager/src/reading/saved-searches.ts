/** Saved searches in the store: a person's own, and those that administrators share with everybody of a cluster. */
import { randomUUID } from "node:crypto";
import { builtInSchema, normalizeDn, ParseError } from "@espalier/ldap";
import { joinSql, type Store, sql } from "@espalier/service";
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { Session } from "../sessions/session.ts";
import { attributesOf, dnOf, filterOf } from "./request-text.ts";
import { type savedSearchBody, type savedSearchRoutes, savedSearchSchema } from "./saved-search-routes.ts";

export interface SavedSearchNeeds {
  readonly clusters: Clusters;
  readonly store: Store;
  readonly now: () => number;
}

type Body = z.output<typeof savedSearchBody>;
type SavedSearch = z.output<typeof savedSearchSchema>;

interface SearchRow {
  readonly id: string;
  readonly cluster: string;
  readonly owner_dn: string;
  readonly owner: string;
  readonly name: string;
  readonly query: string;
  readonly is_shared: number;
  readonly changed_at: number | string | bigint;
}

interface Owner {
  readonly dn: string;
  readonly name: string;
}

const maxOwn = 200;
const querySchema = savedSearchSchema.shape.query;

export function savedSearchHandlers({ clusters, store, now }: SavedSearchNeeds): Handlers<typeof savedSearchRoutes> {
  return {
    "GET /searches": async ({ query, session }) => {
      // One that a person names must be one that they are signed in to.
      if (query.cluster !== undefined) session.identity(clusters.get(query.cluster).name);
      const names = query.cluster === undefined ? session.clusters : [query.cluster];
      if (names.length === 0) return { searches: [] };
      const visible = names.map((name) => {
        const owner = ownerOf(session, name);
        return sql`(cluster = ${name} AND (is_shared = 1 OR (owner_dn = ${owner.dn} AND owner = ${owner.name})))`;
      });
      const rows = await store.all<SearchRow>(
        sql`SELECT * FROM saved_searches WHERE ${joinSql(visible, " OR ")} ORDER BY cluster, name, id`,
      );
      return { searches: rows.map((row) => searchJson(row, session)) };
    },

    "POST /searches": async ({ body, session }) => {
      const cluster = clusters.get(body.cluster).name;
      const owner = ownerOf(session, cluster);
      if (body.isShared) session.require("admin", cluster);
      const row = { id: randomUUID(), cluster, owner_dn: owner.dn, owner: owner.name, ...columns(body, now()) };
      const isSaved = await store.write(async (transaction) => {
        const own = await transaction.first<{ readonly count: number | string }>(
          sql`SELECT COUNT(*) AS count FROM saved_searches
              WHERE cluster = ${cluster} AND owner_dn = ${owner.dn} AND owner = ${owner.name}`,
        );
        if (Number(own?.count) >= maxOwn) return false;
        await transaction.run(
          sql`INSERT INTO saved_searches (id, cluster, owner_dn, owner, name, query, is_shared, changed_at)
              VALUES (${row.id}, ${cluster}, ${owner.dn}, ${owner.name}, ${row.name}, ${row.query},
                      ${row.is_shared}, ${row.changed_at})`,
        );
        return true;
      });
      if (!isSaved)
        throw new ApiError("too_large", `You have saved ${maxOwn} searches of ${cluster}: delete some first.`);
      return searchJson(row, session);
    },

    "PUT /searches/{id}": async ({ params: { id }, body, session }) => {
      const row = await changeable(id, session);
      if (body.isShared) session.require("admin", row.cluster);
      const changed = columns(body, now());
      const count = await store.write((transaction) =>
        transaction.run(
          sql`UPDATE saved_searches SET name = ${changed.name}, query = ${changed.query},
                is_shared = ${changed.is_shared}, changed_at = ${changed.changed_at} WHERE id = ${id}`,
        ),
      );
      if (count === 0) throw noSuchSearch();
      return searchJson({ ...row, ...changed }, session);
    },

    "DELETE /searches/{id}": async ({ params: { id }, session }) => {
      await changeable(id, session);
      await store.write((transaction) => transaction.run(sql`DELETE FROM saved_searches WHERE id = ${id}`));
      return undefined;
    },
  };

  /** @throws ApiError `not_found` for what the person does not see either, `not_allowed` for what others share */
  async function changeable(id: string, session: Session): Promise<SearchRow> {
    const row = await store.first<SearchRow>(sql`SELECT * FROM saved_searches WHERE id = ${id}`);
    if (row === undefined || !session.clusters.includes(row.cluster)) throw noSuchSearch();
    const { isMine, isShared, mayChange } = searchJson(row, session);
    if (!isMine && !isShared) throw noSuchSearch();
    if (!mayChange) throw new ApiError("not_allowed", "Only its owner and administrators change a shared search.");
    return row;
  }
}

/** A person in a cluster: the same name may be another person's in another directory. @throws ApiError `not_connected` */
function ownerOf(session: Session, cluster: string): Owner {
  const { dn } = session.identity(cluster);
  return { dn: comparable(dn), name: session.name };
}

function comparable(dn: string): string {
  try {
    return normalizeDn(dn, builtInSchema);
  } catch (error) {
    if (error instanceof ParseError) return dn;
    throw error;
  }
}

/** @throws ApiError `invalid_request` for a search that could not be done */
function columns({ name, query, isShared }: Pick<Body, "name" | "query" | "isShared">, now: number) {
  filterOf(query.filter, "query.filter");
  attributesOf(query.attributes, "query.attributes");
  if (query.base !== undefined) dnOf(query.base, "query.base");
  return { name, query: JSON.stringify(query), is_shared: isShared ? 1 : 0, changed_at: now };
}

function searchJson(row: SearchRow, session: Session): SavedSearch {
  const { dn, name } = ownerOf(session, row.cluster);
  const isMine = row.owner_dn === dn && row.owner === name;
  const isShared = row.is_shared === 1;
  return {
    id: row.id,
    cluster: row.cluster,
    name: row.name,
    query: querySchema.parse(JSON.parse(row.query)),
    isShared,
    isMine,
    mayChange: isMine || (isShared && session.may("admin", row.cluster)),
    changedAt: new Date(Number(row.changed_at)).toISOString(),
  };
}

function noSuchSearch(): ApiError {
  return new ApiError("not_found", "There is no such saved search, or it is somebody else's.");
}
