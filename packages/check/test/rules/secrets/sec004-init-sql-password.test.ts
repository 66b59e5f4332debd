import { expect, it } from "vitest";
import { sec004 } from "../../../src/rules/secrets/sec004-init-sql-password.ts";
import { findingsOf, linesOf } from "../../project.ts";

const compose = (image: string, source: string, target = "/docker-entrypoint-initdb.d/init.sql") => `services:
  db:
    image: ${image}
    volumes:
      - ${source}:${target}:ro
`;

it("finds a password that is written out, and one that is never filled in", () => {
  const findings = findingsOf(sec004, {
    "compose.yaml": compose("mariadb:11", "./init.sql"),
    "init.sql": `CREATE USER 'grafana'@'%' IDENTIFIED BY '\${GRAFANA_DB_PASSWORD}';
CREATE USER 'app'@'%' IDENTIFIED BY 'hardcoded_password_123';
`,
  });
  expect(linesOf(findings)).toEqual([
    `high init.sql:1:41 grafana: init.sql is run as it is by db, so the password of grafana becomes the text \${GRAFANA_DB_PASSWORD}`,
    "high init.sql:2:37 app: init.sql has the password of app written into it",
  ]);
  expect(findings[0]).toMatchObject({
    subject: "db",
    edits: [],
    fix: `Write a shell script in its place, which the image runs as well, and which reads the password from a file that compose mounts (secrets:), init.sh:
docker_process_sql <<SQL
CREATE USER 'grafana'@'%' IDENTIFIED BY '$(cat /run/secrets/grafana_password)';
SQL
Do not make it executable: the image then reads it where that function is known. \${NAME} in a .sql file is not filled in.
Or keep a template, {{NAME}} in place of the password, and mount what \`espalier render\` makes of it, with mode 0600.
Where accounts were made with it, change their passwords now.`,
  });
  expect(JSON.stringify(findings)).not.toContain("hardcoded_password_123");
});

it.each([
  ["a folder", "./initdb", "/docker-entrypoint-initdb.d", "initdb/10-roles.sql"],
  [
    "a file elsewhere that is made from it",
    `\${HOME}/.config/x/postgres/init.sql`,
    undefined,
    "templates/postgres/init.sql",
  ],
])("knows %s to be mounted", (_, source, target, path) => {
  const findings = findingsOf(
    sec004,
    {
      "compose.yaml": compose("postgres:17", source, target),
      [path]: "CREATE ROLE gitea LOGIN PASSWORD '$GITEA_PASSWORD';\n",
    },
    { environment: { HOME: "/home/ann" } },
  );
  expect(findings.map(({ message }) => message)).toEqual([
    `${path} is run as it is by db, so the password of gitea becomes the text $GITEA_PASSWORD`,
  ]);
  expect(findings[0]?.fix).toContain(
    "\\set password `cat /run/secrets/gitea_password`\nCREATE ROLE gitea LOGIN PASSWORD :'password';",
  );
});

it("has nothing against templates, scripts, psql's variables, and what was rendered for its owner alone", () => {
  const findings = findingsOf(sec004, {
    "compose.yaml": compose("postgres:17", "./rendered.sql"),
    "templates/init.sql": `CREATE ROLE a PASSWORD '{{A_PASSWORD}}';\nCREATE ROLE b PASSWORD '\${B_PASSWORD}';\n`,
    "rendered.sql": { text: "CREATE ROLE a PASSWORD 'kJ8sdf72hGsk2';\n", mode: 0o600 },
    "set.sql": "\\set password `cat /run/secrets/a`\nCREATE ROLE a PASSWORD :'password';\n",
  });
  expect(findings).toEqual([]);
});
