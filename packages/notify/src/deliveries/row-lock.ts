/** Row locks, where several nodes write at the same time. SQLite has one writer, whose transaction is the lock. */
import { type Database, type Statement, sql } from "@espalier/service";

/** Waits for who has the rows. */
export function forUpdate(database: Database): Statement {
  return database === "postgres" ? sql` FOR UPDATE` : sql``;
}

/** Leaves out the rows that somebody else has. */
export function skippingLocked(database: Database): Statement {
  return database === "postgres" ? sql` FOR UPDATE SKIP LOCKED` : sql``;
}
