/** The gateway's queries, worked out from the names of tables and columns: for tables that can be nothing else. */
import type { DatabaseColumn, DatabaseSurvey } from "@espalier/gateway";

export interface Queries {
  readonly allUsers: string;
  readonly oneUser: string;
  readonly allGroups: string;
  readonly groupsByMember: string;
  readonly memberships: string;
}

export interface Proposal {
  readonly queries: Queries;
  /** The tables of users, groups and memberships, for a sentence. */
  readonly tables: readonly [string, string, string];
}

type Kind = "number" | "text" | "boolean" | "time" | "any" | "other";

interface Table {
  readonly schema: string | undefined;
  readonly name: string;
  readonly columns: readonly (DatabaseColumn & { readonly key: string; readonly kind: Kind })[];
}

interface UserTable {
  readonly table: Table;
  readonly username: string;
  readonly uidNumber: string;
  /** What the queries give, by the gateway's names for it. */
  readonly selected: readonly (readonly [alias: string, expression: (column: (name: string) => string) => string])[];
}

interface GroupTable {
  readonly table: Table;
  readonly name: string;
  readonly gidNumber: string;
}

/** Which column of the memberships' table is which of the users' and the groups'. */
interface MembershipTable {
  readonly table: Table;
  readonly user: readonly [own: string, theirs: string];
  readonly group: readonly [own: string, theirs: string];
}

const names = {
  username: ["uid", "username", "login", "loginname", "accountname", "samaccountname"],
  uidNumber: ["uidnumber", "unixuid", "posixuid", "uid"],
  gidNumber: ["gidnumber", "unixgid", "posixgid", "primarygid", "gid"],
  password: ["userpassword", "passwordhash", "hashedpassword", "encryptedpassword", "password", "passwd"],
  groupName: ["cn", "groupname", "name"],
} as const;

/** Those that are there are served. */
const optionalColumns: readonly (readonly [alias: string, kinds: readonly Kind[], keys: readonly string[]])[] = [
  ["first_name", ["text"], ["givenname", "firstname"]],
  ["full_name", ["text"], ["cn", "fullname", "displayname", "gecos", "name"]],
  ["last_name", ["text"], ["sn", "surname", "lastname", "familyname"]],
  ["mail", ["text"], ["mail", "email", "emailaddress"]],
  ["home_directory", ["text"], ["homedirectory", "homedir", "home"]],
  ["login_shell", ["text"], ["loginshell", "shell"]],
  ["ssh_public_key", ["text"], ["sshpublickey", "sshpublickeys", "sshkey"]],
  ["created_at", ["time"], ["createdat"]],
  ["updated_at", ["time"], ["updatedat", "modifiedat"]],
];

/** Columns that say who may not log in any more: left out, those people could. */
const statusColumns: readonly (readonly [
  keys: readonly string[],
  kinds: readonly Kind[],
  expression: (column: string) => string,
])[] = [
  [["status", "accountstatus"], ["text"], (column) => column],
  [["active", "isactive", "enabled", "isenabled"], ["boolean"], (column) => activeWhere(`${column} = TRUE`)],
  [["active", "isactive", "enabled", "isenabled"], ["number"], (column) => activeWhere(`${column} = 1`)],
  [
    ["disabled", "isdisabled", "locked", "islocked", "suspended", "issuspended"],
    ["boolean"],
    (column) => activeWhere(`${column} = FALSE`),
  ],
  [
    ["disabled", "isdisabled", "locked", "islocked", "suspended", "issuspended"],
    ["number"],
    (column) => activeWhere(`${column} = 0`),
  ],
  [["deletedat", "disabledat"], ["time"], (column) => activeWhere(`${column} IS NULL`)],
];

function activeWhere(condition: string): string {
  return `CASE WHEN ${condition} THEN 'active' ELSE 'inactive' END`;
}

