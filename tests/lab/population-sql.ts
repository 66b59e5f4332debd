/** A population as the tables that the management software keeps, and the four queries over them that it gives out. */
import { type Population, ssha } from "./population.ts";

export type SqlDialect = "postgres" | "mysql" | "sqlite";

/** The variables by which the gateway is given its queries. */
export interface DocumentQueries {
  readonly SQL_QUERY_ALL_USERS: string;
  readonly SQL_QUERY_ONE_USER: string;
  readonly SQL_QUERY_ALL_GROUPS: string;
  readonly SQL_QUERY_GROUPS_BY_MEMBER: string;
}

/**
 * The four queries as the management software's deployment guide renders them. They read no status: with
 * `{ status: true }` the users' queries select that column too, which is what makes a suspended account one.
 */
export function documentQueries(dialect: SqlDialect = "postgres", { status = false } = {}): DocumentQueries {
  const users = `SELECT "uid" AS username, "uidNumber" AS uid_number, "gidNumber" AS gid_number,
       "givenName" AS first_name, "cn" AS full_name, "sn" AS last_name,
       "mail", "homeDirectory" AS home_directory, "userPassword" AS password${status ? ', "status"' : ""}
FROM "Users"`;
  const groups = `SELECT g."cn" AS name, g."gidNumber" AS gid_number
FROM "Groups" g`;
  const queries = {
    SQL_QUERY_ALL_USERS: users,
    SQL_QUERY_ONE_USER: `${users}
WHERE "uid" = ?`,
    SQL_QUERY_ALL_GROUPS: groups,
    SQL_QUERY_GROUPS_BY_MEMBER: `${groups}
INNER JOIN "UserGroups" ug ON g."gidNumber" = ug."gidNumber"
INNER JOIN "Users" u ON ug."uidNumber" = u."uidNumber"
WHERE u."uid" = ?`,
  };
  const spell = (sql: string) => identifiers(dialect, sql);
  return {
    SQL_QUERY_ALL_USERS: spell(queries.SQL_QUERY_ALL_USERS),
    SQL_QUERY_ONE_USER: spell(queries.SQL_QUERY_ONE_USER),
    SQL_QUERY_ALL_GROUPS: spell(queries.SQL_QUERY_ALL_GROUPS),
    SQL_QUERY_GROUPS_BY_MEMBER: spell(queries.SQL_QUERY_GROUPS_BY_MEMBER),
  };
}

/** MySQL quotes names in backticks where the standard has double quotes. Not for text with string literals in it. */
function identifiers(dialect: SqlDialect, sql: string): string {
  return dialect === "mysql" ? sql.replaceAll('"', "`") : sql;
}

/** The statements that make the three tables, empty. */
export function documentTables(dialect: SqlDialect): string[] {
  const text = dialect === "mysql" ? "VARCHAR(255)" : "TEXT";
  return [
    `CREATE TABLE "Users" ("uidNumber" INTEGER PRIMARY KEY, "uid" ${text} NOT NULL UNIQUE, "gidNumber" INTEGER NOT NULL,
      "givenName" ${text}, "cn" ${text}, "sn" ${text}, "mail" ${text}, "homeDirectory" ${text}, "userPassword" ${text},
      "status" ${text} NOT NULL)`,
    `CREATE TABLE "Groups" ("gidNumber" INTEGER PRIMARY KEY, "cn" ${text} NOT NULL UNIQUE)`,
    `CREATE TABLE "UserGroups" ("uidNumber" INTEGER NOT NULL, "gidNumber" INTEGER NOT NULL,
      PRIMARY KEY ("uidNumber", "gidNumber"))`,
  ].map((statement) => identifiers(dialect, statement));
}

const rowsPerStatement = 500;

/** The statements that fill the three tables; each user's password is stored as `{SSHA}`. */
export function populationInserts(population: Population, dialect: SqlDialect): string[] {
  const numbers = new Map(population.users.map((user) => [user.username, user.uidNumber]));
  return [
    ...inserts(
      dialect,
      "Users",
      population.users.map((user) => [
        ...[user.uidNumber, user.username, user.gidNumber, user.firstName, user.fullName, user.lastName],
        ...[user.mail, user.homeDirectory, ssha(user.password, user.username), user.status],
      ]),
      ["uidNumber", "uid", "gidNumber", "givenName", "cn", "sn", "mail", "homeDirectory", "userPassword", "status"],
    ),
    ...inserts(
      dialect,
      "Groups",
      population.groups.map((group) => [group.gidNumber, group.name]),
      ["gidNumber", "cn"],
    ),
    ...inserts(
      dialect,
      "UserGroups",
      population.groups.flatMap((group) => group.members.map((member) => [numbers.get(member), group.gidNumber])),
      ["uidNumber", "gidNumber"],
    ),
  ];
}

type SqlValue = string | number | undefined;

function inserts(
  dialect: SqlDialect,
  table: string,
  rows: readonly SqlValue[][],
  columns: readonly string[],
): string[] {
  const names = columns.map((column) => `"${column}"`).join(", ");
  const head = identifiers(dialect, `INSERT INTO "${table}" (${names}) VALUES `);
  const tuples = rows.map((row) => `(${row.map((value) => literal(dialect, value)).join(", ")})`);
  const statements: string[] = [];
  for (let start = 0; start < tuples.length; start += rowsPerStatement) {
    statements.push(head + tuples.slice(start, start + rowsPerStatement).join(", "));
  }
  return statements;
}

function literal(dialect: SqlDialect, value: SqlValue): string {
  if (value === undefined) return "NULL";
  if (typeof value === "number") return String(value);
  const quoted = value.replaceAll("'", "''");
  return `'${dialect === "mysql" ? quoted.replaceAll("\\", "\\\\") : quoted}'`;
}
