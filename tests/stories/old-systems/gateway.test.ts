/**
 * The LDAP gateway of mieweb/LDAPServer: its variables start Espalier as they are, over a PostgreSQL with the tables of the software that
 * writes them. Other than in the files are the database's address and, for the machine's sake, `BIND_IP` and `PORT`.
 */
import { argon2Sync, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ChildServer,
  documentTables,
  freePort,
  ldapsearch,
  type Postgres,
  person,
  populationInserts,
  requirePrograms,
  runCommand,
  ServiceReports,
  startPostgres,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { typedLines } from "../document-lines.ts";
import { Stopwatch } from "../stopwatch.ts";
import { environmentFile, espalier, shell, startEspalier } from "./old-files.ts";

const describe = requirePrograms({ initdb: "postgresql-15", ldapsearch: "ldap-utils", ldapwhoami: "ldap-utils" });

const base = "dc=cluster,dc=example";
const databaseUrl = "postgres://manager:Xk4tLw82@db.cluster.example:5432/manager";
const people = {
  users: [
    person("ann", 2001, {
      gidNumber: 5000,
      firstName: "Ann",
      lastName: "Bell",
      fullName: "Ann Bell",
      mail: "ann@example.org",
    }),
    person("bob", 2002, { gidNumber: 5000 }),
  ],
  groups: [
    { name: "staff", gidNumber: 5000, members: ["ann", "bob"] },
    { name: "guests", gidNumber: 5001, members: [] },
  ],
};

/** As npm's argon2 stores it when nothing is said. */
function argon2id(password: string): string {
  const nonce = randomBytes(16);
  const hash = argon2Sync("argon2id", {
    message: password,
    nonce,
    parallelism: 4,
    tagLength: 32,
    memory: 65_536,
    passes: 3,
  });
  const text = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=65536,t=3,p=4$${text(nonce)}$${text(hash)}`;
}

interface RunningGateway {
  readonly url: string;
  readonly process: ChildServer;
  readonly place: TemporaryDirectory;
  readonly certificate: string;
  readonly reports: ServiceReports;
}

describe("the gateway's old variables", () => {
  const stopwatch = new Stopwatch("From mieweb/LDAPServer");
  const resources = new AsyncDisposableStack();
  let postgres: Postgres;
  let gateway: RunningGateway;

  async function startGateway(environment: Record<string, string>): Promise<RunningGateway> {
    const [port, metrics] = [await freePort(), await freePort()];
    const place = resources.use(await temporaryDirectory("old-gateway"));
    const here = { BIND_IP: "127.0.0.1", PORT: String(port), METRICS_LISTEN: `127.0.0.1:${metrics}` };
    const process = resources.use(startEspalier(["gateway"], { ...environment, ...here }, place));
    const reports = new ServiceReports(`http://127.0.0.1:${metrics}`);
    await process.ready(() => reports.isReady(), 60_000);
    const certificate = place.file("cert/self-signed/server.crt");
    return { url: `ldaps://localhost:${port}`, process, place, certificate, reports };
  }
  const variables = () => environmentFile("gateway/ldap-gateway.env", { [databaseUrl]: postgres.url });
  const search = (filter: string, attributes: string[] = [], under = base) =>
    ldapsearch(gateway.url, { base: under, filter, attributes, authority: gateway.certificate });
  const names = async (filter: string) => (await search(filter, ["1.1"])).entries.map(({ dn }) => dn).sort();
  /** ldapwhoami's exit code, which is the result code; what it says. */
  const bind = async (name: string, password: string, of = gateway) => {
    const { exitCode, stdout, stderr } = await runCommand(
      "ldapwhoami",
      ["-x", "-H", of.url, "-D", name, "-w", password],
      {
        environment: { LDAPTLS_CACERT: of.certificate, LDAPTLS_REQCERT: "demand" },
      },
    );
    return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.split("\n")[0]}`;
  };

  beforeAll(async () => {
    postgres = resources.use(await startPostgres());
    const statements = [...documentTables("postgres"), ...populationInserts(people, "postgres")];
    await postgres.psql(`${statements.join(";\n")};
      UPDATE "Users" SET "userPassword" = '${argon2id("Ann's password")}' WHERE "uid" = 'ann'`);
    gateway = await stopwatch.time("the gateway starts", () => startGateway(variables()));
  });
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  /** What a line of the file is for, what is asked, and the answer. */
  const lines: readonly (readonly [line: string, does: string, ask: () => Promise<unknown>, answer: unknown])[] = [
    [
      "LDAP_COMMON_NAME=ldap1",
      "is in the certificate that it makes",
      async () => new X509Certificate(readFileSync(gateway.certificate)).checkHost("ldap1"),
      "ldap1",
    ],
    [
      "LDAP_BASE_DN",
      "is what it serves",
      async () =>
        (
          await ldapsearch(gateway.url, {
            base: "",
            scope: "base",
            attributes: ["namingContexts"],
            authority: gateway.certificate,
          })
        ).entries,
      [{ dn: "", attributes: { namingContexts: [base] } }],
    ],
    [
      "SQL_QUERY_ALL_USERS, REQUIRE_AUTH_FOR_SEARCH=false",
      "a user is an entry that anybody may read",
      async () => (await search("(uid=ann)")).entries,
      [
        {
          dn: `uid=ann,${base}`,
          attributes: {
            objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"],
            uid: ["ann"],
            cn: ["Ann Bell"],
            sn: ["Bell"],
            givenName: ["Ann"],
            uidNumber: ["2001"],
            gidNumber: ["5000"],
            homeDirectory: ["/home/ann"],
            loginShell: ["/bin/bash"],
            gecos: ["Ann Bell"],
            mail: ["ann@example.org"],
          },
        },
      ],
    ],
    [
      "SQL_QUERY_ALL_GROUPS, SQL_QUERY_GROUPS_BY_MEMBER",
      "a group has its members, also for Proxmox, which wants their DNs",
      async () => (await search("(cn=staff)")).entries,
      [
        {
          dn: `cn=staff,${base}`,
          attributes: {
            objectClass: ["top", "groupOfNames", "posixGroup"],
            cn: ["staff"],
            gidNumber: ["5000"],
            memberUid: ["ann", "bob"],
            member: [`uid=ann,${base}`, `uid=bob,${base}`],
          },
        },
      ],
    ],
    [
      "SQL_QUERY_ONE_USER",
      "finds somebody who was added a moment ago",
      async () => {
        await postgres.psql(
          `INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "status") VALUES (2003, 'cleo', 5001, 'active')`,
        );
        return names("(uid=cleo)");
      },
      [`uid=cleo,${base}`],
    ],
    [
      "AUTH_BACKENDS=sql",
      "who has the password logs in, by the hash that the management software stores",
      () => bind(`uid=ann,${base}`, "Ann's password"),
      `dn:uid=ann,${base}`,
    ],
    [
      "AUTH_BACKENDS=sql",
      "and nobody else",
      () => bind(`uid=ann,${base}`, "another"),
      "49: ldap_bind: Invalid credentials (49)",
    ],
  ];
  it.each(lines)("%s: %s", async (_line, _does, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  /** What it used to answer, and what is asked. */
  const mended: readonly (readonly [before: string, ask: () => Promise<unknown>, answer: unknown])[] = [
    [
      "a name outside the base bound with any password",
      () => bind("cn=root,dc=evil", "junk"),
      "49: ldap_bind: Invalid credentials (49)",
    ],
    [
      "the base in capitals bound with any password",
      () => bind("uid=ann,dc=CLUSTER,dc=example", "junk"),
      "49: ldap_bind: Invalid credentials (49)",
    ],
    [
      "a filter by mail found everybody",
      () => names("(&(objectClass=person)(mail=ann@example.org))"),
      [`uid=ann,${base}`],
    ],
    [
      "the opposite of a filter found the same",
      () => names("(&(objectClass=posixAccount)(!(uid=ann)))"),
      [`uid=bob,${base}`, `uid=cleo,${base}`],
    ],
    [
      "a base that is not there had entries",
      async () => (await search("(uid=*)", [], `ou=nowhere,${base}`)).resultCode,
      32,
    ],
  ];
  it.each([
    [
      "a space after the comma of AUTH_BACKENDS made it crash",
      { AUTH_BACKENDS: "sql, notification", NOTIFICATION_URL: "https://push.cluster.example/send-notification" },
      { exitCode: 0, stderr: "" },
    ],
    [
      "a setting that is missing ended it with 0, as if all were well",
      { SQL_QUERY_ONE_USER: undefined },
      {
        exitCode: 2,
        stderr:
          "The configuration cannot be used:\n  gateway.sql.queries.oneUser: is missing: set it with the variable SQL_QUERY_ONE_USER or gateway.sql.queries.oneUser in espalier.yaml\n",
      },
    ],
    [
      "REALM_CONFIG took over without a word",
      { REALM_CONFIG: "[]" },
      { exitCode: 2, stderr: expect.stringMatching(/REALM_CONFIG.*not served in this version/) },
    ],
  ])("no longer: %s", async (_before, changes, ended) => {
    const settings = Object.entries({ ...variables(), ...changes, METRICS_LISTEN: "off" });
    const environment = Object.fromEntries(
      settings.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    expect(await espalier(["config", "test"], environment, gateway.place)).toMatchObject(ended);
  });

  it.each(mended)("no longer: %s", async (_before, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  it("the page's first step says that it can serve", async () => {
    const file = gateway.place.file("gateway.env");
    const quoted = Object.entries(variables()).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(file, quoted.join(""));
    const [first = []] = typedLines("replacing/ldapserver.md", "Step by step");
    const lines = first.map((line) => line.replace("/etc/espalier/gateway.env", file));
    expect(await shell(lines, {}, gateway.place)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/\nThe gateway can serve with this configuration\.\n$/),
    });
  });

  it("a login is approved on a phone (AUTH_BACKENDS=sql,notification, NOTIFICATION_URL), and asked for once the password is right", async () => {
    const asked: unknown[] = [];
    const actions = ["approve", "reject"];
    const phone = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked.push(JSON.parse(Buffer.concat(chunks).toString()));
      response
        .setHeader("Content-Type", "application/json")
        .end(JSON.stringify({ success: true, action: actions.shift() }));
    });
    resources.defer(() => void phone.close());
    phone.listen(0, "127.0.0.1");
    await once(phone, "listening");
    const url = `http://127.0.0.1:${(phone.address() as AddressInfo).port}/send-notification`;
    const push = environmentFile("gateway/push.env", { "https://push.cluster.example/send-notification": url });
    const approved = await stopwatch.time("a second one starts, which asks a phone", () =>
      startGateway({ ...variables(), ...push }),
    );
    const ann = `uid=ann,${base}`;
    expect(await bind(ann, "wrong", approved)).toBe("49: ldap_bind: Invalid credentials (49)");
    expect(asked).toEqual([]);
    expect(await bind(ann, "Ann's password", approved)).toBe(`dn:${ann}`);
    expect(await bind(ann, "Ann's password", approved)).toBe("49: ldap_bind: Invalid credentials (49)");
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({
      username: "ann",
      title: expect.any(String),
      body: expect.any(String),
      actions: [
        { icon: "approve", title: "Approve", callback: "approve" },
        { icon: "reject", title: "Reject", callback: "reject" },
      ],
    });
    await approved.process.terminate();
  });

  it("no longer: while the database is away nobody is there, and no password is right", async () => {
    const before = await search("(objectClass=*)");
    await stopwatch.time("the database is away", async () => {
      await postgres.stop();
      await until(
        "the gateway notices",
        async () => ((await gateway.reports.health()) as { status: string }).status === "degraded",
      );
      expect(await search("(objectClass=*)")).toEqual(before);
      expect(await bind(`uid=ann,${base}`, "Ann's password")).toMatch(/Can't contact LDAP server \(-1\)$/);
      await postgres.start();
    });
    await until("logins go on", async () => (await bind(`uid=ann,${base}`, "Ann's password")) === `dn:uid=ann,${base}`);
  });
});
