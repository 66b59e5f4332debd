/** `espalier config test`, and a start with a configuration that cannot be used: sentences and exit codes. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../tests/lab/certificates.ts";
import type { UserTables } from "../../gateway/test/support/user-tables.ts";
import { configTest as runConfigTest } from "../src/commands/config-test.ts";
import { loadGatewayConfiguration } from "../src/configuration.ts";
import { startFailure } from "../src/start-failure.ts";
import { environmentOf, espalier, staffTables } from "./command.ts";

let folder: string;
let tables: UserTables;
let sound: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-config-"));
  tables = staffTables();
  writeFileSync(
    join(folder, "espalier.yaml"),
    JSON.stringify({ gateway: { tls: { selfSignedDirectory: join(folder, "cert") } } }),
  );
  sound = { ...environmentOf(tables), LDAP_BASE_DN: "dc=example,dc=com", LDAP_UNENCRYPTED: "true", PORT: "3899" };
});
afterAll(() => {
  tables[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
/** As the command runs it, in this process. */
const configTest = async (changes: Record<string, string | undefined> = {}) => {
  let text = "";
  const configuration = loadGatewayConfiguration({ ...sound, ...changes }, join(folder, "espalier.yaml"));
  const exitCode = await runConfigTest(configuration, { write: (part) => (text += part) });
  return {
    exitCode,
    lines: text
      .replaceAll(/in \d+ ms/g, "in n ms")
      .trimEnd()
      .split("\n"),
  };
};

describe("espalier config test", () => {
  it("says what a sound configuration serves, and ends with 0", async () => {
    expect(await configTest()).toEqual({
      exitCode: 0,
      lines: [
        "ok       Serves dc=example,dc=com on ldap://0.0.0.0:3899.",
        `warning  Certificate: the first start makes a self-signed one in ${join(folder, "cert")}, which clients can verify only if they are given it.`,
        expect.stringMatching(/^ok {7}Database: SQLite 3\..*\.$/),
        "ok       oneUser: 1 row in n ms.",
        "ok       allUsers: 32 rows in n ms.",
        "ok       allGroups: 1 row in n ms.",
        "ok       groupsByMember: 1 row in n ms.",
        expect.stringMatching(/^ok {7}Memberships: 32 in n ms\./),
        "",
        "The gateway can serve with this configuration.",
      ],
    });
  });

  it("makes no certificate of its own, and says that a start will", async () => {
    const { exitCode, lines } = await configTest({ LDAP_UNENCRYPTED: undefined });
    expect(exitCode).toBe(0);
    expect(lines[1]).toContain("the first start makes a self-signed one in");
    expect(existsSync(join(folder, "cert"))).toBe(false);
  });

  it("opens the configured certificate", async () => {
    const { certificate, privateKey } = await (await createCertificateAuthority(folder)).issue("ldap1", [
      "ldap1.example.com",
    ]);
    const files = { LDAP_CERT_PATH: certificate, LDAP_KEY_PATH: privateKey };
    expect((await configTest(files)).lines[1]).toMatch(
      /^ok {7}Certificate of .*ldap1\.example\.com, valid until .* \(2\d days\)\.$/,
    );
    const { exitCode, lines } = await configTest({ ...files, LDAP_KEY_PATH: join(folder, "authority.key") });
    expect(exitCode).toBe(1);
    expect(lines[1]).toMatch(/^error {4}Certificate: .*key/);
    expect(lines.at(-1)).toBe("The gateway would not serve as configured.");
  });

  it("counts the rows that it would skip and says why, and ends with 0 as the others are served", async () => {
    tables.putUser(100, { username: "root", uid_number: 0, gid_number: 5 });
    tables.putUser(101, { username: "ANN", uid_number: 2000, gid_number: 5 });
    const { exitCode, lines } = await configTest();
    expect(exitCode).toBe(0);
    expect(lines).toEqual(
      expect.arrayContaining([
        "warning  allUsers: 2 of the rows cannot be served:",
        'warning    row 33: The user "root" is skipped: uid_number is 0, which is root\'s.',
        'warning    row 34: The user "ANN" is skipped: username is taken by the earlier row "ann".',
      ]),
    );
    tables.removeUser(100);
    tables.removeUser(101);
  });

  it.each([
    [
      "a query that the database refuses",
      { SQL_QUERY_ALL_GROUPS: "SELECT nonsense FROM groups" },
      /^error {4}allGroups: .*nonsense/,
    ],
    [
      "a result without a column that is needed",
      { SQL_QUERY_ALL_GROUPS: "SELECT name FROM groups" },
      /^error {4}allGroups: .*gid_number.*AS/,
    ],
    [
      "a database that is not there",
      { SQL_URI: "sqlite:/nowhere/users.sqlite" },
      /^error {4}Database: .*\/nowhere\/users\.sqlite/,
    ],
    [
      "a query for one user that gives nobody",
      { SQL_QUERY_ONE_USER: "SELECT * FROM users WHERE mail = ?" },
      /^error {4}oneUser: .*"ann"/,
    ],
  ])("ends with 1 for %s", async (_, changes, line) => {
    const { exitCode, lines } = await configTest(changes);
    expect(exitCode).toBe(1);
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(line)]));
    expect(lines.at(-1)).toBe("The gateway would not serve as configured.");
  });
});

