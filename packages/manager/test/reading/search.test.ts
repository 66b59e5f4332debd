import { requirePrograms, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { administrator, person } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { baseDn, groups, ldif, people, peopleDn, personDn, tree, uidOf } from "./population.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });
const search = "POST /clusters/main/search";
const persons = { filter: "(objectClass=posixAccount)", attributes: ["uid"] };

describe("searches", () => {
  let slapd: Slapd;
  let api: Api;

  beforeAll(async () => {
    slapd = await startSlapd({
      ldif: ldif(tree(...people(2_500), ...groups(10))),
      sizeLimit: 700,
      logsOperations: true,
    });
    const admin = administrator(slapd);
    const user = person(personDn(0), `pw-${uidOf(0)}`);
    api = await startApi({
      cluster: clusterOf(slapd),
      sessions: {
        admin: sessionOf(admin),
        other: sessionOf({ ...admin, key: "other" }, { id: "other" }),
        user: sessionOf(user, { actions: ["read"] }),
        people: sessionOf(admin, { id: "people", actions: ["read"], under: peopleDn }),
      },
    });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
  });

  it("gives every entry once, page by page, and says when there are no more", async () => {
    const uids: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { status, body } = await api.request(search, { body: { ...persons, limit: 1_000, cursor } });
      expect(status).toBe(200);
      expect(body).toMatchObject({ node: "ldap1", complete: true });
      for (const entry of body.entries) uids.push(entry.attributes.uid[0]);
      cursor = body.cursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBe(3);
    expect(uids.sort()).toEqual(Array.from({ length: 2_500 }, (_, index) => uidOf(index)));
  });

  it("has no total on any page, and counts nothing on the side", async () => {
    // The system before searched for everything on every page just to count it, and said 0 on the second one.
    const before = slapd.process.log.length;
    const first = await api.request(search, { body: { ...persons, limit: 2 } });
    const second = await api.request(search, { body: { ...persons, limit: 2, cursor: first.body.cursor } });
    expect(Object.keys(first.body).sort()).toEqual(["complete", "cursor", "entries", "node"]);
    expect(Object.keys(second.body).sort()).toEqual(["complete", "cursor", "entries", "node"]);
    await api.request(search, { body: { filter: "(uid=the-end)", attributes: ["uid"] } });
    const asked = await until("slapd to log the searches", () => {
      const filters = slapd.process.log.slice(before).match(/(?<=SRCH base="dc=example,dc=com".*filter=").*(?=")/g);
      return filters?.at(-1) === "(uid=the-end)" && filters;
    });
    expect(asked).toEqual([persons.filter, persons.filter, "(uid=the-end)"]);
    expect(second.body.entries).toEqual([
      { dn: personDn(2), attributes: { uid: [uidOf(2)] } },
      { dn: personDn(3), attributes: { uid: [uidOf(3)] } },
    ]);
  });

  it("gives the attributes that were asked for and no others", async () => {
    const body = { filter: `(uid=${uidOf(7)})`, attributes: ["CN", "entryUUID"] };
    const { body: answer } = await api.request(search, { body });
    expect(answer.entries).toEqual([
      { dn: personDn(7), attributes: { cn: ["User 7"] }, operational: { entryUUID: [expect.any(String)] } },
    ]);
    const all = await api.request(search, { body: { ...body, attributes: ["*", "+"] } });
    expect(all.body.entries[0].attributes).toEqual({
      ...{ objectClass: ["inetOrgPerson", "posixAccount"], uid: [uidOf(7)], cn: ["User 7"], sn: ["User"] },
      ...{ uidNumber: ["10007"], gidNumber: ["500"], homeDirectory: [`/home/${uidOf(7)}`] },
      userPassword: [{ hidden: true }],
    });
    expect(all.body.entries[0].version).toBe(all.body.entries[0].operational.entryCSN[0]);
    const none = await api.request(search, { body: { ...body, attributes: ["1.1"] } });
    expect(none.body.entries).toEqual([{ dn: personDn(7), attributes: {} }]);
    const unsaid = await api.request(search, { body: { filter: "(uid=a)" } });
    expect([unsaid.status, unsaid.body.errors[0].path]).toEqual([400, "attributes"]);
  });

  it("hides passwords, by whatever name they were asked for", async () => {
    for (const name of ["userPassword", "USERPASSWORD", "2.5.4.35", "@person"]) {
      const body = { filter: `(uid=${uidOf(7)})`, attributes: [name] };
      const { body: answer } = await api.request(search, { body });
      expect(answer.entries[0].attributes.userPassword).toEqual([{ hidden: true }]);
      expect(JSON.stringify(answer)).not.toContain(`pw-${uidOf(7)}`);
    }
  });

  it("says that the server stopped at its size limit, and gives what came", async () => {
    const entries: unknown[] = [];
    let cursor: string | undefined;
    for (;;) {
      const { status, body } = await api.request(search, { as: "user", body: { ...persons, limit: 300, cursor } });
      expect(status).toBe(200);
      entries.push(...body.entries);
      cursor = body.cursor;
      if (cursor !== undefined) {
        expect(body).toMatchObject({ complete: true });
        continue;
      }
      expect(body).toMatchObject({ complete: false, sizeLimited: true, problem: expect.stringMatching(/size limit/) });
      break;
    }
    expect(entries).toHaveLength(700);
  });

  it("says where a filter, a name or an attribute is wrong", async () => {
    const wrong = async (body: object) => {
      const answer = await api.request(search, { body: { attributes: ["cn"], ...body } });
      return [answer.status, answer.body.code, answer.body.errors?.[0]?.path, answer.body.details?.offset];
    };
    expect(await wrong({ filter: "(&(uid=a)(cn=b" })).toEqual([400, "invalid_request", "filter", 9]);
    expect(await wrong({ base: "ou=people,,dc=com" })).toEqual([400, "invalid_request", "base", 10]);
    expect(await wrong({ attributes: ["cn", "not an attribute"] })).toEqual([
      ...[400, "invalid_request", "attributes.1", undefined],
    ]);
    expect(await wrong({ filter: `${"(!".repeat(60)}(a=b)${")".repeat(60)}` })).toEqual([
      ...[400, "invalid_request", "filter", expect.any(Number)],
    ]);
    expect(await wrong({ limit: 1_001 })).toEqual([400, "invalid_request", "limit", undefined]);
  });

  it("answers no_such_entry for a base that is not there", async () => {
    const { status, body } = await api.request(search, { body: { ...persons, base: `ou=none,${baseDn}` } });
    expect([status, body.code, body.ldap.matchedDn, body.ldap.node]).toEqual([404, "no_such_entry", baseDn, "ldap1"]);
  });

  it("refuses to search where the person's roles do not reach", async () => {
    expect((await api.request(search, { as: "people", body: persons })).body.code).toBe("not_allowed");
    const { body } = await api.request(search, { as: "people", body: { ...persons, base: peopleDn, limit: 1 } });
    expect(body.entries).toHaveLength(1);
  });

  it("refuses to sort where the server does not", async () => {
    const { status, body } = await api.request(search, { body: { ...persons, sort: [{ attribute: "uid" }] } });
    expect([status, body.errors[0].path]).toEqual([400, "sort"]);
    expect(body.title).toMatch(/does not sort/);
  });

  describe("a cursor", () => {
    const begin = async (as = "admin", limit = 1) => {
      const { body } = await api.request(search, { as, body: { ...persons, limit } });
      return body.cursor as string;
    };
    const use = async (cursor: string, as = "admin", more: object = {}) => {
      const { status, body } = await api.request(search, { as, body: { ...persons, limit: 1, cursor, ...more } });
      return [status, body.code ?? body.entries.length];
    };

    it("is good once", async () => {
      const cursor = await begin();
      expect(await use(cursor)).toEqual([200, 1]);
      expect(await use(cursor)).toEqual([410, "gone"]);
    });

    it("belongs to its session", async () => {
      expect(await use(await begin("admin"), "other")).toEqual([410, "gone"]);
    });

    it("belongs to its search, though not to its page size", async () => {
      const cursor = await begin();
      expect(await use(cursor, "admin", { filter: "(objectClass=*)" })).toEqual([400, "invalid_request"]);
      expect(await use(cursor, "admin", { base: peopleDn })).toEqual([400, "invalid_request"]);
      expect(await use(cursor, "admin", { limit: 20 })).toEqual([200, 20]);
    });

    it("is kept for five minutes", async () => {
      const [kept, forgotten] = [await begin(), await begin()];
      api.advance(4 * 60_000);
      expect(await use(kept)).toEqual([200, 1]);
      api.advance(60_000);
      const { body } = await api.request(search, { body: { ...persons, limit: 1, cursor: forgotten } });
      expect([body.code, body.title]).toEqual(["gone", "The rest of this search is no longer kept: search anew."]);
    });

    it("gives way to newer ones: a session has four", async () => {
      const cursors: string[] = [];
      while (cursors.length < 5) cursors.push(await begin("other"));
      const used: unknown[] = [];
      for (const cursor of cursors) used.push((await use(cursor, "other"))[0]);
      // Each use takes a place anew.
      expect(used).toEqual([410, 200, 200, 200, 200]);
    });

    it("goes with its session, and its connection with it", async () => {
      await begin("other");
      expect(await api.metric("espalier_manager_search_cursors")).toBeGreaterThan(0);
      api.endSession("other");
      api.endSession("session of cn=admin,dc=example,dc=com");
      expect(await api.metric("espalier_manager_search_cursors")).toBe(0);
    });
  });

  describe("counts", () => {
    const count = async (query: Record<string, string | number>, as = "admin") =>
      (await api.request("GET /clusters/main/count", { as, query })).body;

    it("counts no further than it must", async () => {
      const filter = persons.filter;
      expect(await count({ filter })).toEqual({ count: 1_000, isExact: false, node: "ldap1", complete: true });
      expect(await count({ filter, atMost: 2_500 })).toEqual({
        count: 2_500,
        isExact: true,
        node: "ldap1",
        complete: true,
      });
      expect(await count({ filter, atMost: 2_499 })).toMatchObject({ count: 2_499, isExact: false });
      expect(await count({ base: peopleDn, scope: "one" })).toMatchObject({ count: 1_000, isExact: false });
      expect(await count({ scope: "one" })).toMatchObject({ count: 2, isExact: true });
    });

    it("is honest at a size limit", async () => {
      expect(await count({ filter: persons.filter }, "user")).toEqual({
        ...{ count: 700, isExact: false, node: "ldap1", complete: false },
        problem: expect.stringMatching(/size limit/),
      });
    });
  });

  describe("the tree", () => {
    const children = async (query: Record<string, string | number>, as = "admin") =>
      (await api.request("GET /clusters/main/children", { as, query })).body;

    it("begins at the naming contexts and says who has children", async () => {
      expect(await children({})).toEqual({
        children: [{ dn: baseDn, rdn: baseDn, objectClasses: ["dcObject", "organization"], hasChildren: "yes" }].map(
          (child) => ({ ...child, rdn: "dc=example" }),
        ),
        ...{ node: "ldap1", complete: true },
      });
      const { children: below } = await children({ dn: baseDn });
      expect(below).toEqual([
        { dn: peopleDn, rdn: "ou=people", objectClasses: ["organizationalUnit"], name: "people", hasChildren: "yes" },
        {
          dn: `ou=groups,${baseDn}`,
          rdn: "ou=groups",
          objectClasses: ["organizationalUnit"],
          name: "groups",
          hasChildren: "yes",
        },
      ]);
    });

    it("pages a level, and finds in it", async () => {
      const first = await children({ dn: peopleDn, limit: 3 });
      const second = await children({ dn: peopleDn, limit: 3, cursor: first.cursor });
      expect([...first.children, ...second.children].map(({ dn }: { dn: string }) => dn)).toEqual(
        [0, 1, 2, 3, 4, 5].map(personDn),
      );
      expect(first.children[0]).toEqual({
        ...{ dn: personDn(0), rdn: `uid=${uidOf(0)}`, objectClasses: ["inetOrgPerson", "posixAccount"] },
        ...{ name: "User 0", hasChildren: "no" },
      });
      const found = await children({ dn: peopleDn, filter: "(cn=User 12*)", limit: 1_000 });
      expect(found.children).toHaveLength(1 + 10 + 100);
    });

    it("shows a person only the top that their roles reach, and says that there is more", async () => {
      const top = await children({}, "people");
      expect(top).toMatchObject({ children: [], complete: false });
      expect((await children({ dn: peopleDn, limit: 2 }, "people")).children).toHaveLength(2);
    });
  });
});
