/** `espalier init`, as somebody uses it at a terminal and as a script does, over real databases: what it writes is used as it is. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LdapClient } from "@espalier/ldap/client";
import { loadWholeConfiguration } from "espalier/configuration";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { configTest } from "../../packages/espalier/src/commands/config-test.ts";
import { gatherAnswers } from "../../packages/espalier/src/init/gather-answers.ts";
import {
  type CommandResult,
  createCertificateAuthority,
  documentTables,
  espalierCommand,
  fillPostgres,
  freePort,
  type Mariadb,
  type Population,
  type Postgres,
  person,
  populationInserts,
  requirePrograms,
  runCommand,
  runEspalier,
  ssha,
  startMariadb,
  startPostgres,
  type TemporaryDirectory,
  temporaryDirectory,
} from "../lab/index.ts";
import { converse } from "./pseudo-terminal.ts";

const base = "dc=example,dc=com";
const population: Population = {
  users: [person("ann", 2001, { gidNumber: 3001 }), person("bob", 2002), person("carl", 2003, { status: "suspended" })],
  groups: [{ name: "staff", gidNumber: 3001, members: ["ann", "bob"] }],
};

async function emptyFolder(): Promise<TemporaryDirectory> {
  const folder = await temporaryDirectory("init");
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder;
}

function espalier(
  parameters: readonly string[],
  folder: TemporaryDirectory,
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand(process.execPath, [espalierCommand, ...parameters], { environment, workingDirectory: folder.path });
}

/** What `espalier config test` prints, without durations. */
async function testConfiguration(file: string, environment: Readonly<Record<string, string>> = {}) {
  let text = "";
  const exitCode = await configTest(loadWholeConfiguration(environment, file), { write: (part) => (text += part) });
  return { exitCode, text: text.replaceAll(/in \d+ ms/g, "in n ms") };
}

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

/** The tables of the demo and of the document, in a file. */
function sqliteUsers(folder: TemporaryDirectory): void {
  using database = new DatabaseSync(folder.file("users.db"));
  for (const statement of [...documentTables("sqlite"), ...populationInserts(population, "sqlite")])
    database.exec(statement);
}

requirePrograms({ postgres: "postgresql-15", script: "bsdutils" })("at a terminal, over PostgreSQL", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
    await fillPostgres(postgres, population, { status: true });
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it("asks again for what cannot be, shows no password, and writes what config test, check and up take as it is", async () => {
    const folder = await emptyFolder();
    const { username, password, host, pathname } = new URL(postgres.url);
    const listener = `ldaps://127.0.0.1:${await freePort()}`;
    const { exitCode, shown } = await converse(["init"], folder.path, [
      ["Parts", ""],
      ["Base DN", "example.com"],
      ["write it as in dc=example,dc=com."],
      ["Base DN", base],
      ["reach this machine", "localhost"],
      ["Certificate", ""],
      ["Database", "mongodb://db/users"],
      ["must begin with postgres:"],
      ["Database", `postgres://${username}@${host}${pathname}`],
      ["Password", "not the password"],
      ["Go on", "no"],
      ["Database", `postgres://${username}@${host}${pathname}`],
      ["Password", decodeURIComponent(password)],
      ["Users: 3 users, of whom 2 may log in. Groups: 1 group. UserGroups: 2 memberships."],
      ["Serve these", "perhaps"],
      ["write yes or no"],
      ["Serve these", "yes"],
      ["Where to serve clients", listener],
    ]);
    expect(exitCode).toBe(0);
    expect(shown).not.toContain(decodeURIComponent(password));
    expect(shown).toContain("export SQL_URI_FILE=credentials/sql_uri\n");

    const text = readFileSync(folder.file("espalier.yaml"), "utf8");
    expect(text).not.toContain(password);
    expect(modeOf(folder.file("espalier.yaml"))).toBe("640");
    expect(readFileSync(folder.file("credentials/sql_uri"), "utf8")).toBe(`${postgres.url}\n`);
    expect([modeOf(folder.file("credentials")), modeOf(folder.file("credentials/sql_uri"))]).toEqual(["700", "600"]);

    const environment = { SQL_URI_FILE: "credentials/sql_uri" };
    const tested = await testConfiguration(folder.file("espalier.yaml"), {
      SQL_URI_FILE: folder.file("credentials/sql_uri"),
    });
    expect(tested.text).toMatch(
      /ok {7}allUsers: 3 rows in n ms\.\nok {7}allGroups: 1 row in n ms\.\nok {7}groupsByMember: 1 row in n ms\.\nok {7}Memberships: 2 in n ms\./,
    );
    expect(tested.exitCode).toBe(0);
    const checked = await espalier(["check", "--profile", "production", "--fail-on", "info", "."], folder);
    expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringContaining("Nothing found")]);

    await using up = runEspalier(["up"], { ...environment, METRICS_LISTEN: "off" }, folder);
    await up.ready(() => up.log.includes('"message":"ready"'));
    const ca = readFileSync(folder.file("cert/self-signed/server.crt"), "utf8");
    const url = listener.replace("127.0.0.1", "localhost");
    await using client = await LdapClient.connect({ url, tls: { ca } });
    await client.bind(`uid=ann,${base}`, "pw-ann");
    await expect(client.bind(`uid=carl,${base}`, "pw-carl")).rejects.toMatchObject({ resultCode: 49 });
  }, 60_000);

  it("writes nothing when it is interrupted", async () => {
    const folder = await emptyFolder();
    const { exitCode, shown } = await converse(["init"], folder.path, [["Parts", "\u0003"]]);
    expect([exitCode, readdirSync(folder.path)]).toEqual([2, []]);
    expect(shown).toContain("Nothing was written.");
  });
});