describe("a start that cannot be", () => {
  const refused: [string, Record<string, string | undefined>, RegExp][] = [
    ["without a database", { SQL_URI: undefined }, /gateway\.sql\.url: is missing: .*SQL_URI/],
    ["without a base", { LDAP_BASE_DN: undefined }, /LDAP_BASE_DN, for example dc=example,dc=com/],
    ["with a base that is no DN", { LDAP_BASE_DN: "example.com" }, /must be a DN such as dc=example,dc=com/],
    ["with a backend that is not there", { DIRECTORY_BACKEND: "mongodb" }, /must be sql/],
    ["with nobody to ask for the second factor", { AUTH_BACKENDS: "sql,notification" }, /set NOTIFICATION_URL/],
    ["with realms", { REALM_CONFIG: "[]" }, /one gateway for each base DN/],
    ["with a certificate but no key", { LDAP_CERT_PATH: "/x" }, /both certPath and keyPath/],
    [
      "with TLS versions that exclude each other",
      { TLS_MIN_VERSION: "TLSv1.3", TLS_MAX_VERSION: "TLSv1.2" },
      /TLS_MAX_VERSION: .* is below minVersion, TLSv1\.3/,
    ],
    ["with a port that is none", { PORT: "70000" }, /gateway\.port/],
  ];
  it.each(refused)("%s is told in a sentence", (_, changes, sentence) => {
    try {
      loadGatewayConfiguration({ ...sound, ...changes }, undefined);
      expect.unreachable();
    } catch (error) {
      expect(startFailure(error)).toMatch(sentence);
    }
  });

  const started: [string, Record<string, string | undefined>, RegExp][] = [
    ["without a database", { SQL_URI: undefined }, /gateway\.sql\.url: is missing: .*SQL_URI/],
    [
      "with a certificate that is not there",
      { LDAP_CERT_PATH: "/nowhere/x.crt", LDAP_KEY_PATH: "/nowhere/x.key" },
      /\/nowhere\/x\.crt/,
    ],
    ["with a URL of another kind", { SQL_URI: "mongodb://host/x" }, /SQL_URI must begin with/],
    ["with a query that has no place for the user", { SQL_QUERY_ONE_USER: "SELECT 1" }, /has no \? where the username/],
  ];
  it.each(started)("%s says so on standard error and ends with 2", (_, changes, sentence) => {
    const { exitCode, stderr } = espalier(["gateway"], { ...sound, METRICS_LISTEN: "off", ...changes }, folder);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(exitCode).toBe(2);
  });

  it.each([1, 2])("because its port is taken says so and ends with 2, with %i processes", async (workers) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    writeFileSync(join(folder, "workers.yaml"), `gateway: {workers: ${workers}}`);
    const environment = { ...sound, METRICS_LISTEN: "off", BIND_IP: "127.0.0.1", PORT: String(port) };
    const { exitCode, stderr } = espalier(["gateway", "-c", "workers.yaml"], environment, folder);
    other.close();
    expect(stderr).toContain(`Something else listens on 127.0.0.1:${port} already`);
    expect(exitCode).toBe(2);
  });

  it("never shows the database's password", () => {
    const { stdout, stderr } = espalier(
      ["config", "test"],
      { ...sound, SQL_URI: "postgres://u:hunter2@127.0.0.1:1/x" },
      folder,
    );
    expect(stdout).toContain("error    Database:");
    expect(stdout + stderr).not.toContain("hunter2");
  });

  it("with a command that is none ends with 2", () => {
    expect(espalier(["serve"], {}, folder).exitCode).toBe(2);
    expect(espalier(["--version"], {}, folder)).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
