/** PostgreSQL as a source: cursors for what is read whole, joined statements for what somebody waits for. */
import type pg from "pg";
import { type Driver, type DriverSettings, positionColumn, queryNames, usernameColumn } from "./driver.ts";
import { SourceError } from "./error.ts";
import { PostgresChanges } from "./postgres-changes.ts";
import { type PreparedStatement, textArray } from "./postgres-prepared.ts";
import { PostgresSessions, type SessionWork } from "./postgres-sessions.ts";
import type { Row, SqlQueries } from "./source.ts";
import { asWritten, type Statement } from "./statement.ts";
import type { ServerTarget } from "./url.ts";

/**
 * Single reads are prepared statements with a name, so that the server plans them once; a pooler between must keep a
 * client on one server connection (PgBouncer: session pooling, or 1.21 and later).
 */
export class PostgresDriver implements Driver {
  readonly dialect = "postgres";
  readonly #sessions: PostgresSessions;
  readonly #joined = new Map<Statement, Promise<string | undefined>>();
  #changes: PostgresChanges | undefined;
  #canHash = true;
  /** Part of the names of prepared statements: another one when a table has changed under them. */
  #generation = 1;

  constructor(target: ServerTarget, settings: DriverSettings) {
    this.#sessions = new PostgresSessions(target, settings);
  }

  async server(): Promise<string> {
    const rows = await this.#sessions.query("The question for its version", "SHOW server_version");
    return `PostgreSQL ${String(rows[0]?.server_version)}`;
  }

  stream(query: keyof SqlQueries, sql: string, signal: AbortSignal | undefined): AsyncIterable<readonly Row[]> {
    return this.#sessions.cursor(queryNames[query], sql, signal);
  }

