/**
 * The wrong answers of the gateway that this one replaces, as they were seen in its runs, each with the right one: binds
 * that let anybody in, searches that returned more or other entries than were asked for, and an outage that looked like
 * an empty directory.
 */
import { decodePagedResults, pagedResultsControl, parseFilter, type SearchRequest } from "@espalier/ldap";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  documentQueries,
  fillPostgres,
  type Gateway,
  ldapsearch,
  type Population,
  type Postgres,
  person,
  requirePrograms,
  runCommand,
  runEspalier,
  startGateway,
  startPostgres,
  temporaryDirectory,
  until,
  Wire,
} from "./lab/index.ts";

const describe = requirePrograms({ postgres: "postgresql-15", ldapsearch: "ldap-utils" });

const baseDn = "dc=example,dc=com";

const population: Population = {
  users: ["ann", "abe", "zoe", "bea"].map((name, index) =>
    person(name, 2001 + index, {
      gidNumber: 3001,
      lastName: "Smith",
      fullName: `${name} Smith`,
      mail: `${name}@example.org`,
    }),
  ),
  groups: [
    { name: "staff", gidNumber: 3001, members: ["ann", "abe"] },
    { name: "allowedusers", gidNumber: 3002, members: [] },
  ],
};

const user = (name: string) => `uid=${name},${baseDn}`;
const group = (name: string) => `cn=${name},${baseDn}`;

let environment: Record<string, string>;
let gateway: Gateway;
const servers = new AsyncDisposableStack();
afterAll(() => servers.disposeAsync());

/** Starts what the tests of this file share: the first describe that needs it waits for it. */
async function startServers(): Promise<void> {
  if (gateway !== undefined) return;
  const postgres = servers.use(await startPostgres());
  const directory = servers.use(await temporaryDirectory("certificates"));
  const certificate = await (await createCertificateAuthority(directory.path)).issue("server", ["localhost"]);
  environment = {
    ...(await fillPostgres(postgres, population)),
    LDAP_BASE_DN: baseDn,
    LDAP_CERT_PATH: certificate.certificate,
    LDAP_KEY_PATH: certificate.privateKey,
  };
  gateway = servers.use(await startGateway({ environment }));
}

/** The DNs that a search finds, sorted, and its result code. */
async function find(filter: string, more: { base?: string; scope?: "base" | "one" | "sub"; options?: string[] } = {}) {
  const { base = baseDn, ...rest } = more;
  const { resultCode, entries } = await ldapsearch(gateway.url, { base, filter, attributes: ["1.1"], ...rest });
  return { resultCode, dns: entries.map((entry) => entry.dn).sort() };
}

const found = (...dns: string[]) => ({ resultCode: 0, dns: dns.sort() });
const everybody = [user("ann"), user("abe"), user("zoe"), user("bea")];
const groups = [group("staff"), group("allowedusers")];

describe("a bind", () => {
  beforeAll(startServers);

  const bind = async (name: string, password: string): Promise<number> => {
    using wire = await Wire.connect(gateway.url);
    return await wire.bind(name, password);
  };

  it("of a DN outside of the base is refused, whatever the password", async () => {
    expect(await bind("cn=root,dc=evil", "anything")).toBe(49);
    expect(await bind("uid=ann,dc=evil,dc=com", "pw-ann")).toBe(49);
    expect(await bind("dc=com", "anything")).toBe(49);
  });

  it("compares DNs as RFC 4517 does, and still wants the password", async () => {
    expect(await bind("uid=ann,dc=EXAMPLE,dc=com", "pw-ann")).toBe(0);
    expect(await bind("UID = Ann , DC=Example,DC=Com", "pw-ann")).toBe(0);
    expect(await bind("uid=ann,dc=EXAMPLE,dc=com", "wrong")).toBe(49);
  });

  it("with a password and no name is refused", async () => {
    expect(await bind("", "anything")).toBe(49);
  });

  it("with a name and no password is refused", async () => {
    expect(await bind(user("ann"), "")).toBe(53);
  });

  it("that failed does not let the connection search where searches need one", async () => {
    await using strict = await startGateway({ environment: { ...environment, REQUIRE_AUTH_FOR_SEARCH: "true" } });
    using wire = await Wire.connect(strict.url);
    const search = async () => {
      const { done, entries } = await wire.search(searchFor("(objectClass=*)"));
      return { resultCode: done.resultCode, entries: entries.length };
    };
    expect(await search()).toEqual({ resultCode: 50, entries: 0 });
    expect(await wire.bind("cn=root,dc=evil", "anything")).toBe(49);
    expect(await search()).toEqual({ resultCode: 50, entries: 0 });
    expect(await wire.bind(user("ann"), "pw-ann")).toBe(0);
    expect(await search()).toEqual({ resultCode: 0, entries: 1 + everybody.length + groups.length });
    expect(await wire.bind(user("ann"), "wrong")).toBe(49);
    expect(await search()).toEqual({ resultCode: 50, entries: 0 });
  });
});

