import { defineRule } from "../../engine/rule.ts";
import type { SqlPassword } from "../../inputs/sql.ts";
import { initializedBy } from "./init-scripts.ts";

export const sec004 = defineRule({
  id: "SEC004",
  title: "password in init SQL",
  severity: "high",
  profile: "production",
  reads: ["sql"],
  fix: "none",
  explanation: `A password in an SQL file is known to everybody who may read the file and its history.

\`\${NAME}\` in its place is worse: database images run the \`.sql\` files in docker-entrypoint-initdb.d as they are. Nothing is filled in, the account is made with the text \`\${NAME}\` as its password, and everybody who has seen the file knows it. Only what a shell runs (\`.sh\`) is expanded; or the file is rendered before it is mounted, with mode 0600.`,
  references: [
    "Docker Official Images, postgres, mysql and mariadb, “Initialization scripts”",
    "PostgreSQL documentation, psql, “Variables” and `\\set` with backquotes",
  ],
  *find(project) {
    const tracked = project.of("gitWorkTree").map((workTree) => workTree.tracked);
    for (const sql of project.of("sql")) {
      const { path, mode } = sql.file;
      const service = initializedBy(project, sql);
      // What was rendered for one machine alone is a file of secrets, as it is meant to be.
      const isPrivate = mode !== undefined && (mode & 0o037) === 0 && !tracked.some((paths) => paths.has(path));
      for (const password of sql.passwords) {
        const whose = password.account === undefined ? "an account" : password.account;
        const where = { subject: service?.name ?? path, at: password.location, path: password.account ?? "" };
        const variable = variableIn(password.value);
        if (variable === undefined) {
          if (isPrivate || /^(?:\{\{[^}]*\}\}|<[^>]*>)?$/.test(password.value)) continue;
          yield {
            ...where,
            message: `${path} has the password of ${whose} written into it`,
            fix: fixOf(path, password),
          };
        } else if (service !== undefined) {
          yield {
            ...where,
            message: `${path} is run as it is by ${service.name}, so the password of ${whose} becomes the text ${variable}`,
            fix: `${fixOf(path, password)}\nWhere accounts were made with it, change their passwords now.`,
          };
        }
      }
    }
  },
});

/** What somebody thought would be filled in: a variable of a shell, or of a template that is not rendered. */
function variableIn(value: string): string | undefined {
  return /\$\{\w+(?::?[-?][^}]*)?\}|\$[A-Za-z_]\w*|\{\{\s*[A-Z][A-Z0-9_]*\s*\}\}/.exec(value)?.[0];
}

function fixOf(path: string, { dialect, account = "ACCOUNT" }: SqlPassword): string {
  const rendered = `Or keep a template, {{NAME}} in place of the password, and mount what \`espalier render\` makes of it, with mode 0600.`;
  if (dialect === "postgresql") {
    return `Let psql read the password from a file that compose mounts (secrets:), in ${path}:
\\set password \`cat /run/secrets/${account}_password\`
CREATE ROLE ${account} LOGIN PASSWORD :'password';
A .sql file is not a shell script: \${NAME} in it is not filled in.
${rendered}`;
  }
  const script = path.replace(/\.sql$/i, ".sh");
  return `Write a shell script in its place, which the image runs as well, and which reads the password from a file that compose mounts (secrets:), ${script}:
docker_process_sql <<SQL
CREATE USER '${account}'@'%' IDENTIFIED BY '$(cat /run/secrets/${account}_password)';
SQL
Do not make it executable: the image then reads it where that function is known. \${NAME} in a .sql file is not filled in.
${rendered}`;
}