  read(query: "oneUser" | "groupsByMember", statement: Statement, username: string): Promise<readonly Row[]> {
    return this.#prepared(queryNames[query], () => ({
      name: `espalier_${query}_${this.#generation}`,
      text: statement.text(parameter),
      values: Array<string>(statement.placeholders).fill(username),
    }));
  }

  async readMany(
    query: "oneUser" | "groupsByMember",
    statement: Statement,
    usernames: readonly string[],
  ): Promise<readonly (readonly Row[])[] | undefined> {
    const what = queryNames[query];
    if ((await this.#join(what, statement)) === undefined) return undefined;
    const rows = await this.#prepared(what, async () => {
      const text = await this.#join(what, statement);
      if (text === undefined) throw new SourceError("ERR_SOURCE_QUERY", `${what} can no longer be joined.`);
      return { name: `espalier_${query}_joined_${this.#generation}`, text, values: [textArray(usernames)] };
    });
    const answers: Row[][] = usernames.map(() => []);
    for (const row of rows) answers[Number(row[positionColumn]) - 1]?.push(row);
    return answers;
  }

  async lateral(allUsers: Statement, groupsByMember: Statement): Promise<{ sql: string } | { reason: string }> {
    const types = await this.#parameterTypes(queryNames.groupsByMember, groupsByMember);
    if (types === undefined) return { reason: "it compares the username with something that is not text" };
    const groups = groupsByMember.text((index) => `espalier_u.username::${types[index]}`);
    const sql =
      `SELECT espalier_u.username::text AS ${usernameColumn}, espalier_g.* ` +
      `FROM (${allUsers.text(asWritten)}\n) AS espalier_u CROSS JOIN LATERAL (${groups}\n) AS espalier_g`;
    const refusal = await this.#refusal(async (run) => {
      await run("BEGIN");
      try {
        await run(`DECLARE espalier_probe NO SCROLL CURSOR FOR ${sql}`);
      } finally {
        await run("ROLLBACK");
      }
    });
    return refusal === undefined ? { sql } : { reason: refusal };
  }

  async watch(onChange: () => void): Promise<void> {
    await this.#changes?.stop();
    this.#changes = new PostgresChanges(this.#sessions.config, onChange);
    await this.#changes.start();
  }

  /**
   * Counts and hashes of all rows, in any order: rows that are the same need not be sent and read again. With 100,000
   * users and 300,000 memberships it takes the server about as long as reading them takes it, and this process nothing.
   */
  async version(reads: readonly string[] | undefined): Promise<string | undefined> {
    if (reads === undefined || !this.#canHash) return undefined;
    const hashes = reads.map(
      (sql, i) =>
        `(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(r${i}::text, 0)), 0) FROM (${sql}\n) AS r${i}) AS h${i}`,
    );
    try {
      for await (const [row] of this.#sessions.cursor(
        "The question for changes",
        `SELECT ${hashes.join(", ")}`,
        undefined,
      )) {
        return Object.values(row ?? {}).join(", ");
      }
    } catch (error) {
      // A server before version 11, or a row that has no text form: every refresh reads everything.
      if (!(error instanceof SourceError) || error.code !== "ERR_SOURCE_QUERY") throw error;
      this.#canHash = false;
    }
    return undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#changes?.stop(), this.#sessions.close()]);
  }

  /** The statement over several usernames, or undefined where there can be none. */
  #join(what: string, statement: Statement): Promise<string | undefined> {
    let joined = this.#joined.get(statement);
    if (joined === undefined) {
      joined = this.#composeJoin(what, statement);
      this.#joined.set(statement, joined);
      joined.catch(() => this.#joined.delete(statement));
    }
    return joined;
  }

  /**
   * Its placeholders become a column of the list, cast to the types that the server infers for the single statement's
   * parameters, so that both compare alike (text, varchar, citext…).
   */
  async #composeJoin(what: string, statement: Statement): Promise<string | undefined> {
    const types = await this.#parameterTypes(what, statement);
    if (types === undefined) return undefined;
    const text =
      `SELECT espalier_u.position AS ${positionColumn}, espalier_row.* ` +
      "FROM unnest($1::text[]) WITH ORDINALITY AS espalier_u(name, position) " +
      `CROSS JOIN LATERAL (${statement.text((index) => `espalier_u.name::${types[index]}`)}\n) AS espalier_row`;
    const refusal = await this.#refusal(async (run) => {
      await run(`PREPARE espalier_probe AS ${text}`);
      await run("DEALLOCATE espalier_probe");
    });
    return refusal === undefined ? text : undefined;
  }

  /** The types of the statement's parameters; undefined when one is not text, so that a name might not be cast to it. */
  async #parameterTypes(what: string, statement: Statement): Promise<readonly string[] | undefined> {
    const rows = await this.#sessions.session(what, async (run) => {
      await run(`PREPARE espalier_probe AS ${statement.text(parameter)}`);
      const types = await run(
        `SELECT p.type::text AS type, t.typcategory = 'S' AS is_text
         FROM pg_catalog.pg_prepared_statements s
         CROSS JOIN LATERAL unnest(s.parameter_types) WITH ORDINALITY AS p(type, position)
         JOIN pg_catalog.pg_type t ON t.oid = p.type WHERE s.name = 'espalier_probe' ORDER BY p.position`,
      );
      await run("DEALLOCATE espalier_probe");
      return types;
    });
    return rows.every((row) => row.is_text === true) ? rows.map((row) => String(row.type)) : undefined;
  }

  /** What the server says against a trial, or undefined when it says nothing. */
  async #refusal(trial: SessionWork<void>): Promise<string | undefined> {
    try {
      await this.#sessions.session("The joined query", trial);
      return undefined;
    } catch (error) {
      if (error instanceof SourceError && error.code === "ERR_SOURCE_QUERY") return error.message;
      throw error;
    }
  }

  /** Runs a prepared statement, and prepares it anew when a table has changed so that the old one is of no use. */
  async #prepared(
    what: string,
    statement: () => PreparedStatement | Promise<PreparedStatement>,
  ): Promise<readonly Row[]> {
    try {
      return await this.#sessions.query(what, await statement());
    } catch (error) {
      if (!isStalePlan(error)) throw error;
      this.#generation += 1;
      this.#joined.clear();
      return this.#sessions.query(what, await statement());
    }
  }
}

function parameter(index: number): string {
  return `$${index + 1}`;
}

/** "cached plan must not change result type": the statement was prepared before the table was altered. */
function isStalePlan(error: unknown): boolean {
  // The text is translated, and the state, 0A000, has other meanings; the name of the server's function is neither.
  return (
    error instanceof SourceError && (error.cause as pg.DatabaseError | undefined)?.routine === "RevalidateCachedQuery"
  );
}
