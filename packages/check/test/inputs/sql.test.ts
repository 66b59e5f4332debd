/** SQL files: the literals that give an account its password. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { projectOf } from "../project.ts";

function passwordsOf(sql: string): readonly unknown[] {
  const project = projectOf({ "init.sql": sql });
  return project
    .of("sql")
    .flatMap(({ passwords }) =>
      passwords.map(({ dialect, account, value, location }) => [dialect, account, value, location.line]),
    );
}

it("finds the passwords of MySQL, MariaDB and PostgreSQL, with their accounts", () => {
  expect(
    passwordsOf(`
CREATE USER IF NOT EXISTS 'grafana'@'%' IDENTIFIED BY 'one';
create user app@localhost identified with mysql_native_password by 'two''s';
SET PASSWORD FOR 'root'@'localhost' = PASSWORD('three');
GRANT ALL ON *.* TO \`ops\`@'%' IDENTIFIED BY "not a string in ANSI", 'x';
CREATE ROLE "gitea" LOGIN PASSWORD 'four';
ALTER USER forgejo WITH ENCRYPTED PASSWORD 'five' VALID UNTIL '2030-01-01';
`),
  ).toEqual([
    ["mysql", "grafana", "one", 2],
    ["mysql", "app", "two's", 3],
    ["mysql", "root", "three", 4],
    ["postgresql", "gitea", "four", 6],
    ["postgresql", "forgejo", "five", 7],
  ]);
});

it("passes over hashes, comments, bodies of functions, variables of psql and columns named password", () => {
  expect(
    passwordsOf(`
-- CREATE USER a IDENTIFIED BY 'no';
/* ALTER ROLE a PASSWORD 'no'; */
CREATE ROLE a PASSWORD 'SCRAM-SHA-256$4096:abc$def:ghi';
CREATE ROLE b PASSWORD 'md5c4ca4238a0b923820dcc509a6f75849b';
CREATE ROLE c PASSWORD :'password';
CREATE ROLE d PASSWORD NULL;
DO $body$ BEGIN EXECUTE 'ALTER ROLE x PASSWORD ''y'''; END $body$;
INSERT INTO users (name, password) VALUES ('ann', 'no');
UPDATE users SET password = 'no' WHERE name = 'ann';
`),
  ).toEqual([]);
});

it("reads whatever is in a file", () => {
  const piece = fc.oneof(
    fc.constantFrom("'", '"', "$$", "$a$", "--", "/*", "IDENTIFIED BY ", "CREATE USER x PASSWORD ", ";"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const sql = pieces.join("").replaceAll("\0", "");
      expect(projectOf({ "x.sql": sql }).unreadable).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
