/**
 * Rows of the operator's queries, read as users and groups.
 *
 * Column names may be in snake case (`uid_number`), camel case (`uidNumber`) or lower case. A row that cannot be an
 * entry is to be skipped, with a reason: one sentence that names the column, and the user or group where that is known,
 * and quotes nothing else. Skipped are: a missing or unusable name, uid or gid; a uid or gid of 0, since nobody should
 * become root by a row in a table (SSSD drops those, too); and what would break passwd(5) on the clients.
 */
import {
  ColumnError,
  columnOf,
  idColumn,
  lineColumn,
  listColumn,
  refuseControls,
  textColumn,
  timeColumn,
} from "./column.ts";
import type { Group, Membership, Row, User } from "./source.ts";

export const maxNameCharacters = 256;

/** What `SQL_QUERY_ALL_USERS` and `SQL_QUERY_ONE_USER` must have. */
export const requiredUserColumns = ["username", "uid_number", "gid_number"] as const;
/** What `SQL_QUERY_ALL_GROUPS` must have. */
export const requiredGroupColumns = ["name", "gid_number"] as const;

/**
 * Reads a user's row.
 *
 * `status`, where the query has it, says whether the user is active: only `active`, in any letter case, is. NULL is not:
 * a column that exists and says nothing gives nobody access.
 */
export function parseUser(row: Row): { user: User } | { skip: string } {
  return readOrSkip("user", row, "username", () => {
    const username = nameColumn(row, "username");
    if (username.includes("/") || username === "." || username === "..") {
      throw new ColumnError("username has a slash or is a dot name, which cannot be a folder in /home");
    }
    const homeDirectory = textColumn(row, "home_directory");
    if (homeDirectory !== undefined) refuseControls(homeDirectory, "home_directory");
    const loginShell = textColumn(row, "login_shell");
    if (loginShell !== undefined) refuseControls(loginShell, "login_shell");
    const status = columnOf(row, "status");
    const keys = columnOf(row, "ssh_public_keys") === undefined ? "ssh_public_key" : "ssh_public_keys";
    const user: User = {
      username,
      uidNumber: idColumn(row, "uid_number"),
      gidNumber: idColumn(row, "gid_number"),
      mail: listColumn(row, "mail", undefined),
      active: status === undefined || textColumn(row, "status")?.trim().toLowerCase() === "active",
      sshPublicKeys: listColumn(row, keys, /[\r\n]+/),
      firstName: lineColumn(row, "first_name"),
      lastName: lineColumn(row, "last_name"),
      fullName: lineColumn(row, "full_name"),
      homeDirectory,
      loginShell,
      password: textColumn(row, "password"),
      authBackends: textColumn(row, "auth_backends"),
      createdAt: timeColumn(row, "created_at"),
      updatedAt: timeColumn(row, "updated_at"),
    };
    return { user };
  });
}

/**
 * Reads a group's row. `member_uids` are usernames and `member_groups` names of groups: an array, JSON text, or text
 * parted by commas as GROUP_CONCAT gives it. `members` are DNs: an array, JSON text, or text parted by semicolons or lines.
 */
export function parseGroup(row: Row): { group: Group } | { skip: string } {
  return readOrSkip("group", row, "name", () => {
    const group: Group = {
      name: nameColumn(row, "name"),
      gidNumber: idColumn(row, "gid_number"),
      memberUids: listColumn(row, "member_uids", /,/),
      memberDns: listColumn(row, "members", /[;\r\n]+/),
      memberGroups: listColumn(row, "member_groups", /,/),
      createdAt: timeColumn(row, "created_at"),
      updatedAt: timeColumn(row, "updated_at"),
    };
    return { group };
  });
}

/** Reads a row of the fifth query: a `username`, and a group by `name` or, where that is absent, by `gid_number`. */
export function parseMembership(
  row: Row,
  groupNameOf: (gidNumber: number) => string | undefined,
): { membership: Membership } | { skip: string } {
  return readOrSkip("membership", row, "username", () => {
    const username = textColumn(row, "username");
    if (username === undefined) throw new ColumnError("username is missing");
    const groupName = textColumn(row, "name") ?? groupNameOf(idColumn(row, "gid_number"));
    if (groupName === undefined) throw new ColumnError("gid_number is no group's");
    return { membership: { username, groupName } };
  });
}

function readOrSkip<T>(kind: string, row: Row, nameOf: string, read: () => T): T | { skip: string } {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ColumnError)) throw error;
    return { skip: `The ${kind}${printableName(row, nameOf)} is skipped: ${error.message}.` };
  }
}

/** A name that an entry can have: on one line, with no colon, and the same with and without the spaces around it. */
function nameColumn(row: Row, column: string): string {
  const name = textColumn(row, column);
  if (name === undefined) throw new ColumnError(`${column} is missing`);
  refuseControls(name, column);
  if (name.trim() !== name) throw new ColumnError(`${column} begins or ends with a space`);
  if (name.length > maxNameCharacters) throw new ColumnError(`${column} has more than ${maxNameCharacters} characters`);
  return name;
}

/** The row's name as JSON text, so that a log line stays one line. */
function printableName(row: Row, column: string): string {
  const name = columnOf(row, column);
  return typeof name === "string" && name !== "" ? ` ${JSON.stringify(name.slice(0, 64))}` : "";
}

/**
 * Names that were given out already. Directory names are compared without letter case, so of two rows that differ
 * in nothing else only the first can have an entry.
 */
export class UniqueNames {
  readonly #kind: string;
  readonly #column: string;
  readonly #seen = new Map<string, string>();
  /** @param column what the name's column is called in reasons */
  constructor(kind: "user" | "group", column: "username" | "name") {
    this.#kind = kind;
    this.#column = column;
  }

  /** Takes the name, or says why the row that has it is to be skipped. */
  claim(name: string): { skip: string } | undefined {
    const key = name.toLowerCase();
    const first = this.#seen.get(key);
    if (first === undefined) {
      this.#seen.set(key, name);
      return undefined;
    }
    const quoted = JSON.stringify(name.slice(0, 64));
    return {
      skip: `The ${this.#kind} ${quoted} is skipped: ${this.#column} is taken by the earlier row ${JSON.stringify(first)}.`,
    };
  }
}