/** The queries, or why there are none: a sentence without its full stop. */
export function proposeQueries({ dialect, columns }: DatabaseSurvey): Proposal | { readonly reason: string } {
  const tables = tablesOf(columns);
  const users = tables.flatMap((table) => userTable(table) ?? []);
  if (users.length !== 1) return { reason: notOne("users", users) };
  const [user] = users as [UserTable];
  const others = tables.filter((table) => table !== user.table);
  const groups = others.flatMap((table) => groupTable(table) ?? []);
  if (groups.length !== 1) return { reason: notOne("groups", groups) };
  const [group] = groups as [GroupTable];
  const memberships = others
    .filter((table) => table !== group.table)
    .flatMap((table) => membershipTable(table, user, group) ?? []);
  if (memberships.length !== 1) return { reason: notOne("memberships", memberships) };
  const [membership] = memberships as [MembershipTable];
  const quote = dialect === "mysql" || dialect === "mariadb" ? quotedBy("`") : quotedBy('"');
  return {
    queries: compose(user, group, membership, quote),
    tables: [titleOf(user.table), titleOf(group.table), titleOf(membership.table)],
  };
}

function notOne(what: string, found: readonly { readonly table: Table }[]): string {
  if (found.length === 0) return `no table has the columns of ${what}`;
  return `${found.map(({ table }) => titleOf(table)).join(" and ")} all have the columns of ${what}`;
}

function titleOf({ schema, name }: Table): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function tablesOf(columns: readonly DatabaseColumn[]): readonly Table[] {
  // What cannot stand on a line of the file is nobody's table of users.
  const usable = columns.filter(({ schema = "", table, name }) => !/\p{C}/u.test(schema + table + name));
  return [...Map.groupBy(usable, ({ schema, table }) => JSON.stringify([schema, table])).values()].map((own) => ({
    schema: own[0]!.schema,
    name: own[0]!.table,
    columns: own.map((column) => ({
      ...column,
      key: column.name.toLowerCase().replaceAll(/[_ -]/g, ""),
      kind: kindOf(column.type),
    })),
  }));
}

function kindOf(type: string): Kind {
  // SQLite's columns need no type, and those of its views have none.
  if (type === "") return "any";
  if (/^(?:(?:tiny|small|medium|big)?int(?:eger|\d)?|numeric|decimal|number)\b/i.test(type)) return "number";
  if (/char|text|clob|enum|^user-defined$/i.test(type)) return "text";
  if (/^bool/i.test(type)) return "boolean";
  return /^(?:timestamp|datetime|date)/i.test(type) ? "time" : "other";
}

function userTable(table: Table): UserTable | undefined {
  const uidNumber = find(table, names.uidNumber, ["number"]);
  const gidNumber = find(table, names.gidNumber, ["number"]);
  const username = find(table, names.username, ["text"], [uidNumber]);
  const password = find(table, names.password, ["text"]);
  if (uidNumber === undefined || gidNumber === undefined || username === undefined || password === undefined) return;
  const plain = (alias: string, name: string): UserTable["selected"][number] => [alias, (column) => column(name)];
  const taken = [username, uidNumber, gidNumber, password];
  const optional = optionalColumns.flatMap(([alias, kinds, keys]) => {
    const name = find(table, keys, kinds, taken);
    return name === undefined ? [] : [plain(alias, name)];
  });
  const status = statusColumns.flatMap(([keys, kinds, expression]): UserTable["selected"] => {
    const name = find(table, keys, kinds);
    return name === undefined ? [] : [["status", (column) => expression(column(name))]];
  });
  return {
    ...{ table, username, uidNumber },
    selected: [
      ...[plain("username", username), plain("uid_number", uidNumber), plain("gid_number", gidNumber)],
      ...[...optional, plain("password", password), ...status.slice(0, 1)],
    ],
  };
}

function groupTable(table: Table): GroupTable | undefined {
  const gidNumber = find(table, names.gidNumber, ["number"]);
  const name = find(table, names.groupName, ["text"]);
  const isUsers = find(table, names.uidNumber, ["number"]) !== undefined;
  return gidNumber === undefined || name === undefined || isUsers ? undefined : { table, name, gidNumber };
}

