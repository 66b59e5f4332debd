import { dumpTables, type Postgres, requirePrograms, startPostgres, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { person } from "../clusters/watched.ts";
import { type Api, sessionOf, startApi } from "./api.ts";

/** Nobody is asked anything: the directory need not be there. */
const cluster = { nodes: [{ host: "127.0.0.1", port: 1 }], tls: "none" as const };
const ann = person("uid=ann,dc=example,dc=com", "x", "ann");
const service = person("cn=service,dc=example,dc=com", "x", "service");
const read = ["read"] as const;
const sessions = {
  ann: sessionOf(ann, { actions: read }),
  "ann again": sessionOf({ ...ann, dn: "UID=Ann, dc=example,dc=com" }, { actions: read, name: ann.dn }),
  ben: sessionOf(person("uid=ben,dc=example,dc=com", "x", "ben"), { actions: read }),
  admin: sessionOf(person("cn=admin,dc=example,dc=com", "x", "admin")),
  // Two people who act as one account of the directory.
  cat: sessionOf(service, { actions: read, name: "cat@idp" }),
  dan: sessionOf(service, { actions: read, name: "dan@idp" }),
  elsewhere: { ...sessionOf(ann, { actions: read }), clusters: [] },
};
const query = { base: "dc=example,dc=com", scope: "sub", filter: "(mail=*)", attributes: ["cn", "mail"] };
const search = { cluster: "main", name: "With mail", query, isShared: false };

interface Database {
  readonly kind: string;
  start(): Promise<{ readonly url: string; readonly dump: () => Promise<string>; readonly end: () => Promise<void> }>;
}

function savedSearches({ kind, start }: Database): void {
  let database: Awaited<ReturnType<Database["start"]>>;
  let api: Api;
  beforeAll(async () => {
    database = await start();
    api = await startApi({ cluster, sessions, storeUrl: database.url });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await database?.end();
  });

  const list = async (as: string) => (await api.request("GET /searches", { as })).body.searches;
  const save = (as: string, body: object = search) => api.request("POST /searches", { as, body });
  const change = (as: string, id: string, body: object) => api.request(`PUT /searches/${id}`, { as, body });
  const remove = (as: string, id: string) => api.request(`DELETE /searches/${id}`, { as });

  it("keeps a search for its person, and for nobody else", async () => {
    const { status, body } = await save("ann");
    expect([status, body]).toEqual([
      201,
      { id: expect.any(String), ...search, isMine: true, mayChange: true, changedAt: expect.any(String) },
    ]);
    expect(await list("ann")).toEqual([body]);
    expect(await list("ann again")).toEqual([body]);
    for (const other of ["ben", "admin", "cat"]) expect(await list(other)).toEqual([]);
    expect((await change("ben", body.id, { name: "x", query })).status).toBe(404);
    expect((await change("admin", body.id, { name: "x", query })).status).toBe(404);
    expect((await remove("ben", body.id)).status).toBe(404);
    const changed = await change("ann", body.id, { name: "Mail", query: { ...query, filter: "(mail=*@a)" } });
    expect(changed.body).toMatchObject({ id: body.id, name: "Mail", query: { filter: "(mail=*@a)" } });
    expect(await list("ann")).toEqual([changed.body]);
    expect((await remove("ann", body.id)).status).toBe(204);
    expect(await list("ann")).toEqual([]);
    expect((await remove("ann", body.id)).status).toBe(404);
  });

  it("tells people apart who act as one account", async () => {
    const { body } = await save("cat");
    expect(await list("cat")).toEqual([body]);
    expect(await list("dan")).toEqual([]);
    await remove("cat", body.id);
  });

  it("lets administrators share", async () => {
    expect((await save("ann", { ...search, isShared: true })).body.code).toBe("not_allowed");
    const { body } = await save("admin", { ...search, isShared: true });
    expect(await list("ben")).toEqual([{ ...body, isMine: false, mayChange: false }]);
    expect((await change("ben", body.id, { name: "x", query, isShared: true })).body.code).toBe("not_allowed");
    expect((await remove("ben", body.id)).body.code).toBe("not_allowed");
    expect(await list("elsewhere")).toEqual([]);
    expect((await remove("elsewhere", body.id)).status).toBe(404);
    expect((await change("admin", body.id, { name: "Mine now", query })).body).toMatchObject({ isShared: false });
    expect(await list("ben")).toEqual([]);
    await remove("admin", body.id);
  });

  it("keeps no search that could not be done", async () => {
    const wrong = async (more: object) => {
      const { status, body } = await save("ann", { ...search, query: { ...query, ...more } });
      return [status, body.errors[0].path];
    };
    expect(await wrong({ filter: "(mail=*" })).toEqual([400, "query.filter"]);
    expect(await wrong({ base: "nowhere" })).toEqual([400, "query.base"]);
    expect(await wrong({ attributes: ["a b"] })).toEqual([400, "query.attributes.0"]);
    expect((await save("ann", { ...search, cluster: "elsewhere" })).status).toBe(404);
    expect((await api.request("GET /searches", { as: "ann", query: { cluster: "elsewhere" } })).status).toBe(404);
    expect((await change("ann", "not-an-id", { name: "x", query })).status).toBe(400);
  });

  it("keeps 200 of a person", async () => {
    const saved = await Promise.all(
      Array.from({ length: 200 }, (_, index) => save("ben", { ...search, name: `Search ${index}` })),
    );
    expect(saved.every(({ status }) => status === 201)).toBe(true);
    const { status, body } = await save("ben");
    expect([status, body.title]).toEqual([413, "You have saved 200 searches of main: delete some first."]);
    expect((await save("ann")).status).toBe(201);
  });

  it(`has the tables of schema/searches.${kind}.sql`, async () => {
    // Run with `-u` to write the file anew, so that a change of the tables is seen in the diff.
    await expect(await database.dump()).toMatchFileSnapshot(`../../schema/searches.${kind}.sql`);
  });
}

describe("on SQLite", () =>
  savedSearches({
    kind: "sqlite",
    async start() {
      const directory = await temporaryDirectory("searches");
      const url = `sqlite:${directory.file("espalier.db")}`;
      return {
        url,
        dump: () => dumpTables(url, ["saved_searches"]),
        end: async () => directory[Symbol.asyncDispose](),
      };
    },
  }));

const withPostgres = requirePrograms({ postgres: "postgresql-15", initdb: "postgresql-15", psql: "postgresql-15" });
withPostgres("on PostgreSQL", () =>
  savedSearches({
    kind: "postgres",
    async start() {
      const server: Postgres = await startPostgres();
      return {
        url: server.url,
        dump: () => dumpTables(server.url, ["saved_searches"]),
        end: async () => server[Symbol.asyncDispose](),
      };
    },
  }),
);