requirePrograms({ mariadbd: "mariadb-server" })("over MariaDB, with other tables", () => {
  let mariadb: Mariadb;
  beforeAll(async () => {
    mariadb = await startMariadb();
    await mariadb.sql(`
      CREATE TABLE accounts (id INT PRIMARY KEY, username VARCHAR(64), uid INT, gid INT, gecos VARCHAR(64), homedir VARCHAR(64),
        shell VARCHAR(64), email VARCHAR(64), password VARCHAR(128), is_active TINYINT(1), updated_at DATETIME);
      CREATE TABLE \`groups\` (id INT PRIMARY KEY, name VARCHAR(64), gid INT);
      CREATE TABLE group_members (group_id INT, user_id INT, PRIMARY KEY (group_id, user_id));
      CREATE TABLE invoices (id INT PRIMARY KEY, user_id INT, total DECIMAL(10, 2));
      INSERT INTO accounts VALUES (1, 'ann', 2001, 3001, 'Ann', '/home/ann', '/bin/sh', NULL, '${ssha("pw-ann", "ann")}', 1, NOW()),
        (2, 'bob', 2002, 3001, 'Bob', '/home/bob', '/bin/sh', NULL, '${ssha("pw-bob", "bob")}', 0, NOW());
      INSERT INTO \`groups\` VALUES (7, 'staff', 3001);
      INSERT INTO group_members VALUES (7, 1), (7, 2);`);
  });
  afterAll(() => mariadb[Symbol.asyncDispose]());

  it("finds them by their columns, and knows who may not log in any more", async () => {
    const folder = await emptyFolder();
    writeFileSync(folder.file("uri"), `${mariadb.url}\n`);
    const environment = { SQL_URI_FILE: folder.file("uri") };
    const { exitCode, stderr } = await espalier(["init", "--base", base], folder, environment);
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining(
        "accounts: 2 users, of whom 1 may log in. groups: 1 group. group_members: 2 memberships.",
      ),
    ]);
    // The variable's file is somebody's already.
    expect(readdirSync(folder.path).sort()).toEqual(["espalier.yaml", "uri"]);
    const tested = await testConfiguration(folder.file("espalier.yaml"), environment);
    expect(tested.text).toMatch(/ok {7}oneUser: 1 row .*\nok {7}allUsers: 2 rows .*\nok {7}allGroups: 1 row/);
    expect(tested.exitCode).toBe(0);
    const { queries } = parse(readFileSync(folder.file("espalier.yaml"), "utf8")).gateway.sql;
    expect(queries.oneUser.split("\n").slice(-3)).toEqual(["FROM `accounts` u", "WHERE u.`username` = ?", ""]);
    expect(queries.oneUser).toContain("CASE WHEN u.`is_active` = 1 THEN 'active' ELSE 'inactive' END AS status");
  });
});

