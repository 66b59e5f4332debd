/** A `Source` over any of the drivers. */
import type { Driver, Statements } from "./driver.ts";
import { queryNames } from "./driver.ts";
import { SourceError } from "./error.ts";
import { FreshReads } from "./fresh-reads.ts";
import { MembershipReader } from "./memberships.ts";
import { reportOn } from "./report.ts";
import type { Dialect, Membership, Row, Source, SourceReport, SqlQueries } from "./source.ts";
import { asWritten, parseStatement } from "./statement.ts";

/** @throws SourceError `ERR_SOURCE_QUERY` when a query is empty, or one that needs the username has no place for it */
export function parseQueries(queries: SqlQueries, dialect: Dialect): Statements {
  const statement = (query: keyof SqlQueries, sql: string) => {
    const parsed = parseStatement(sql, dialect);
    if (parsed.placeholders === 0 && parsed.parts[0]?.trim() === "") {
      throw new SourceError("ERR_SOURCE_QUERY", `${queryNames[query]} is empty.`);
    }
    // Without it the query would give somebody else's row.
    if ((query === "oneUser" || query === "groupsByMember") && parsed.placeholders === 0) {
      throw new SourceError("ERR_SOURCE_QUERY", `${queryNames[query]} has no ? where the username is to stand.`);
    }
    return parsed;
  };
  return {
    oneUser: statement("oneUser", queries.oneUser),
    allUsers: statement("allUsers", queries.allUsers),
    allGroups: statement("allGroups", queries.allGroups),
    groupsByMember: statement("groupsByMember", queries.groupsByMember),
    memberships: queries.memberships === undefined ? undefined : statement("memberships", queries.memberships),
  };
}

export class SqlSource implements Source {
  readonly #driver: Driver;
  readonly #statements: Statements;
  readonly #freshReads: FreshReads;
  readonly #memberships: MembershipReader;
  #isClosed = false;

  constructor(driver: Driver, statements: Statements) {
    this.#driver = driver;
    this.#statements = statements;
    this.#memberships = new MembershipReader(driver, statements);
    this.#freshReads = new FreshReads({
      one: (username) => driver.read("oneUser", statements.oneUser, username),
      many: (usernames) => driver.readMany("oneUser", statements.oneUser, usernames),
    });
  }

  get dialect(): Dialect {
    return this.#driver.dialect;
  }

  users(signal?: AbortSignal): AsyncIterable<readonly Row[]> {
    return this.#stream("allUsers", signal);
  }

  groups(signal?: AbortSignal): AsyncIterable<readonly Row[]> {
    return this.#stream("allGroups", signal);
  }

  async *memberships(usernames: readonly string[], signal?: AbortSignal): AsyncGenerator<readonly Membership[]> {
    this.#refuseWhenClosed();
    yield* this.#memberships.read(usernames, signal);
  }

  async user(username: string): Promise<Row | undefined> {
    this.#refuseWhenClosed();
    return canBeStored(username) ? this.#freshReads.read(username) : undefined;
  }

  async groupsOf(username: string): Promise<readonly Row[]> {
    this.#refuseWhenClosed();
    return canBeStored(username) ? this.#driver.read("groupsByMember", this.#statements.groupsByMember, username) : [];
  }

  async watch(onChange: () => void): Promise<void> {
    this.#refuseWhenClosed();
    await this.#driver.watch(onChange);
  }

  async version(): Promise<string | undefined> {
    this.#refuseWhenClosed();
    const memberships = await this.#memberships.statement();
    if (memberships === undefined) return this.#driver.version(undefined);
    const { allUsers, allGroups } = this.#statements;
    return this.#driver.version([allUsers.text(asWritten), allGroups.text(asWritten), memberships]);
  }

  async check(): Promise<SourceReport> {
    this.#refuseWhenClosed();
    return reportOn(this.#driver, this.#statements, this.#memberships);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#driver.close();
  }

  async *#stream(query: "allUsers" | "allGroups", signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    this.#refuseWhenClosed();
    yield* this.#driver.stream(query, this.#statements[query].text(asWritten), signal);
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new SourceError("ERR_SOURCE_UNAVAILABLE", "The source has been closed.");
  }
}

/** Text that a database can compare with: PostgreSQL refuses NUL, and half a surrogate pair would arrive as another character. */
function canBeStored(username: string): boolean {
  return !username.includes("\0") && username.isWellFormed();
}
