/**
 * Questions for events, as SQL that reads an index in the order of the answer.
 *
 * A range of types or a list of severities would have to be sorted before its first page is known: half a second among a
 * million events. So each pair of a type and a severity is a search of its own, which is read no further than the page is
 * long, and their results are merged.
 */
import { joinSql, Statement, sql } from "../store/statement.ts";
import type { Store } from "../store/store.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import { type Severity, severities } from "./event.ts";
import { EventError } from "./event-error.ts";
import { eventType } from "./stored-event.ts";

/** Each that is given must hold. */
export interface EventFilter {
  /** Any of these: a type, or everything below a name such as `backend.*`. */
  readonly types?: readonly string[];
  /** Any of these. */
  readonly severities?: readonly Severity[];
  readonly subject?: string;
  /** True: only of the audit trail. */
  readonly audit?: boolean;
}

export interface EventQuery extends EventFilter {
  /** Milliseconds since 1970: not before. */
  readonly from?: number;
  /** Milliseconds since 1970: before. */
  readonly until?: number;
  /** By the events' time; those of the same millisecond by their commit. @default "newest first" */
  readonly order?: "newest first" | "oldest first";
  /** At most, up to 1,000. @default 50 */
  readonly limit?: number;
  /** Of the page before, with the same other members. */
  readonly cursor?: string;
}

const maxLimit = 1_000;
const maxTypes = 50;
/** SQLite takes 500 SELECTs in a statement. */
const maxBranches = 400;

/** @throws EventError */
export function limitOf({ limit = 50 }: EventQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new EventError("ERR_EVENT_QUERY", `limit must be a number from 1 to ${maxLimit}`);
}

/** The types that the filter names, those below a name looked up; `undefined` when it names none. @throws EventError */
export async function typesOf(store: Store, { types }: EventFilter): Promise<readonly string[] | undefined> {
  if (types === undefined) return undefined;
  const found = await Promise.all(
    checkTypes(types).map(async ({ name, isPrefix }) => (isPrefix ? await typesBelow(store, name) : [name])),
  );
  return [...new Set(found.flat())];
}

/** From one to the next along the index, however many events there are. */
async function typesBelow(store: Store, name: string): Promise<readonly string[]> {
  const [from, until] = rangeBelow(name);
  const rows = await store.all<{ readonly type: string }>(sql`
    WITH RECURSIVE names (type) AS (
      SELECT min(type) FROM events WHERE type >= ${from} AND type < ${until}
      UNION ALL
      SELECT (SELECT min(type) FROM events WHERE type > names.type AND type < ${until}) FROM names WHERE type IS NOT NULL
    )
    SELECT type FROM names WHERE type IS NOT NULL`);
  return rows.map(({ type }) => type);
}

/**
 * The page, and one row more when there is another page.
 *
 * @param types of {@link typesOf}
 * @throws EventError
 */
export function selectPage(query: EventQuery, types: readonly string[] | undefined): Statement {
  const { order = "newest first", cursor } = query;
  const isNewestFirst = order === "newest first";
  const direction = isNewestFirst ? sql`DESC` : sql`ASC`;
  const limit = limitOf(query) + 1;
  const range = rangeConditions(query, cursor === undefined ? undefined : parseCursor(cursor), isNewestFirst);
  const branches = indexedBranches(query, types).map((conditions, index) => {
    const where = whereSql([...conditions, ...range]);
    return sql`SELECT * FROM (
      SELECT time, position FROM events ${where} ORDER BY time ${direction}, position ${direction} LIMIT ${limit}
    ) AS ${new Statement([`branch_${index}`], [])}`;
  });
  if (branches.length === 0) return sql`SELECT * FROM events WHERE 1 = 0`;
  // SQLite takes a CROSS JOIN in the order in which it is written; else it walks along all events for the sake of the order.
  return sql`SELECT events.* FROM (
    SELECT * FROM (${joinSql(branches, " UNION ALL ")}) AS branches
    ORDER BY time ${direction}, position ${direction} LIMIT ${limit}
  ) AS page CROSS JOIN events WHERE events.position = page.position
  ORDER BY events.time ${direction}, events.position ${direction}`;
}