describe("without a terminal", () => {
  it("says all that is missing, with exit code 2", async () => {
    const folder = await emptyFolder();
    const none = await espalier(["init"], folder);
    expect([none.exitCode, none.stderr]).toEqual([
      2,
      `Nobody is there to be asked, and nothing was written. Say as well:
  --database <url>, or the variable SQL_URI: to serve the users of an SQL database
  --backend <url>: to stand in front of LDAP servers
  --server <url>: to manage LDAP servers in a browser
  --mail-to <address>: to send mails
`,
    ]);
    const options = { backend: [], server: ["ldaps://a"], mailTo: [], mailUser: "x" };
    const nobody = { terminal: undefined, say: () => undefined };
    await expect(
      gatherAnswers({ ...options, parts: ["gateway", "manager", "notify"] }, {}, nobody),
    ).rejects.toMatchObject({
      options: [
        "--base <dn>, as in dc=example,dc=com",
        "--database <url>, or the variable SQL_URI",
        "--admin <dn>",
        "--mail-server <host>",
        "--mail-to <address>",
        "--mail-from <address>",
        "the variable SMTP_PASSWORD, or SMTP_PASSWORD_FILE",
      ],
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("never replaces a file unless it is told to", async () => {
    const folder = await emptyFolder();
    sqliteUsers(folder);
    writeFileSync(folder.file("espalier.yaml"), "precious");
    const parameters = ["init", "--base", base, "--database", "sqlite:users.db"];
    const refused = await espalier(parameters, folder);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      "espalier.yaml is there already: --force replaces it. Nothing was written.\n",
    ]);
    expect(readFileSync(folder.file("espalier.yaml"), "utf8")).toBe("precious");
    expect((await espalier([...parameters, "--force"], folder)).exitCode).toBe(0);
    expect(parse(readFileSync(folder.file("espalier.yaml"), "utf8")).gateway.sql.url).toBe("sqlite:users.db");
    expect(readdirSync(folder.path).sort()).toEqual(["espalier.yaml", "users.db"]);
  });

  it("refuses a password on the command line", async () => {
    const folder = await emptyFolder();
    const { exitCode, stderr } = await espalier(
      ["init", "--base", base, "--database", "postgres://reader:hunter2@db/users"],
      folder,
    );
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("SQL_URI_FILE")]);
    expect(stderr).not.toContain("hunter2");
  });

  it("leaves an example of the queries where no tables are those of users, and a start asks for them", async () => {
    const folder = await emptyFolder();
    using database = new DatabaseSync(folder.file("users.db"));
    database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)");
    const parameters = ["init", "--base", base, "--database", `sqlite:${folder.file("users.db")}`];
    const { exitCode, stderr } = await espalier(parameters, folder);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("no table has the columns of users")]);
    const text = readFileSync(folder.file("espalier.yaml"), "utf8");
    await expect(testConfiguration(folder.file("espalier.yaml"))).rejects.toMatchObject({
      problems: ["allUsers", "oneUser", "allGroups", "groupsByMember"].map((query) =>
        expect.objectContaining({ path: `gateway.sql.queries.${query}` }),
      ),
    });
    // Uncommented, it is what the sentence says it is.
    sqliteUsers(folder);
    writeFileSync(folder.file("espalier.yaml"), text.replaceAll(/^ {4}# (?=queries:|\s)/gm, "    "));
    expect((await testConfiguration(folder.file("espalier.yaml"))).exitCode).toBe(0);
  });

  it("writes all parts, so that they know each other, and nothing that is not safe", async () => {
    const folder = await emptyFolder();
    sqliteUsers(folder);
    const environment = { SMTP_PASSWORD: "mail: secret" };
    const written = await espalier(
      [
        ...["init", "--parts", "gateway,proxy,manager,notify", "--base", base, "--name", "ldap1.example.com"],
        ...["--database", `sqlite:${folder.file("users.db")}`, "--mail-server", "mail.example.com:465"],
        ...["--mail-user", "espalier@example.com", "--mail-to", "ann@example.com", "--mail-to", "bob@example.com"],
      ],
      folder,
      environment,
    );
    expect(written.exitCode).toBe(0);
    const text = readFileSync(folder.file("espalier.yaml"), "utf8");
    expect(text).not.toContain(environment.SMTP_PASSWORD);
    const { gateway, ...others } = parse(text);
    expect([gateway.listen, gateway.backoff]).toEqual([["ldap://127.0.0.1:3890"], { exemptAddresses: ["127.0.0.1"] }]);
    expect(others).toEqual({
      proxy: {
        listen: ["ldap://127.0.0.1:3891"],
        tiers: [{ backends: ["ldap://127.0.0.1:3890"] }],
        control: "proxy.sock",
      },
      manager: { listen: "127.0.0.1:8000" },
      clusters: [
        {
          ...{ name: "users", host: "127.0.0.1", port: 3890, base_dn: base, readonly: true },
          roles: [{ role: "viewer", users: ["*"] }],
        },
      ],
      notify: {
        listen: "127.0.0.1:5000",
        channels: {
          mail: {
            ...{ kind: "mail", host: "mail.example.com", port: 465, tls: "implicit", user: "espalier@example.com" },
            ...{ password: `\${SMTP_PASSWORD}`, from: "espalier@example.com" },
            to: ["ann@example.com", "bob@example.com"],
          },
        },
        routes: [{ name: "problems", match: { severity: "medium+" }, channels: ["mail"] }],
      },
    });
    const tested = await testConfiguration(folder.file("espalier.yaml"), environment);
    expect(tested.text.match(/^The .*$/gm)).toEqual(
      ["gateway", "proxy", "notification service", "manager"].map(
        (name) => `The ${name} can serve with this configuration.`,
      ),
    );
    const checked = await espalier(["check", "--profile", "production", "--fail-on", "info", "."], folder);
    expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringContaining("Nothing found")]);
  });

  it("writes a proxy and a manager over the servers that are named, by their authority", async () => {
    const folder = await emptyFolder();
    mkdirSync(folder.file("etc"));
    const { authority, certificate, privateKey } = await (await createCertificateAuthority(folder.path)).issue("ldap", [
      "ldap.example.com",
    ]);
    const { exitCode, stderr } = await espalier(
      [
        ...["init", "-o", "etc/espalier.yaml", "--cert", certificate, "--key", privateKey],
        ...["--backend", "ldaps://a.example.com", "--backend", "ldaps://b.example.com:1636"],
        ...["--server", "ldaps://a.example.com,ldaps://b.example.com:1636", "--admin", `cn=admin,${base}`],
        ...["--ca", authority, "--listen", "ldaps://0.0.0.0:636"],
      ],
      folder,
    );
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining("espalier config test --config etc/espalier.yaml\n"),
    ]);
    expect(parse(readFileSync(folder.file("etc/espalier.yaml"), "utf8"))).toEqual({
      proxy: {
        listen: ["ldaps://0.0.0.0:636"],
        tls: { certPath: certificate, keyPath: privateKey },
        upstream: { caPath: authority },
        tiers: [{ backends: ["ldaps://a.example.com", "ldaps://b.example.com:1636"] }],
        control: "proxy.sock",
      },
      manager: { listen: "127.0.0.1:8000" },
      clusters: [
        {
          name: "main",
          nodes: [
            { host: "a.example.com", port: 636 },
            { host: "b.example.com", port: 1636 },
          ],
          tls: { mode: "ldaps", ca_file: authority },
          roles: [
            { role: "admin", users: [`cn=admin,${base}`] },
            { role: "viewer", users: ["*"] },
          ],
        },
      ],
    });
    expect(existsSync(folder.file("credentials"))).toBe(false);
  });
});
