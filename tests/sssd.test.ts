/**
 * SSSD, as the management software's images configure it, logs people in from PostgreSQL through two gateways, and goes
 * on doing so when one of them or the database is lost.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  fillPostgres,
  type Gateway,
  type Population,
  type Postgres,
  person,
  requirePrograms,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startGateway,
  startPostgres,
  startSssd,
  until,
} from "./lab/index.ts";

const describe = requirePrograms({ postgres: "postgresql-15", ...sssdPrograms }, { root: true });

/** Loopback addresses in the place of the two containers' own. */
const hosts = { ldap1: "127.0.0.11", ldap2: "127.0.0.12" };

/** The domain of the images' sssd.conf: no search base, no bind DN. */
const documentSettings = {
  id_provider: "ldap",
  auth_provider: "ldap",
  ldap_uri: "ldaps://ldap1, ldaps://ldap2",
  ldap_tls_reqcert: "allow",
  ldap_opt_timeout: "60",
};

const population: Population = {
  users: [
    person("ann", 2001, { fullName: "Ann Smith", gidNumber: 3001 }),
    person("bob", 2002, { fullName: "Bob Müller", gidNumber: 3001 }),
    person("carl", 2003, { status: "suspended" }),
    person("dora", 2004),
    ...Array.from({ length: 40 }, (_, index) => person(`user${index}`, 4000 + index)),
  ],
  groups: [
    { name: "staff", gidNumber: 3001, members: ["ann", "bob", "carl"] },
    { name: "allowedusers", gidNumber: 3002, members: ["ann", "carl"] },
    { name: "nobody-yet", gidNumber: 3003, members: [] },
    { name: "many", gidNumber: 3004, members: Array.from({ length: 40 }, (_, index) => `user${index}`) },
  ],
};

interface Site {
  readonly postgres: Postgres;
  readonly ldap1: Gateway;
  readonly ldap2: Gateway;
  readonly sssd: Sssd;
}

/** The document's site: PostgreSQL, two gateways with certificates of their own making, and a machine with SSSD. */
async function startSite(
  cleanup: AsyncDisposableStack,
  { settings = {}, status = false }: { settings?: Record<string, string>; status?: boolean },
): Promise<Site> {
  const postgres = cleanup.use(await startPostgres());
  const sql = await fillPostgres(postgres, population, { status });
  const start = async (name: keyof typeof hosts) =>
    cleanup.use(
      await startGateway({
        address: hosts[name],
        port: 636,
        environment: { ...sql, LDAP_COMMON_NAME: name, LDAP_UNENCRYPTED: "false" },
      }),
    );
  const [ldap1, ldap2] = await Promise.all([start("ldap1"), start("ldap2")]);
  const sssd = cleanup.use(await startSssd({ hosts, settings: { ...documentSettings, ...settings } }));
  await until("SSSD to find a user", () => sssd.passwd("ann"), { timeoutMs: 20_000 });
  return { postgres, ldap1, ldap2, sssd };
}

describe("SSSD with the document's configuration and its four queries", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  beforeAll(async () => {
    site = await startSite(cleanup, {});
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it("finds a user by name and by number", async () => {
    const line = "ann:*:2001:3001:Ann Smith:/home/ann:/bin/bash";
    expect([await site.sssd.passwd("ann"), await site.sssd.passwd("2001")]).toEqual([line, line]);
  });

  it("finds a group, with its members, by name and by number", async () => {
    const line = "staff:*:3001:ann,bob,carl";
    expect([await site.sssd.group("staff"), await site.sssd.group("3001")]).toEqual([line, line]);
    expect(await site.sssd.group("nobody-yet")).toBe("nobody-yet:*:3003:");
  });

  it("finds a user's groups, and a group of their own where the primary number is no group's", async () => {
    expect(await site.sssd.id("ann")).toBe("uid=2001(ann) gid=3001(staff) groups=3001(staff),3002(allowedusers)");
    expect(await site.sssd.id("dora")).toBe("uid=2004(dora) gid=2004(dora) groups=2004(dora)");
  });

  it("finds nobody who is not there, and takes the characters of filters as text", async () => {
    expect(await site.sssd.passwd("nobody-such-user")).toBeUndefined();
    expect(await site.sssd.passwd("ann)(uid=*")).toBeUndefined();
    expect(await site.sssd.passwd("an*")).toBeUndefined();
  });

  it("logs a user in with the password, and with nothing else", async () => {
    expect(await site.sssd.login("ann", "pw-ann")).toBe("granted");
    expect(await site.sssd.login("ann", "pw-bob")).toBe("rejected");
    expect(await site.sssd.login("ann", "")).toBe("rejected");
    expect(await site.sssd.login("nobody-such-user", "pw-ann")).toBe("rejected");
  });

  it("finds a user who was made a moment ago", async () => {
    await site.postgres.psql(
      `INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "userPassword", "status")
       SELECT 2005, 'eve', 3001, "userPassword", 'active' FROM "Users" WHERE "uid" = 'ann'`,
    );
    expect(await site.sssd.passwd("eve")).toBe("eve:*:2005:3001:eve:/home/eve:/bin/bash");
    expect(await site.sssd.login("eve", "pw-ann")).toBe("granted");
  });

  it("logs in at the first attempt after a gateway was killed", async () => {
    await site.ldap1.process.kill();
    expect(await site.sssd.login("bob", "pw-bob")).toBe("granted");
    expect(await site.sssd.login("bob", "pw-ann")).toBe("rejected");
    expect(await site.sssd.groupsOf("bob")).toEqual(["staff"]);
  });

  it("forgets nobody while PostgreSQL is down", async () => {
    await site.postgres.stop();
    await site.sssd.expireCache();
    expect(await site.sssd.id("ann")).toBe("uid=2001(ann) gid=3001(staff) groups=3001(staff),3002(allowedusers)");
    const names = population.users.map((user) => user.username);
    const found = await Promise.all(names.map(async (name) => [name, (await site.sssd.passwd(name)) !== undefined]));
    expect(found).toEqual(names.map((name) => [name, true]));
    expect(await site.sssd.login("ann", "wrong")).toBe("rejected");
  });
});

describe("SSSD with an access filter, over queries that read the users' status", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  beforeAll(async () => {
    const settings = {
      access_provider: "ldap",
      ldap_access_order: "filter",
      ldap_access_filter: "(memberOf=cn=allowedusers,dc=example,dc=com)",
    };
    site = await startSite(cleanup, { settings, status: true });
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it("lets a member of the group in and refuses everybody else, whose password is right", async () => {
    expect(await site.sssd.login("ann", "pw-ann")).toBe("granted");
    expect(await site.sssd.login("bob", "pw-bob")).toBe("refused");
    expect(await site.sssd.login("user7", "pw-user7")).toBe("refused");
  });

  it("does not know a suspended user, in the group or not", async () => {
    expect(await site.sssd.passwd("carl")).toBeUndefined();
    expect(await site.sssd.login("carl", "pw-carl")).toBe("rejected");
    expect(await site.sssd.group("allowedusers")).toBe("allowedusers:*:3002:ann");
  });

  it("refuses a user from the moment of the suspension on", async () => {
    expect(await site.sssd.login("user3", "pw-user3")).toBe("refused");
    await site.postgres.psql(`UPDATE "Users" SET "status" = 'suspended' WHERE "uid" = 'user3'`);
    expect(await site.sssd.login("user3", "pw-user3")).toBe("rejected");
  });
});