describe("a search finds what its filter says:", () => {
  beforeAll(startServers);

  it.each([
    ["(!(uid=ann))", [baseDn, ...everybody, ...groups].filter((dn) => dn !== user("ann"))],
    ["(&(objectClass=posixAccount)(!(uid=ann)))", [user("abe"), user("zoe"), user("bea")]],
    ["(|(uid=ann)(uid=abe))", [user("ann"), user("abe")]],
    ["(uid=a*)", [user("ann"), user("abe")]],
    ["(uid=*e*)", [user("abe"), user("zoe"), user("bea")]],
    ["(uid=ANN)", [user("ann")]],
    ["(memberUid=*)", [group("staff")]],
    ["(memberUid=ann)", [group("staff")]],
    ["(objectClass=posixGroup)", groups],
    ["(objectClass=groupOfNames)", groups],
    ["(&(objectClass=posixGroup)(cn=STAFF))", [group("staff")]],
    ["(cn=*)", [...everybody, ...groups]],
    ["(cn=ann smith)", [user("ann")]],
    ["(mail=ann@example.org)", [user("ann")]],
    ["(&(objectClass=person)(mail=ann@example.org))", [user("ann")]],
    ["(uidNumber=2003)", [user("zoe")]],
    ["(uidNumber>=2003)", [user("zoe"), user("bea")]],
    ["(gidNumber=3001)", [...everybody, group("staff")]],
    [`(member=uid=abe,dc=EXAMPLE,dc=com)`, [group("staff")]],
    [`(memberOf=${group("staff")})`, [user("ann"), user("abe")]],
    [`(memberOf=${group("allowedusers")})`, []],
    ["(objectClass=dcObject)", [baseDn]],
    ["(frobnicate=1)", []],
    ["(!(frobnicate=1))", []],
    ["(uid=ann\\29\\28uid=\\2a)", []],
  ])("%s", async (filter, dns) => {
    expect(await find(filter)).toEqual(found(...dns));
  });
});

describe("a search stays within its base and scope:", () => {
  beforeAll(startServers);

  it("the base object of an entry is that entry, if the filter matches it", async () => {
    expect(await find("(objectClass=*)", { base: user("ann"), scope: "base" })).toEqual(found(user("ann")));
    expect(await find("(uid=abe)", { base: user("ann"), scope: "base" })).toEqual(found());
  });

  it("an access filter on a group that nobody is in lets nobody in", async () => {
    const filter = `(&(uid=ann)(objectclass=posixAccount)(memberOf=${group("allowedusers")}))`;
    expect(await find(filter, { base: user("ann"), scope: "base" })).toEqual(found());
  });

  it("a base that is not there is said to be missing", async () => {
    const missing = { resultCode: 32, dns: [] };
    expect(await find("(objectClass=*)", { base: user("nosuch"), scope: "base" })).toEqual(missing);
    expect(await find("(objectClass=*)", { base: "dc=elsewhere,dc=com" })).toEqual(missing);
    expect(await find("(objectClass=*)", { base: "dc=elsewhere,dc=com", scope: "base" })).toEqual(missing);
  });

  it("one level below the base is without the base", async () => {
    expect(await find("(objectClass=*)", { scope: "one" })).toEqual(found(...everybody, ...groups));
  });

  it("the subschema entry is itself", async () => {
    const { entries } = await ldapsearch(gateway.url, {
      base: "cn=Subschema",
      scope: "base",
      filter: "(objectClass=subschema)",
      attributes: ["objectClasses"],
    });
    expect(entries.map((entry) => entry.dn)).toEqual(["cn=Subschema"]);
    expect(entries[0]?.attributes.objectClasses?.join("\n")).toMatch(/NAME 'posixAccount'/);
  });
});

