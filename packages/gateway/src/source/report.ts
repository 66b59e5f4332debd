/** What `espalier config test` learns of a database: each query is run once, and its rows are read as the gateway would. */

import { columnOf } from "./column.ts";
import { type Driver, queryNames, type Statements } from "./driver.ts";
import { SourceError } from "./error.ts";
import type { MembershipReader } from "./memberships.ts";
import { parseGroup, parseUser, requiredGroupColumns, requiredUserColumns, UniqueNames } from "./row.ts";
import type { MembershipStrategy, QueryReport, Row, SkippedRow, SourceReport, SqlQueries } from "./source.ts";
import { asWritten } from "./statement.ts";

/** Skipped rows that are named; the others are counted. */
const maxSkippedRows = 100;

/** @throws SourceError `ERR_SOURCE_UNAVAILABLE` when the database cannot be reached */
export async function reportOn(
  driver: Driver,
  statements: Statements,
  memberships: MembershipReader,
): Promise<SourceReport> {
  const server = await driver.server();
  const usernames: string[] = [];
  const allUsers = await tryAllUsers(driver, statements, usernames);
  const allGroups = await tryAllGroups(driver, statements);
  const oneUser = await tryOneUser(driver, statements, usernames[0]);
  const groupsByMember = await tryGroupsByMember(driver, statements, usernames[0]);
  return {
    dialect: driver.dialect,
    server,
    queries: [oneUser, allUsers, allGroups, groupsByMember],
    membership: await tryMemberships(memberships, usernames),
  };
}

/** Also puts the names of the users that would be served into `usernames`. */
function tryAllUsers(driver: Driver, { allUsers }: Statements, usernames: string[]): Promise<QueryReport> {
  const taken = new UniqueNames("user", "username");
  const batches = driver.stream("allUsers", allUsers.text(asWritten), undefined);
  return tryQuery("allUsers", requiredUserColumns, batches, (row) => {
    const parsed = parseUser(row);
    if ("skip" in parsed) return parsed.skip;
    const refusal = taken.claim(parsed.user.username);
    if (refusal === undefined) usernames.push(parsed.user.username);
    return refusal?.skip;
  });
}

function tryAllGroups(driver: Driver, { allGroups }: Statements): Promise<QueryReport> {
  const taken = new UniqueNames("group", "name");
  const batches = driver.stream("allGroups", allGroups.text(asWritten), undefined);
  return tryQuery("allGroups", requiredGroupColumns, batches, (row) => {
    const parsed = parseGroup(row);
    return "skip" in parsed ? parsed.skip : taken.claim(parsed.group.name)?.skip;
  });
}

async function tryOneUser(driver: Driver, { oneUser }: Statements, username: string | undefined): Promise<QueryReport> {
  const found: unknown[] = [];
  const rows = readOne(() => driver.read("oneUser", oneUser, username ?? nobody));
  const report = await tryQuery("oneUser", requiredUserColumns, rows, (row) => {
    found.push(columnOf(row, "username"));
    const parsed = parseUser(row);
    return "skip" in parsed ? parsed.skip : undefined;
  });
  if (report.problem !== undefined || username === undefined || found.includes(username)) return report;
  const user = JSON.stringify(username);
  return {
    ...report,
    problem: `${queryNames.oneUser} does not give the user ${user}, whom ${queryNames.allUsers} gives.`,
  };
}

function tryGroupsByMember(
  driver: Driver,
  { groupsByMember }: Statements,
  username: string | undefined,
): Promise<QueryReport> {
  const rows = readOne(() => driver.read("groupsByMember", groupsByMember, username ?? nobody));
  return tryQuery("groupsByMember", ["name"], rows, () => undefined);
}

async function tryMemberships(
  memberships: MembershipReader,
  usernames: readonly string[],
): Promise<SourceReport["membership"]> {
  const began = performance.now();
  let found = 0;
  const skipped: string[] = [];
  let skippedRows = 0;
  let way: { strategy: MembershipStrategy; reason: string } = {
    strategy: "batches",
    reason: "it could not be found out whether a better way is possible",
  };
  try {
    way = await memberships.strategy();
    const skip = (reason: string) => {
      skippedRows += 1;
      if (skipped.length === 0) skipped.push(reason);
    };
    for await (const batch of memberships.read(usernames, undefined, skip)) found += batch.length;
  } catch (error) {
    return { ...way, memberships: found, durationMs: elapsed(began), problem: refusalOf(error) };
  }
  const problem = skippedRows === 0 ? {} : { problem: `Rows skipped: ${skippedRows}. The first: ${skipped[0]}` };
  return { ...way, memberships: found, durationMs: elapsed(began), ...problem };
}

/** Whom the queries of one user are asked for where there are no users. */
const nobody = "espalier-nobody";

async function* readOne(read: () => Promise<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  yield await read();
}

async function tryQuery(
  query: keyof SqlQueries,
  required: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
  reasonToSkip: (row: Row) => string | undefined,
): Promise<QueryReport> {
  const began = performance.now();
  let rows = 0;
  let columns: readonly string[] = [];
  let skipped = 0;
  const skippedRows: SkippedRow[] = [];
  let problem: string | undefined;
  try {
    for await (const batch of batches) {
      columns = Object.keys(batch[0] ?? {});
      for (const row of batch) {
        rows += 1;
        const reason = reasonToSkip(row);
        if (reason === undefined) continue;
        skipped += 1;
        if (skippedRows.length < maxSkippedRows) skippedRows.push({ row: rows, reason });
      }
    }
  } catch (error) {
    problem = refusalOf(error);
  }
  const shape = Object.fromEntries(columns.map((column) => [column, true]));
  const missingColumns = rows === 0 ? [] : required.filter((column) => columnOf(shape, column) === undefined);
  return {
    ...{ query, rows, durationMs: elapsed(began), columns, missingColumns, skipped, skippedRows },
    ...(problem === undefined ? {} : { problem }),
  };
}

/** What is wrong with the query, which may also be that it takes too long. An outage is nothing to report: it is thrown on. */
function refusalOf(error: unknown): string {
  if (error instanceof SourceError && error.code !== "ERR_SOURCE_UNAVAILABLE") return error.message;
  throw error;
}

function elapsed(began: number): number {
  return Math.round(performance.now() - began);
}
