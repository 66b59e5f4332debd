/** The tables of a directory in an SQLite file: rows in the order in which they were put in, no constraints. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { openSource, type Source, type SqlQueries } from "../../src/source/source.ts";

const userColumns = [
  ...["username", "uid_number", "gid_number", "full_name", "first_name", "last_name", "mail", "home_directory"],
  ...["login_shell", "password", "status", "auth_backends", "created_at", "updated_at"],
] as const;
const groupColumns = ["name", "gid_number", "member_uids", "members", "member_groups"] as const;

export type UserRow = Partial<Record<(typeof userColumns)[number], SQLInputValue>>;
export type GroupRow = Partial<Record<(typeof groupColumns)[number], SQLInputValue>>;

export const tableQueries: SqlQueries = {
  allUsers: `SELECT ${userColumns.join(", ")} FROM users ORDER BY place`,
  oneUser: `SELECT ${userColumns.join(", ")} FROM users WHERE username = ? ORDER BY place`,
  allGroups: `SELECT ${groupColumns.join(", ")} FROM groups ORDER BY place`,
  groupsByMember:
    "SELECT g.name, g.gid_number FROM memberships m JOIN groups g ON g.name = m.name WHERE m.username = ?",
  memberships: "SELECT username, name FROM memberships",
};

export class UserTables implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "espalier-tables-"));
  readonly path = join(this.folder, "users.sqlite");
  readonly url = `sqlite:${this.path}`;
  readonly #database: DatabaseSync;

  constructor() {
    this.#database = new DatabaseSync(this.path);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      CREATE TABLE users (place INTEGER PRIMARY KEY, ${userColumns.join(", ")});
      CREATE TABLE groups (place INTEGER PRIMARY KEY, ${groupColumns.join(", ")});
      CREATE TABLE memberships (username TEXT, name TEXT, PRIMARY KEY (username, name));
      CREATE INDEX user_names ON users (username)`);
  }

  /** Puts a user at a place in the order of rows, in place of who is there. A status of `active` unless said. */
  putUser(place: number, row: UserRow): void {
    this.#put("users", place, { status: "active", ...row });
  }

  removeUser(place: number): void {
    this.#database.prepare("DELETE FROM users WHERE place = ?").run(place);
  }

  putGroup(place: number, row: GroupRow): void {
    this.#put("groups", place, row);
  }

  removeGroup(place: number): void {
    this.#database.prepare("DELETE FROM groups WHERE place = ?").run(place);
  }

  join(username: string, name: string): void {
    this.#database.prepare("INSERT OR IGNORE INTO memberships VALUES (?, ?)").run(username, name);
  }

  leave(username: string, name: string): void {
    this.#database.prepare("DELETE FROM memberships WHERE username = ? AND name = ?").run(username, name);
  }

  clear(): void {
    this.#database.exec("DELETE FROM users; DELETE FROM groups; DELETE FROM memberships");
  }

  /** Runs the changes as one transaction. */
  together(changes: () => void): void {
    this.#database.exec("BEGIN");
    changes();
    this.#database.exec("COMMIT");
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  open(queries: SqlQueries = tableQueries): Source {
    return openSource({ url: this.url, queries });
  }

  #put(table: string, place: number, row: UserRow | GroupRow): void {
    const columns = Object.keys(row);
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO ${table} (place, ${columns.join(", ")}) VALUES (?${", ?".repeat(columns.length)})`,
      )
      .run(place, ...Object.values(row));
  }

  [Symbol.dispose](): void {
    this.#database.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
