/** Queries for the tables of a database that can be reached, tried before anybody is asked to rely on them. */
import { SourceError, surveyDatabase, tryQueries } from "@espalier/gateway";
import { type Proposal, proposeQueries } from "./propose-queries.ts";

export interface Found {
  readonly proposal: Proposal;
  /** What they would serve, and what is odd about it. */
  readonly sentences: readonly string[];
}

/** The queries, or why there are none: a sentence without its full stop. */
export async function lookIntoDatabase(url: string): Promise<Found | { readonly reason: string }> {
  try {
    const proposal = proposeQueries(await surveyDatabase(url));
    if ("reason" in proposal) return proposal;
    const { report, active } = await tryQueries(url, proposal.queries);
    const rowsOf = (name: string) => report.queries.find(({ query }) => query === name)?.rows ?? 0;
    const failed = report.queries.find(
      ({ problem, missingColumns }) => problem !== undefined || missingColumns.length > 0,
    );
    const problem = failed?.problem ?? report.membership.problem;
    if (problem !== undefined) {
      return { reason: `${proposal.tables.join(", ")} look like the tables, but ${problem.replace(/\.$/, "")}` };
    }
    const [users, groups, memberships] = [rowsOf("allUsers"), rowsOf("allGroups"), report.membership.memberships];
    const skipped = report.queries.flatMap(({ query, skippedRows }) =>
      query === "allUsers" || query === "allGroups" ? skippedRows.map(({ reason }) => reason) : [],
    );
    return {
      proposal,
      sentences: [
        `${proposal.tables[0]}: ${count(users, "user")}, of whom ${active} may log in. ${proposal.tables[1]}: ${count(groups, "group")}. ${proposal.tables[2]}: ${count(memberships, "membership")}.`,
        ...(users > 0 && active === 0
          ? [
              "Nobody may log in: users are served whose `status` is `active`. Put into the queries what your table says.",
            ]
          : []),
        ...(skipped.length === 0 ? [] : [`Left out: ${skipped.length}. ${skipped[0]}`]),
      ],
    };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    // The message names the query that could not be asked, and nobody has written one yet.
    return { reason: error.message.replace(/^SQL_\w+/, "Espalier").replace(/\.$/, "") };
  }
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}