/**
 * Events in the order of their commits, for streams.
 *
 * @param after the position before the first
 * @param upTo the last position to look at
 * @throws EventError
 */
export function selectStream(filter: EventFilter, after: number, upTo: number, limit: number): Statement {
  const conditions = [sql`position > ${after}`, sql`position <= ${upTo}`, ...filterConditions(filter)];
  return sql`SELECT * FROM events ${whereSql(conditions)} ORDER BY position LIMIT ${limit}`;
}

/** The conditions of each search that has an index to itself. */
function indexedBranches(filter: EventFilter, types: readonly string[] | undefined): readonly (readonly Statement[])[] {
  const conditions = filterConditions(filter);
  if (filter.subject !== undefined || filter.audit === true) return [conditions];
  const ranks = ranksOf(filter.severities) ?? severities.map((_, rank) => rank);
  if (types !== undefined) {
    if (types.length * ranks.length > maxBranches) return [conditions];
    return types.flatMap((type) => ranks.map((rank) => [sql`type = ${type}`, sql`severity = ${rank}`]));
  }
  return filter.severities === undefined ? [[]] : ranks.map((rank) => [sql`severity = ${rank}`]);
}

function filterConditions({ types, severities, subject, audit }: EventFilter): readonly Statement[] {
  const conditions: Statement[] = [];
  if (subject !== undefined) conditions.push(sql`subject = ${subject}`);
  if (types !== undefined) {
    const any = checkTypes(types).map(({ name, isPrefix }) => {
      if (!isPrefix) return sql`type = ${name}`;
      const [from, until] = rangeBelow(name);
      return sql`(type >= ${from} AND type < ${until})`;
    });
    conditions.push(any.length === 0 ? sql`1 = 0` : sql`(${joinSql(any, " OR ")})`);
  }
  const ranks = ranksOf(severities);
  if (ranks !== undefined) {
    const any = ranks.map((rank) => sql`severity = ${rank}`);
    conditions.push(any.length === 0 ? sql`1 = 0` : sql`(${joinSql(any, " OR ")})`);
  }
  if (audit === true) conditions.push(sql`link IS NOT NULL`);
  return conditions;
}

function rangeConditions({ from, until }: EventQuery, cursor: Cursor | undefined, isNewestFirst: boolean) {
  const conditions: Statement[] = [];
  if (from !== undefined) conditions.push(sql`time >= ${from}`);
  if (until !== undefined) conditions.push(sql`time < ${until}`);
  if (cursor !== undefined) {
    const { time, position } = cursor;
    conditions.push(
      isNewestFirst ? sql`(time, position) < (${time}, ${position})` : sql`(time, position) > (${time}, ${position})`,
    );
  }
  return conditions;
}

function whereSql(conditions: readonly Statement[]): Statement {
  return conditions.length === 0 ? sql`` : sql`WHERE ${joinSql(conditions, " AND ")}`;
}

function ranksOf(chosen: readonly Severity[] | undefined): readonly number[] | undefined {
  if (chosen === undefined) return undefined;
  const unknown = chosen.find((severity) => !severities.includes(severity));
  if (unknown !== undefined) {
    throw new EventError("ERR_EVENT_QUERY", `${unknown} is no severity; there are ${severities.join(", ")}`);
  }
  return [...new Set(chosen)].map((severity) => severities.indexOf(severity));
}

interface NamedType {
  readonly name: string;
  readonly isPrefix: boolean;
}

function checkTypes(types: readonly string[]): readonly NamedType[] {
  if (types.length > maxTypes) throw new EventError("ERR_EVENT_QUERY", `at most ${maxTypes} types can be asked for`);
  return types.map((text) => {
    const isPrefix = text.endsWith(".*");
    const name = isPrefix ? text.slice(0, -2) : text;
    if (isPrefix ? !/^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$/.test(name) : !eventType.test(name)) {
      throw new EventError("ERR_EVENT_QUERY", "a type is written backend.down, or backend.* for all below it");
    }
    return { name, isPrefix };
  });
}

/** From `name.` up to but not including `name/`, the text that follows every `name.…`. */
function rangeBelow(name: string): readonly [string, string] {
  return [`${name}.`, `${name}/`];
}