describe("a search returns what was selected:", () => {
  beforeAll(startServers);

  const types = async (...selection: string[]) => {
    const { entries } = await ldapsearch(gateway.url, { base: user("ann"), scope: "base", attributes: selection });
    return Object.keys(entries[0]?.attributes ?? {}).sort();
  };

  it("nothing for 1.1, and just what is named otherwise", async () => {
    expect(await types("1.1")).toEqual([]);
    expect(await types("mail")).toEqual(["mail"]);
    expect(await types("uid", "MEMBEROF", "nothing")).toEqual(["memberOf", "uid"]);
  });

  it("whatever another client has selected in odd words before", async () => {
    expect(await types("givenName sn", "cn")).toEqual(["cn"]);
    expect(await types("givenName", "sn", "cn")).toEqual(["cn", "sn"]);
  });

  it("never the password", async () => {
    expect(await types("userPassword")).toEqual([]);
    expect(await types("*", "+")).not.toContain("userPassword");
    expect(await find("(userPassword=*)")).toEqual(found());
  });

  it("types without values where only types are wanted", async () => {
    const { entries } = await ldapsearch(gateway.url, {
      base: user("ann"),
      scope: "base",
      attributes: ["uid", "mail"],
      options: ["-A"],
    });
    expect(entries[0]?.attributes).toEqual({ uid: [""], mail: [""] });
  });
});

describe("limits and controls count:", () => {
  beforeAll(startServers);

  it("a size limit ends the search with its result code", async () => {
    const { resultCode, dns } = await find("(objectClass=posixAccount)", { options: ["-z", "2"] });
    expect({ resultCode, count: dns.length }).toEqual({ resultCode: 4, count: 2 });
  });

  it("a critical control that is not known is refused, one that is not critical is passed over", async () => {
    expect(await find("(uid=ann)", { options: ["-e", "!1.2.3.4.5.6"] })).toEqual({ resultCode: 12, dns: [] });
    expect(await find("(uid=ann)", { options: ["-e", "1.2.3.4.5.6"] })).toEqual(found(user("ann")));
  });

  it("pages have the size that was asked for, and a cookie until the last", async () => {
    using wire = await Wire.connect(gateway.url);
    const pages: number[] = [];
    const dns: string[] = [];
    let cookie = new Uint8Array();
    do {
      const control = pagedResultsControl({ size: 3, cookie }, true);
      const { entries, controls } = await wire.search(searchFor("(objectClass=*)"), [control]);
      pages.push(entries.length);
      dns.push(...entries.map((entry) => entry.objectName));
      const [answer] = controls;
      expect(answer).toBeDefined();
      cookie = Uint8Array.from(answer === undefined ? [] : decodePagedResults(answer).cookie);
    } while (cookie.length > 0);
    expect({ pages, dns: dns.sort() }).toEqual({ pages: [3, 3, 1], dns: [baseDn, ...everybody, ...groups].sort() });
  });
});