function membershipTable(table: Table, user: UserTable, group: GroupTable): MembershipTable | undefined {
  const [userId, groupId] = [user, group].map((each) => find(each.table, ["id"], ["number", "text", "other"]));
  const toUser =
    reference(table, ["userid"], user.table, userId) ??
    reference(table, names.uidNumber, user.table, user.uidNumber) ??
    reference(table, [...names.username, "memberuid", "member", "user"], user.table, user.username);
  const toGroup =
    reference(table, ["groupid"], group.table, groupId) ??
    reference(table, names.gidNumber, group.table, group.gidNumber) ??
    reference(table, ["groupname", "group", "cn"], group.table, group.name);
  if (toUser === undefined || toGroup === undefined || toUser[0] === toGroup[0]) return undefined;
  return { table, user: toUser, group: toGroup };
}

/** A column of such a name that can be compared with that one of the other table. */
function reference(
  table: Table,
  keys: readonly string[],
  other: Table,
  theirs: string | undefined,
): readonly [string, string] | undefined {
  const target = other.columns.find(({ name }) => name === theirs);
  if (target === undefined) return undefined;
  const own = find(table, keys, [target.kind]);
  const column = table.columns.find(({ name }) => name === own);
  // Kinds that are none of ours, such as uuid, are the same where their types are.
  if (own === undefined || (target.kind === "other" && column?.type !== target.type)) return undefined;
  return [own, target.name];
}

function find(
  { columns }: Table,
  keys: readonly string[],
  kinds: readonly Kind[],
  except: readonly (string | undefined)[] = [],
): string | undefined {
  const fitting = columns.filter(
    ({ kind, name }) => (kind === "any" || kinds.includes(kind)) && !except.includes(name),
  );
  return keys.flatMap((key) => fitting.find((column) => column.key === key) ?? [])[0]?.name;
}

function quotedBy(mark: string): (name: string) => string {
  return (name) => `${mark}${name.replaceAll(mark, mark + mark)}${mark}`;
}

function compose(
  user: UserTable,
  group: GroupTable,
  membership: MembershipTable,
  quote: (name: string) => string,
): Queries {
  const from = ({ schema, name }: Table) => (schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`);
  const of = (alias: string) => (name: string) => `${alias}.${quote(name)}`;
  const [u, g, m] = [of("u"), of("g"), of("m")];
  const selected = user.selected.map(([alias, expression]) => `${expression(u)} AS ${alias}`);
  const joined = `FROM ${from(membership.table)} m
JOIN ${from(user.table)} u ON u.${quote(membership.user[1])} = ${m(membership.user[0])}
JOIN ${from(group.table)} g ON g.${quote(membership.group[1])} = ${m(membership.group[0])}`;
  const groupColumns = `${g(group.name)} AS name, ${g(group.gidNumber)} AS gid_number`;
  const allUsers = `SELECT ${wrapped(selected)}\nFROM ${from(user.table)} u`;
  return {
    allUsers,
    oneUser: `${allUsers}\nWHERE ${u(user.username)} = ?`,
    allGroups: `SELECT ${groupColumns}\nFROM ${from(group.table)} g`,
    groupsByMember: `SELECT ${groupColumns}\n${joined}\nWHERE ${u(user.username)} = ?`,
    memberships: `SELECT ${u(user.username)} AS username, ${g(group.name)} AS name\n${joined}`,
  };
}

const lineLength = 110;

function wrapped(items: readonly string[]): string {
  let line = "";
  return items
    .map((item, index) => {
      const text = index === items.length - 1 ? item : `${item},`;
      const isFull = line !== "" && line.length + text.length + 1 > lineLength;
      line = isFull || line === "" ? text : `${line} ${text}`;
      return index === 0 ? text : `${isFull ? "\n       " : " "}${text}`;
    })
    .join("");
}
