/** The paths of the system before, against a real slapd: what each gave, as it should have been. */
import {
  clustersConfig,
  createHealth,
  createLog,
  createMetrics,
  openEventStore,
  storeSection,
} from "@espalier/service";
import { ldapsearch, ManagerClient, requirePrograms, startSlapd, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { managerSection } from "../../src/config.ts";
import { ManagerService } from "../../src/service.ts";
import { managerStoreMigrations } from "../../src/store-migrations.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const base = "dc=example,dc=com";
const people = `ou=people,${base}`;
const numbers = Array.from({ length: 25 }, (_, n) => n);
const ldif = [
  `dn: ${base}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example`,
  `dn: ${people}\nobjectClass: organizationalUnit\nou: people`,
  ...numbers.map((n) =>
    [
      `dn: uid=u${n},${people}`,
      ...["objectClass: inetOrgPerson", "objectClass: posixAccount"],
      `uid: u${n}`,
      `cn: Person ${n}`,
      `cn: Second ${n}`,
      ...["sn: Person", `mail: u${n}@example.com`, `mail: u${n}@example.org`, "gidNumber: 100"],
      ...[`uidNumber: ${3_000 + n}`, `homeDirectory: /home/u${n}`, `userPassword: secret of u${n}`],
    ].join("\n"),
  ),
  `dn: cn=staff,${base}\nobjectClass: groupOfNames\ncn: staff\ndescription: Everybody\nmember: uid=u0,${people}`,
  `dn: cn=posix,${base}\nobjectClass: posixGroup\nobjectClass: groupOfNames\ncn: posix\ngidNumber: 7\nmemberUid: u0`,
  "",
].join("\n\n");

describe("the old paths", () => {
  const resources = new AsyncDisposableStack();
  let url: string;
  let root: ManagerClient;
  let stranger: ManagerClient;
  let slapd: Awaited<ReturnType<typeof startSlapd>>;
  const cluster = "production";

  beforeAll(async () => {
    slapd = resources.use(await startSlapd({ ldif }));
    const directory = resources.use(await temporaryDirectory("legacy"));
    const log = createLog({ level: "fatal" });
    const metrics = createMetrics();
    const store = await openEventStore({
      config: storeSection.schema.parse({ url: `sqlite:${directory.file("store.db")}` }),
      ...{ migrations: managerStoreMigrations, logger: log.logger("store"), metrics },
    });
    const health = createHealth({ version: "1.2.3" });
    const service = new ManagerService({
      config: managerSection.schema.parse({ listen: "127.0.0.1:0", keyFile: directory.file("key") }),
      clusters: clustersConfig.parse([
        { name: cluster, host: "127.0.0.1", port: slapd.port, bind_dn: slapd.rootDn, description: "Ours" },
        { name: "frozen", host: "127.0.0.1", port: slapd.port, bind_dn: slapd.rootDn, base_dn: base, readonly: true },
      ]),
      ...{ openStore: async () => store, log: log.logger("manager"), health, metrics, version: "1.2.3" },
    });
    await service.start(new AbortController().signal);
    resources.defer(async () => {
      await service.drain(AbortSignal.timeout(5_000));
      await store.close();
    });
    url = `http://127.0.0.1:${service.address?.port}`;
    stranger = new ManagerClient(url, {});
    root = await connectTo(cluster);
  });
  afterAll(() => resources.disposeAsync());

  /** As the old page did: the cluster's name and the password of its `bind_dn`. */
  async function connectTo(name: string): Promise<ManagerClient> {
    const answer = await stranger.ask<Record<string, string>>("POST /api/connection/connect", {
      body: { cluster_name: name, bind_password: slapd.rootPassword },
    });
    expect(answer.body).toMatchObject({ status: "success", base_dn: base });
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    return new ManagerClient(url, { cookie, "x-csrf-token": answer.body.csrf_token ?? "" });
  }
  const search = (query: string) =>
    root.get<{ entries: Record<string, unknown>[]; total: number; has_more: boolean; total_is_exact: boolean }>(
      `GET /api/entries/search?cluster=${cluster}&${query}`,
    );
  const update = (dn: string, modifications: object) =>
    root.ask<{ detail?: string }>("PUT /api/entries/update", { body: { cluster_name: cluster, dn, modifications } });

  it("are for nobody who has not signed in, and a wrong password does not connect", async () => {
    for (const path of [
      "GET /api/clusters/list",
      `GET /api/entries/search?cluster=${cluster}`,
      `GET /api/entries/stats?cluster=${cluster}`,
      `GET /api/monitoring/nodes?cluster=${cluster}`,
      `GET /api/password/check/${cluster}`,
    ]) {
      expect(await stranger.ask(path), path).toMatchObject({ status: 401, body: { detail: "Sign in first." } });
    }
    const wrong = await stranger.ask("POST /api/connection/connect", {
      body: { cluster_name: cluster, bind_password: "wrong" },
    });
    expect(wrong).toMatchObject({ status: 401, body: { detail: "This name and password are not accepted." } });
  });

  it("tell of clusters, their forms and their rules", async () => {
    const { clusters } = await root.get<{ clusters: Record<string, unknown>[] }>("GET /api/clusters/list");
    expect(clusters[0]).toEqual({
      ...{ name: cluster, host: "127.0.0.1", port: slapd.port, nodes: null },
      ...{ base_dn: base, bind_dn: slapd.rootDn, readonly: false, description: "Ours" },
    });
    expect(await root.get(`GET /api/clusters/get/${cluster}`)).toEqual(clusters[0]);
    expect(await root.get(`GET /api/clusters/health/${cluster}`)).toEqual({
      status: "healthy",
      message: "The server answers.",
    });
    expect(await root.get(`GET /api/clusters/password-policy/${cluster}`)).toEqual({
      min_length: 0,
      require_confirmation: true,
    });
    expect((await root.ask(`GET /api/clusters/form/${cluster}`)).status).toBe(404);
    expect(await root.get("GET /api/connection/status")).toEqual({ status: "ready" });
  });

  it("refuse with the status that fits: 404 for a cluster that is not there, 403 for one that is read-only", async () => {
    expect((await root.ask("GET /api/entries/stats?cluster=none")).status).toBe(404);
    expect((await root.ask("GET /api/entries/search?cluster=production&page=0")).status).toBe(400);
    const frozen = await connectTo("frozen");
    const refused = await frozen.ask(`DELETE /api/entries/delete?cluster_name=frozen&dn=uid=u1,${people}`);
    expect(refused).toMatchObject({ status: 403, body: { detail: expect.stringContaining("read-only") } });
  });

  it("page through a search with the same total on every page, and show no hashes", async () => {
    const pages = [
      await search("page_size=10&filter_type=users"),
      await search("page_size=10&page=3&filter_type=users"),
    ];
    expect(
      pages.map(({ entries, total, has_more, total_is_exact }) => [entries.length, total, has_more, total_is_exact]),
    ).toEqual([
      [10, 25, true, true],
      [5, 25, false, true],
    ]);
    expect(pages[0]?.entries[0]).toMatchObject({ dn: `uid=u0,${people}`, cn: ["Person 0", "Second 0"] });
    expect(JSON.stringify(pages)).not.toMatch(/userPassword|secret of/i);
    expect((await search("page=9")).entries).toEqual([]);
    expect((await search(`search=${encodeURIComponent("*)(uid=u1")}`)).total).toBe(0);
    expect((await search("search=u24@example.org")).entries.map(({ dn }) => dn)).toEqual([`uid=u24,${people}`]);
    expect(await root.get(`GET /api/entries/stats?cluster=${cluster}`)).toEqual({
      ...{ total: 29, users: 25, groups: 2, ous: 1, other: 1 },
    });
  });

  it("search by a filter in a configured cluster, and connect to no server that a request names", async () => {
    const found = await root.get<{ count: number }>("POST /api/entries/search", {
      body: { cluster_name: cluster, filter: "(uid=u1*)", attributes: ["uid"] },
    });
    expect(found.count).toBe(11);
    for (const key of ["host", "port", "bind_dn", "bind_password"]) {
      const refused = await root.ask("POST /api/entries/search", {
        body: { cluster_name: cluster, filter: "(uid=u1)", [key]: "127.0.0.1" },
      });
      expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining(key) } });
    }
  });

  it("an update sends only what changes, and keeps what it does not name", async () => {
    const dn = `uid=u2,${people}`;
    const entry = async () => (await ldapsearch(slapd.url, { base: dn, scope: "base" })).entries[0]?.attributes;
    const csn = async () =>
      (await ldapsearch(slapd.url, { base: dn, scope: "base", attributes: ["entryCSN"] })).entries[0]?.attributes;
    const [before, csnBefore] = [await entry(), await csn()];
    const same = { cn: ["Second 2", "Person 2"], mail: ["u2@example.org", "u2@example.com"], title: "" };
    expect((await update(dn, same)).status).toBe(200);
    expect(await csn()).toEqual(csnBefore);
    expect((await update(dn, { ...same, sn: "Changed", uidNumber: 3_002 })).body).toEqual({ status: "success", dn });
    expect(await entry()).toEqual({ ...before, sn: ["Changed"] });
    expect(await update(dn, { nosuchattribute: "x" })).toMatchObject({
      status: 422,
      body: { detail: expect.stringMatching(/attribute/) },
    });
  });

  it("a password is hashed by the directory", async () => {
    const dn = `uid=u3,${people}`;
    expect((await update(dn, { userPassword: "P<ss&w0rd" })).status).toBe(200);
    const [found] = (
      await ldapsearch(slapd.url, {
        ...{ base: dn, scope: "base", attributes: ["userPassword"] },
        options: ["-D", slapd.rootDn, "-w", slapd.rootPassword],
      })
    ).entries;
    expect(found?.attributes.userPassword?.[0]).toMatch(/^\{SSHA\}/);
    await ManagerClient.signIn(url, { cluster, name: dn, password: "P<ss&w0rd" });
  });

  it("a new account gets a number that nobody has, and is removed from its groups when it goes", async () => {
    const dn = `uid=new,${people}`;
    const attributes = {
      ...{ objectClass: ["inetOrgPerson", "posixAccount"], uid: "new", cn: "New", sn: "New", gidNumber: "100" },
      ...{ homeDirectory: "/home/new", userPassword: "secret of new" },
    };
    const create = { body: { cluster_name: cluster, dn, attributes } };
    expect(await root.get("POST /api/entries/create", create)).toEqual({ status: "success", dn });
    expect((await root.ask("POST /api/entries/create", create)).status).toBe(409);
    expect((await search("search=new")).entries[0]).toMatchObject({ uidNumber: ["3025"] });
    const groups = { groups_to_add: [`cn=staff,${base}`, `cn=posix,${base}`], groups_to_remove: [] };
    expect(
      await root.get("PUT /api/entries/user/groups", { body: { cluster_name: cluster, user_dn: dn, ...groups } }),
    ).toEqual({ status: "success", user_dn: dn });
    const of = await root.get<{ groups: { cn: string[] }[] }>(
      `GET /api/entries/user/groups?cluster=${cluster}&user_dn=${encodeURIComponent(dn)}`,
    );
    expect(of.groups.map(({ cn }) => cn)).toEqual([["posix"], ["staff"]]);
    await root.get(`DELETE /api/entries/delete?cluster_name=${cluster}&dn=${encodeURIComponent(dn)}`);
    const all = await root.get<{ groups: Record<string, unknown>[] }>(`GET /api/entries/groups/all?cluster=${cluster}`);
    expect(all.groups).toEqual([
      { dn: `cn=staff,${base}`, cn: ["staff"], description: ["Everybody"], objectClass: ["groupOfNames"] },
      { dn: `cn=posix,${base}`, cn: ["posix"], objectClass: ["posixGroup", "groupOfNames"] },
    ]);
  });

  it("monitoring tells what is known, and what is not is null", async () => {
    const { nodes, in_sync: inSync } = await root.get<{ nodes: object[]; in_sync: unknown }>(
      `GET /api/monitoring/nodes?cluster=${cluster}`,
    );
    expect(nodes).toEqual([
      {
        node: `127.0.0.1:${slapd.port}`,
        ...{ total: 29, users: 25, groups: 2, ous: 1, status: "healthy", contextCSN: null, syncAge: null },
        ...{ responseTime: expect.any(Number), error: expect.any(String) },
      },
    ]);
    expect(inSync).not.toBe(true);
    const { topology } = await root.get<{ topology: object[] }>(`GET /api/monitoring/topology?cluster=${cluster}`);
    expect(topology).toEqual([{ node: `127.0.0.1:${slapd.port}`, server_id: null, reads_from: [] }]);
    const { logs } = await root.get<{ logs: object[] }>(`GET /api/logs/activity?cluster=${cluster}`);
    expect(logs[0]).toMatchObject({ client: `127.0.0.1:${slapd.port}`, operation: expect.any(String) });
    expect((await root.ask(`POST /api/monitoring/test-replication?cluster=${cluster}`)).status).toBeGreaterThanOrEqual(
      400,
    );
  });

  it("the connection is one's own, and is dropped when one says so", async () => {
    const own = await connectTo(cluster);
    expect(await own.get(`GET /api/password/check/${cluster}`)).toEqual({ cached: true });
    expect(await own.get("GET /api/password/check/frozen")).toEqual({ cached: false });
    expect(await own.get(`DELETE /api/password/cache/${cluster}`)).toMatchObject({ status: "success" });
    expect((await own.ask(`GET /api/password/check/${cluster}`)).status).toBe(401);
    expect(await root.get(`GET /api/password/check/${cluster}`)).toEqual({ cached: true });
  });
});
