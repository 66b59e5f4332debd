import { expect, test } from "vitest";
import { ldp010 } from "../../../src/rules/directory/ldp010-sql.ts";
import { detailsOf, findingsOf, linesOf } from "../../project.ts";

const tls = "SQL_URI=postgres://gateway:hunter2@db.example.com:5432/users?sslmode=require\nDIRECTORY_BACKEND=sql\n";
const environment = (lines: string) => ({ "ldap1.env": `${tls}${lines}` });

test("a look-up without a placeholder is found, with what to write", () => {
  const files = environment(`SQL_QUERY_ONE_USER=SELECT "uid" AS username FROM "Users"\n`);
  expect(detailsOf(findingsOf(ldp010, files))).toEqual([
    {
      subject: "ldap1.env",
      severity: "high",
      message: "SQL_QUERY_ONE_USER of ldap1.env has no placeholder for the user's name",
      place: "ldap1.env:3:1",
      path: "SQL_QUERY_ONE_USER",
      fix: 'Write ? in the place of the name, without quotes:\nWHERE "uid" = ?',
      edits: [],
    },
  ]);
});

test.each([
  ["in quotes it is text", "SELECT uid FROM users WHERE uid = '?'"],
  ["in a comment it is none", "SELECT uid FROM users -- where uid = ?"],
  ["in a comment of several lines it is none", "SELECT uid FROM users /* where uid = ? */"],
  ["a template is none", "SELECT uid FROM users WHERE uid = '{{username}}'"],
])("a placeholder is a bare question mark: %s", (_, query) => {
  const file = `gateway:\n  sql:\n    queries:\n      groupsByMember: ${JSON.stringify(query)}\n`;
  expect(linesOf(findingsOf(ldp010, { "espalier.yaml": file }))).toEqual([
    "high espalier.yaml:4:23 gateway.sql.queries.groupsByMember: sql.queries.groupsByMember of gateway has no placeholder for the user's name",
  ]);
});

test("the four queries of the document before are right, as are names in quotes and functions", () => {
  const files = {
    "espalier.yaml": `gateway:
  sql:
    url: postgres://gateway@db.example.com/users?sslmode=verify-full
    queries:
      allUsers: |
        SELECT "uid" AS username, "uidNumber" AS uid_number, "mail", "userPassword" AS password FROM "Users"
      oneUser: |
        SELECT "uid" AS username, CONCAT("givenName", ' from ', "sn") AS full_name, "userPassword" AS password
        FROM "Users" WHERE "uid" = ?
      allGroups: SELECT g."cn" AS name, g."gidNumber" AS gid_number FROM "Groups" g
      groupsByMember: SELECT g.cn AS name FROM \`Groups\` g JOIN m USING (gid) WHERE m.uid = ? AND g.kind <> '?'
`,
  };
  expect(findingsOf(ldp010, files)).toEqual([]);
});

test("a hash under a name that is served is found in any of the queries", () => {
  const files = {
    "espalier.yaml": `gateway:
  sql:
    queries:
      oneUser: SELECT uid AS username, COALESCE(u.nickname, u."userPassword") AS "full_name" FROM users u WHERE uid = ?
      allUsers: SELECT uid AS username, password_hash mail, password AS password, password AS remark FROM users
`,
  };
  expect(linesOf(findingsOf(ldp010, files))).toEqual([
    "high espalier.yaml:4:16 gateway.sql.queries.oneUser: sql.queries.oneUser of gateway serves userPassword to whoever searches, as full_name",
    "high espalier.yaml:5:17 gateway.sql.queries.allUsers: sql.queries.allUsers of gateway serves password_hash to whoever searches, as mail",
  ]);
});

test("a database that is reached without TLS is found, and its password is in nothing", () => {
  const files = {
    "espalier.yaml":
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
      "gateway:\n  base: dc=example\n  sql:\n    url: mysql://gateway:${PASSWORD:-hunter2}@db.example.com/users\n",
  };
  const findings = findingsOf(ldp010, files);
  expect(detailsOf(findings)).toEqual([
    {
      subject: "gateway",
      severity: "high",
      message: "gateway reads password hashes from db.example.com without TLS",
      place: "espalier.yaml:4:10",
      path: "gateway.sql.url",
      fix: "Add to sql.url: ?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ssl/certs/db-ca.pem",
      edits: [],
    },
  ]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

test.each([
  ["postgres://u:p@db/x", [], "without TLS"],
  ["postgres://u:p@db/x?sslmode=disable", [], "without TLS"],
  ["postgres://u:p@db/x?sslmode=require", ["SQL_SSL=false"], "without TLS"],
  ["postgres://u:p@db/x?sslmode=no-verify", [], "does not check"],
  ["postgres://u:p%40@[2001:db8::7]:5432/x", [], "without TLS"],
  ["postgres://u:p@/x?host=db.example.com", [], "without TLS"],
  ["postgres://u:p@db/x?sslmode=require", [], undefined],
  ["postgres://u:p@db/x?sslrootcert=/ca.pem", [], undefined],
  ["postgres://u:p@db/x", ["SQL_SSL=true"], undefined],
  ["postgres://u:p@localhost/x", [], undefined],
  ["postgres://u:p@127.0.0.1:5433/x?sslmode=disable", [], undefined],
  ["postgres://u@/x?host=/run/postgresql", [], undefined],
  ["mysql://u:p@h/x?socketPath=/run/mysqld.sock", [], undefined],
  ["sqlite:/var/lib/users.db", [], undefined],
])("%s with %j: %s", (url, more, expected) => {
  const [found] = findingsOf(ldp010, {
    "ldap1.env": `DIRECTORY_BACKEND=sql\nSQL_URI=${url}\n${more.join("\n")}\n`,
  });
  expect(/without TLS|does not check/.exec(found?.message ?? "")?.[0]).toBe(expected);
});

test("between containers of one project it is less, and on a network of their own nothing", () => {
  const files = (network: string) => ({
    "compose.yaml": `services:\n  db:\n    image: postgres:16\n    networks: [data]\n  ldap:\n    image: gateway:1\n    networks: [data]\n    environment:\n      DIRECTORY_BACKEND: sql\n      SQL_URL: postgres://u:p@db/x\nnetworks:\n  data: ${network}\n`,
  });
  expect(linesOf(findingsOf(ldp010, files("{}")))).toEqual([
    "medium compose.yaml:10:16 services.ldap.environment.SQL_URL: ldap reads password hashes from db without TLS",
  ]);
  expect(findingsOf(ldp010, files("{internal: true}"))).toEqual([]);
});

test("each finding of one query is known by itself", () => {
  const query = "SELECT password AS mail, pwd AS full_name, uid AS username FROM users";
  const findings = findingsOf(ldp010, { "espalier.yaml": `gateway:\n  sql:\n    queries:\n      oneUser: ${query}\n` });
  expect(findings.length).toBe(3);
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(3);
});
