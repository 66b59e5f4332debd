/** Ann, Abe and Zoë in two groups, in the tables of the management software, and the queries that its guide gives out. */

import { parseGroup, parseUser } from "../../src/source/row.ts";
import type { Group, Membership, Row, Source, SqlQueries, User } from "../../src/source/source.ts";

/** To the letter. SQLite takes them as they are; MySQL has backticks for double quotes. */
export const documentedQueries: SqlQueries = {
  allUsers: `SELECT "uid" AS username, "uidNumber" AS uid_number, "gidNumber" AS gid_number,
       "givenName" AS first_name, "cn" AS full_name, "sn" AS last_name,
       "mail", "homeDirectory" AS home_directory, "userPassword" AS password
FROM "Users"`,
  oneUser: `SELECT "uid" AS username, "uidNumber" AS uid_number, "gidNumber" AS gid_number,
       "givenName" AS first_name, "cn" AS full_name, "sn" AS last_name,
       "mail", "homeDirectory" AS home_directory, "userPassword" AS password
FROM "Users"
WHERE "uid" = ?`,
  allGroups: `SELECT g."cn" AS name, g."gidNumber" AS gid_number
FROM "Groups" g`,
  groupsByMember: `SELECT g."cn" AS name, g."gidNumber" AS gid_number
FROM "Groups" g
INNER JOIN "UserGroups" ug ON g."gidNumber" = ug."gidNumber"
INNER JOIN "Users" u ON ug."uidNumber" = u."uidNumber"
WHERE u."uid" = ?`,
};

export function inBackticks(queries: SqlQueries): SqlQueries {
  return JSON.parse(JSON.stringify(queries).replaceAll('\\"', "`")) as SqlQueries;
}

export const directorySql = `
DROP TABLE IF EXISTS "UserGroups"; DROP TABLE IF EXISTS "Users"; DROP TABLE IF EXISTS "Groups";
CREATE TABLE "Users" ("uidNumber" INTEGER PRIMARY KEY, "uid" VARCHAR(255) UNIQUE, "gidNumber" INTEGER,
  "givenName" VARCHAR(255), "sn" VARCHAR(255), "cn" VARCHAR(255), "mail" VARCHAR(255), "homeDirectory" VARCHAR(255),
  "userPassword" VARCHAR(255));
CREATE TABLE "Groups" ("gidNumber" INTEGER PRIMARY KEY, "cn" VARCHAR(255) UNIQUE);
CREATE TABLE "UserGroups" ("uidNumber" INTEGER, "gidNumber" INTEGER, PRIMARY KEY ("uidNumber", "gidNumber"));
INSERT INTO "Users" VALUES
  (2001, 'ann', 3001, 'Ann', 'Smith', 'Ann Smith', 'ann@example.com', '/home/ann', '{SSHA}ann'),
  (2002, 'abe', 3001, 'Abe', NULL, NULL, '', NULL, NULL),
  (2003, 'zoë', 3002, 'Zoë', 'O''Brien', 'Zoë O''Brien', 'zoe@example.com', '/home/zoë', '{SSHA}zoë');
INSERT INTO "Groups" VALUES (3001, 'admins'), (3002, 'staff');
INSERT INTO "UserGroups" VALUES (2001, 3001), (2001, 3002), (2003, 3002);
`;

export const ann: User = {
  username: "ann",
  uidNumber: 2001,
  gidNumber: 3001,
  firstName: "Ann",
  lastName: "Smith",
  fullName: "Ann Smith",
  mail: ["ann@example.com"],
  homeDirectory: "/home/ann",
  password: "{SSHA}ann",
  active: true,
  sshPublicKeys: [],
};

export const directory = {
  users: [
    { username: "abe", uidNumber: 2002, gidNumber: 3001, firstName: "Abe", mail: [], active: true, sshPublicKeys: [] },
    ann,
    {
      ...ann,
      ...{ username: "zoë", uidNumber: 2003, gidNumber: 3002, firstName: "Zoë", lastName: "O'Brien" },
      ...{ fullName: "Zoë O'Brien", mail: ["zoe@example.com"], homeDirectory: "/home/zoë", password: "{SSHA}zoë" },
    },
  ] satisfies readonly User[],
  groups: [
    { name: "admins", gidNumber: 3001, memberUids: [], memberDns: [], memberGroups: [] },
    { name: "staff", gidNumber: 3002, memberUids: [], memberDns: [], memberGroups: [] },
  ] satisfies readonly Group[],
  memberships: [
    { username: "ann", groupName: "admins" },
    { username: "ann", groupName: "staff" },
    { username: "zoë", groupName: "staff" },
  ] satisfies readonly Membership[],
};

/** Everything that a source gives, parsed and sorted. */
export async function readDirectory(source: Source): Promise<typeof directory> {
  const users = (await gather(source.users())).map(userOf);
  const groups = (await gather(source.groups())).map(groupOf);
  const memberships = await gather(source.memberships(users.map(({ username }) => username)));
  return {
    users: users.toSorted(by(({ username }) => username)),
    groups: groups.toSorted(by(({ name }) => name)),
    memberships: memberships.toSorted(by(({ username, groupName }) => `${username} ${groupName}`)),
  } as typeof directory;
}

export async function gather<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** How often the event loop came round while `work` ran. */
export async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

export function userOf(row: Row | undefined): User {
  const parsed = parseUser(row ?? {});
  if ("skip" in parsed) throw new Error(parsed.skip);
  return parsed.user;
}

function groupOf(row: Row): Group {
  const parsed = parseGroup(row);
  if ("skip" in parsed) throw new Error(parsed.skip);
  return parsed.group;
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}

/** Names that SQL or an escape might trip over. Nobody has them. */
export const oddNames = [
  "' OR '1'='1",
  'ann\'; DROP TABLE "Users"; --',
  "ann' --",
  'ann" --',
  "ann\\",
  "\\' OR 1=1 -- ",
  "$1",
  "?",
  "ann\n",
  "ann\0",
  "\ud800",
  "{ann}",
  '{"ann","abe"}',
  "NULL",
  "%",
  "a_n",
  "ａｎｎ",
  "",
  "a".repeat(100_000),
];
