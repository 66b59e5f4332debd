/** Who is in which group, by the best of three ways that the database and the queries allow. */
import { setImmediate } from "node:timers/promises";
import { type Driver, queryNames, type Statements, usernameColumn } from "./driver.ts";
import { parseGroup, parseMembership } from "./row.ts";
import type { Membership, MembershipStrategy, Row } from "./source.ts";
import { asWritten } from "./statement.ts";

/** Usernames in one round trip of the batches. */
const batchUsernames = 50;

/** Hears of rows of the fifth query that are no membership. */
type SkipListener = (reason: string) => void;

export class MembershipReader {
  readonly #driver: Driver;
  readonly #statements: Statements;
  constructor(driver: Driver, statements: Statements) {
    this.#driver = driver;
    this.#statements = statements;
  }

  async strategy(): Promise<{ strategy: MembershipStrategy; reason: string }> {
    if (this.#statements.memberships !== undefined) {
      return { strategy: "query", reason: `${queryNames.memberships} is set` };
    }
    const lateral = await this.#driver.lateral(this.#statements.allUsers, this.#statements.groupsByMember);
    if ("sql" in lateral) {
      const reason = `${queryNames.groupsByMember} can be joined to ${queryNames.allUsers} in one statement`;
      return { strategy: "lateral", reason };
    }
    return {
      strategy: "batches",
      reason: `${queryNames.groupsByMember} cannot be joined to all users: ${lateral.reason}`,
    };
  }

  /** The statement that gives all memberships at once; undefined where they are read in batches. */
  async statement(): Promise<string | undefined> {
    const { memberships, allUsers, groupsByMember } = this.#statements;
    if (memberships !== undefined) return memberships.text(asWritten);
    const lateral = await this.#driver.lateral(allUsers, groupsByMember);
    return "sql" in lateral ? lateral.sql : undefined;
  }

  async *read(
    usernames: readonly string[],
    signal: AbortSignal | undefined,
    skip: SkipListener = () => undefined,
  ): AsyncGenerator<readonly Membership[]> {
    const { memberships } = this.#statements;
    if (memberships !== undefined) {
      yield* this.#readAll(memberships.text(asWritten), signal, skip);
      return;
    }
    const lateral = await this.#driver.lateral(this.#statements.allUsers, this.#statements.groupsByMember);
    yield* "sql" in lateral ? this.#readLateral(lateral.sql, signal) : this.#readBatches(usernames, signal);
  }

  async *#readAll(
    sql: string,
    signal: AbortSignal | undefined,
    skip: SkipListener,
  ): AsyncGenerator<readonly Membership[]> {
    let names: ReadonlyMap<number, string> | undefined;
    for await (const rows of this.#driver.stream("memberships", sql, signal)) {
      if (names === undefined && rows.some(lacksName)) names = await this.#groupNames(signal);
      const groupNames = names;
      yield rows.flatMap((row) => {
        const parsed = parseMembership(row, (gidNumber) => groupNames?.get(gidNumber));
        if ("membership" in parsed) return [parsed.membership];
        skip(parsed.skip);
        return [];
      });
    }
  }

  /** For a fifth query that names groups by number. Of two groups with one number the first has the members. */
  async #groupNames(signal: AbortSignal | undefined): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>();
    const sql = this.#statements.allGroups.text(asWritten);
    for await (const rows of this.#driver.stream("allGroups", sql, signal)) {
      for (const row of rows) {
        const parsed = parseGroup(row);
        if ("skip" in parsed || names.has(parsed.group.gidNumber)) continue;
        names.set(parsed.group.gidNumber, parsed.group.name);
      }
    }
    return names;
  }

  async *#readLateral(sql: string, signal: AbortSignal | undefined): AsyncGenerator<readonly Membership[]> {
    for await (const rows of this.#driver.stream("groupsByMember", sql, signal)) {
      yield rows.flatMap((row) => membershipsOf(String(row[usernameColumn]), [row]));
    }
  }

  /** One batch after the other: what happens in the background leaves the database to those who wait. */
  async *#readBatches(
    usernames: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly Membership[]> {
    const { groupsByMember } = this.#statements;
    for (let start = 0; start < usernames.length; start += batchUsernames) {
      signal?.throwIfAborted();
      const batch = usernames.slice(start, start + batchUsernames);
      const joined = await this.#driver.readMany("groupsByMember", groupsByMember, batch);
      const found: Membership[] = [];
      for (const [index, username] of batch.entries()) {
        const rows = joined?.[index] ?? (await this.#driver.read("groupsByMember", groupsByMember, username));
        found.push(...membershipsOf(username, rows));
      }
      yield found;
      // SQLite answers at once: nothing else would have a turn.
      await setImmediate();
    }
  }
}

function lacksName(row: Row): boolean {
  return row.name === undefined || row.name === null;
}

function membershipsOf(username: string, rows: readonly Row[]): readonly Membership[] {
  return rows.flatMap((row) => {
    const parsed = parseMembership({ username, name: row.name }, () => undefined);
    return "membership" in parsed ? [parsed.membership] : [];
  });
}