describe("operations that were refused or missing work:", () => {
  beforeAll(startServers);

  it("compare", async () => {
    const compare = async (assertion: string) =>
      (await runCommand("ldapcompare", ["-x", "-H", gateway.url, user("ann"), assertion])).exitCode;
    expect([await compare("uid:ANN"), await compare("uid:abe")]).toEqual([6, 5]);
  });

  it("Who am I?", async () => {
    const whoAmI = async (...login: string[]) =>
      (await runCommand("ldapwhoami", ["-x", "-H", gateway.url, ...login])).stdout;
    expect(await whoAmI()).toBe("anonymous\n");
    expect(await whoAmI("-D", user("ann"), "-w", "pw-ann")).toBe(`dn:${user("ann")}\n`);
  });

  it("StartTLS", async () => {
    const tls = { LDAPTLS_REQCERT: "never" };
    const { exitCode } = await runCommand("ldapwhoami", ["-x", "-ZZ", "-H", gateway.url], { environment: tls });
    expect(exitCode).toBe(0);
  });
});

describe("rows and settings that are wrong", () => {
  beforeAll(startServers);

  it("a row without a number is left out, and the others are served", async () => {
    await using own = await startPostgres();
    const sql = await fillPostgres(own, population);
    await own.psql(`ALTER TABLE "Users" DROP CONSTRAINT "Users_pkey"; ALTER TABLE "Users" ALTER "uidNumber" DROP NOT NULL;
      UPDATE "Users" SET "uidNumber" = NULL WHERE "uid" = 'zoe'`);
    await using served = await startGateway({ environment: { ...sql, LDAP_BASE_DN: baseDn } });
    const { entries } = await ldapsearch(served.url, { base: baseDn, filter: "(objectClass=posixAccount)" });
    expect(entries.map((entry) => entry.dn).sort()).toEqual([user("abe"), user("ann"), user("bea")]);
  });

  it.each([
    ["LDAP_BASE_DN", { SQL_URI: "sqlite:none" }],
    ["SQL_URI", { LDAP_BASE_DN: baseDn }],
  ])("a missing %s stops the start with exit code 2 and a sentence that names it", async (name, present) => {
    await using directory = await temporaryDirectory("configuration");
    const settings = { DIRECTORY_BACKEND: "sql", AUTH_BACKENDS: "sql", ...documentQueries("sqlite"), ...present };
    const start = runEspalier(["gateway"], settings, directory);
    expect({ exit: await start.exited(), isNamed: start.log.includes(name) }).toEqual({ exit: 2, isNamed: true });
  });
});

describe("while the database is away", () => {
  const cleanup = new AsyncDisposableStack();
  let database: Postgres;
  let served: Gateway;
  beforeAll(async () => {
    database = cleanup.use(await startPostgres());
    const sql = await fillPostgres(database, population);
    served = cleanup.use(await startGateway({ environment: { ...sql, LDAP_BASE_DN: baseDn } }));
    await database.stop();
  });
  afterAll(() => cleanup.disposeAsync());

  it("searches answer from the last snapshot, and nobody is missing", async () => {
    const { resultCode, entries } = await ldapsearch(served.url, {
      base: baseDn,
      filter: "(objectClass=posixAccount)",
    });
    expect({ resultCode, count: entries.length }).toEqual({ resultCode: 0, count: everybody.length });
  });

  it("a bind loses its connection, so that the client asks the other gateway, and is not called a wrong password", async () => {
    using wire = await Wire.connect(served.url);
    await expect(wire.bind(user("ann"), "pw-ann")).rejects.toThrow(/closed the connection/);
  });

  it("health says degraded, and ready as it still serves", async () => {
    await until("health to notice", async () => JSON.stringify(await served.health()).includes("degraded"));
    expect((await fetch(`${served.metricsUrl}/readyz`)).status).toBe(200);
  });

  it("and back again, a bind works at once", async () => {
    await database.start();
    using wire = await Wire.connect(served.url);
    expect(await wire.bind(user("ann"), "pw-ann")).toBe(0);
  });
});

function searchFor(filter: string): SearchRequest {
  return {
    type: "searchRequest",
    baseObject: baseDn,
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: parseFilter(filter),
    attributes: [],
  };
}
