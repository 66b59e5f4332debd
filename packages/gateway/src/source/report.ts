/** What `espalier config test` learns of a database: each query is run once, and its rows are read as the gateway would. */

import { columnOf } from "./column.ts";
import { type Driver, queryNames, type Statements } from "./driver.ts";
import { SourceError } from "./error.ts";
import type { MembershipReader } from "./memberships.ts";
import { parseGroup, parseUser, requiredGroupColumns, requiredUserColumns, UniqueNames } from "./row.ts";
import type { QueryReport, Row, SkippedRow, SourceReport, SqlQueries } from "./source.ts";

/** Skipped rows that are named; the others are counted. */
const maxSkippedRows = 100;

/** @throws SourceError when the database cannot be reached or does not answer in time */
export async function reportOn(
  driver: Driver,
  statements: Statements,
  memberships: MembershipReader,
): Promise<SourceReport> {
  const server = await driver.server();
  const usernames: string[] = [];
  const users = new UniqueNames("user", "username");
  const allUsers = await tryQuery("allUsers", requiredUserColumns, streamOf("allUsers"), (row) => {
    const parsed = parseUser(row);
    if ("skip" in parsed) return parsed.skip;
    const taken = users.claim(parsed.user.username);
    if (taken === undefined) usernames.push(parsed.user.username);
    return taken?.skip;
  });
  const groups = new UniqueNames("group", "name");
  const allGroups = await tryQuery("allGroups", requiredGroupColumns, streamOf("allGroups"), (row) => {
    const parsed = parseGroup(row);
    return "skip" in parsed ? parsed.skip : groups.claim(parsed.group.name)?.skip;
  });
  const [somebody] = usernames;
  const oneUser = await tryOneUser(somebody);
  const groupsByMember = await tryQuery(
    "groupsByMember",
    ["name"],
    readOf("groupsByMember", somebody),
    () => undefined,
  );
  return {
    dialect: driver.dialect,
    server,
    queries: [oneUser, allUsers, allGroups, groupsByMember],
    membership: await tryMemberships(),
  };

  function streamOf(query: "allUsers" | "allGroups"): AsyncIterable<readonly Row[]> {
    return driver.stream(
      query,
      statements[query].text(() => "?"),
      undefined,
    );
  }

  /** With nobody to ask for, the query is still run, for a name that cannot be anybody's. */
  async function* readOf(query: "oneUser" | "groupsByMember", username = "\u{1F333}"): AsyncGenerator<readonly Row[]> {
    yield await driver.read(query, statements[query], username);
  }

  async function tryOneUser(username: string | undefined): Promise<QueryReport> {
    const found: unknown[] = [];
    const report = await tryQuery("oneUser", requiredUserColumns, readOf("oneUser", username), (row) => {
      found.push(columnOf(row, "username"));
      const parsed = parseUser(row);
      return "skip" in parsed ? parsed.skip : undefined;
    });
    if (report.problem !== undefined || username === undefined || found.includes(username)) return report;
    const problem = `${queryNames.oneUser} does not give the user ${JSON.stringify(username)}, whom ${queryNames.allUsers} gives.`;
    return { ...report, problem };
  }

  async function tryMemberships(): Promise<SourceReport["membership"]> {
    const { strategy, reason } = await memberships.strategy();
    const began = performance.now();
    let count = 0;
    let skipped: string | undefined;
    let skippedRows = 0;
    try {
      const skip = (why: string) => {
        skipped ??= why;
        skippedRows += 1;
      };
      for await (const batch of memberships.read(usernames, undefined, skip)) count += batch.length;
    } catch (error) {
      return { strategy, reason, memberships: count, durationMs: elapsed(began), problem: refusalOf(error) };
    }
    const problem = skipped === undefined ? {} : { problem: `Rows skipped: ${skippedRows}. The first: ${skipped}` };
    return { strategy, reason, memberships: count, durationMs: elapsed(began), ...problem };
  }
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
