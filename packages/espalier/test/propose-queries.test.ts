/** Which tables are taken for those of users, groups and memberships, and which are left to their owner. */
import type { DatabaseColumn, DatabaseSurvey } from "@espalier/gateway";
import { describe, expect, it } from "vitest";
import { proposeQueries } from "../src/init/propose-queries.ts";

/** `{ Users: "uid text, uidNumber integer" }`. */
function survey(
  tables: Readonly<Record<string, string>>,
  dialect: DatabaseSurvey["dialect"] = "postgres",
): DatabaseSurvey {
  const columns = Object.entries(tables).flatMap(([title, text]) => {
    const [table = "", schema] = title.split(".").reverse();
    return text.split(",").map((column): DatabaseColumn => {
      const [name = "", ...type] = column.trim().split(" ");
      return { schema, table, name, type: type.join(" ") };
    });
  });
  return { dialect, columns };
}

const document = {
  Users: "uidNumber integer, uid text, gidNumber integer, cn text, mail text, userPassword text, status text",
  Groups: "gidNumber integer, cn text",
  UserGroups: "uidNumber integer, gidNumber integer",
};

describe("queries are proposed", () => {
  it("for the tables of the document", () => {
    expect(proposeQueries(survey(document))).toEqual({
      tables: ["Users", "Groups", "UserGroups"],
      queries: {
        allUsers: `SELECT u."uid" AS username, u."uidNumber" AS uid_number, u."gidNumber" AS gid_number, u."cn" AS full_name,
       u."mail" AS mail, u."userPassword" AS password, u."status" AS status
FROM "Users" u`,
        oneUser: `SELECT u."uid" AS username, u."uidNumber" AS uid_number, u."gidNumber" AS gid_number, u."cn" AS full_name,
       u."mail" AS mail, u."userPassword" AS password, u."status" AS status
FROM "Users" u
WHERE u."uid" = ?`,
        allGroups: `SELECT g."cn" AS name, g."gidNumber" AS gid_number
FROM "Groups" g`,
        groupsByMember: `SELECT g."cn" AS name, g."gidNumber" AS gid_number
FROM "UserGroups" m
JOIN "Users" u ON u."uidNumber" = m."uidNumber"
JOIN "Groups" g ON g."gidNumber" = m."gidNumber"
WHERE u."uid" = ?`,
        memberships: `SELECT u."uid" AS username, g."cn" AS name
FROM "UserGroups" m
JOIN "Users" u ON u."uidNumber" = m."uidNumber"
JOIN "Groups" g ON g."gidNumber" = m."gidNumber"`,
      },
    });
  });

  it("for those of libnss-mysql, where uid is the number and members are named", () => {
    const tables = {
      users: "username varchar, uid int, gid int, gecos varchar, homedir varchar, shell varchar, password varchar",
      groups: "name varchar, password varchar, gid int",
      grouplist: "gid int, username char",
    };
    expect(proposeQueries(survey(tables, "mysql"))).toMatchObject({
      queries: {
        groupsByMember: `SELECT g.\`name\` AS name, g.\`gid\` AS gid_number
FROM \`grouplist\` m
JOIN \`users\` u ON u.\`username\` = m.\`username\`
JOIN \`groups\` g ON g.\`gid\` = m.\`gid\`
WHERE u.\`username\` = ?`,
      },
    });
  });

  it("with ids of any type, in another schema, under names that need their quotes doubled", () => {
    const tables = {
      'hr.the "people"': "id uuid, login text, unix_uid bigint, unix_gid bigint, password_hash text",
      "hr.teams": "id uuid, name text, unix_gid bigint",
      "hr.team_members": "team_id uuid, group_id uuid, user_id uuid",
    };
    expect(proposeQueries(survey(tables))).toMatchObject({
      queries: {
        memberships: `SELECT u."login" AS username, g."name" AS name
FROM "hr"."team_members" m
JOIN "hr"."the ""people""" u ON u."id" = m."user_id"
JOIN "hr"."teams" g ON g."id" = m."group_id"`,
      },
    });
  });

  it.each([
    ["enabled boolean", `CASE WHEN u."enabled" = TRUE THEN 'active' ELSE 'inactive' END`],
    ["is_active int", `CASE WHEN u."is_active" = 1 THEN 'active' ELSE 'inactive' END`],
    ["disabled boolean", `CASE WHEN u."disabled" = FALSE THEN 'active' ELSE 'inactive' END`],
    ["locked smallint", `CASE WHEN u."locked" = 0 THEN 'active' ELSE 'inactive' END`],
    ["deletedAt timestamp with time zone", `CASE WHEN u."deletedAt" IS NULL THEN 'active' ELSE 'inactive' END`],
  ])("so that %s says who may log in", (column, expression) => {
    const proposal = proposeQueries(survey({ ...document, Users: document.Users.replace("status text", column) }));
    expect(proposal).toMatchObject({ queries: { oneUser: expect.stringContaining(`${expression} AS status`) } });
  });
});

describe("no queries are proposed", () => {
  it.each([
    [
      "where no table has passwords and numbers",
      { users: "id integer, name text" },
      "no table has the columns of users",
    ],
    [
      "where two tables could be the users'",
      { ...document, OldUsers: document.Users },
      "Users and OldUsers all have the columns of users",
    ],
    ["where there are no groups", { Users: document.Users }, "no table has the columns of groups"],
    [
      "where a membership's columns cannot be compared with what they name",
      { ...document, UserGroups: "uidNumber text, gidNumber integer" },
      "no table has the columns of memberships",
    ],
  ])("%s", (_, tables, reason) => {
    expect(proposeQueries(survey(tables as Record<string, string>))).toEqual({ reason });
  });
});
