import { requirePrograms, runCommand, type Slapd, startSlapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { administrator } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { groups, groupsDn, ldif, people, peopleDn, personDn, tree, uidOf } from "./population.ts";

const describe = requirePrograms({
  slapd: "slapd",
  slapadd: "slapd",
  ldapsearch: "ldap-utils",
  ldapmodify: "ldap-utils",
});
const count = 5_000;

describe("groups", () => {
  let slapd: Slapd;
  let api: Api;

  beforeAll(async () => {
    slapd = await startSlapd({ ldif: ldif(tree(...people(count), ...groups(count))), logsOperations: true });
    const admin = administrator(slapd);
    api = await startApi({
      cluster: clusterOf(slapd),
      sessions: {
        admin: sessionOf(admin),
        other: sessionOf(admin, { id: "other" }),
        people: sessionOf(admin, { id: "people", under: `,${peopleDn}` }),
        groups: sessionOf(admin, { id: "groups", under: `,${groupsDn}` }),
      },
    });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
  });

  const members = (cn: string, query: Record<string, string | number> = {}, as = "admin") =>
    api.request("GET /clusters/main/members", { as, query: { dn: `cn=${cn},${groupsDn}`, ...query } });
  const groupsOf = (dn: string, query: Record<string, string | number> = {}, as = "admin") =>
    api.request("GET /clusters/main/groups-of", { as, query: { dn, ...query } });
  /** How often slapd was asked for the members of a group. */
  const readings = () => slapd.process.log.match(/SRCH attr=member uniqueMember memberUid/g)?.length ?? 0;

  it("lists thousands of members page by page, and reads the group once", async () => {
    const before = readings();
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { status, body } = await members("everybody", { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        ...{ total: count, counts: { member: count, uniqueMember: 0, memberUid: 0 } },
        ...{ node: "ldap1", complete: true },
      });
      seen.push(...body.members.map(({ uid }: { uid: string }) => uid));
      cursor = body.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => uidOf(index)));
    expect(readings() - before).toBe(1);
  });

  it("says who each member is", async () => {
    const { body } = await members("everybody", { limit: 1 });
    expect(body.members).toEqual([
      { attribute: "member", value: personDn(0), dn: personDn(0), cn: "User 0", uid: uidOf(0), state: "found" },
    ]);
  });

  it("finds among thousands without reading them again", async () => {
    await members("everybody");
    const before = readings();
    const { body } = await members("everybody", { contains: "USER0123", limit: 3 });
    expect(body.members.map(({ uid }: { uid: string }) => uid)).toEqual([uidOf(1230), uidOf(1231), uidOf(1232)]);
    expect([body.total, body.counts.member]).toEqual([10, count]);
    const next = await members("everybody", { contains: "USER0123", limit: 8, cursor: body.cursor });
    expect(next.body.members.map(({ uid }: { uid: string }) => uid)).toEqual(
      [3, 4, 5, 6, 7, 8, 9].map((i) => uidOf(1230 + i)),
    );
    expect(readings() - before).toBe(0);
  });

  it("knows members by uniqueMember and memberUid as well, and those that are missing", async () => {
    const found = (index: number) => ({ dn: personDn(index), cn: `User ${index}`, uid: uidOf(index), state: "found" });
    expect((await members("unique")).body.members).toEqual([
      { attribute: "uniqueMember", value: `${personDn(1)}#'0101'B`, ...found(1) },
      { attribute: "uniqueMember", value: personDn(2), ...found(2) },
    ]);
    expect((await members("posix")).body).toEqual({
      members: [
        { attribute: "memberUid", value: uidOf(1), ...found(1) },
        { attribute: "memberUid", value: uidOf(3), ...found(3) },
        { attribute: "memberUid", value: "nobody-of-this-name", state: "missing" },
      ],
      ...{ total: 3, counts: { member: 0, uniqueMember: 0, memberUid: 3 }, node: "ldap1", complete: true },
    });
    expect((await members("primary")).body).toMatchObject({ members: [], total: 0 });
  });

  it("sees a change at once", async () => {
    await members("posix");
    const input = `dn: cn=posix,${groupsDn}\nchangetype: modify\nadd: memberUid\nmemberUid: ${uidOf(4)}\n`;
    const change = ["-x", "-H", slapd.url, "-D", slapd.rootDn, "-w", slapd.rootPassword];
    expect((await runCommand("ldapmodify", change, { input })).exitCode).toBe(0);
    expect((await members("posix")).body.total).toBe(4);
  });

  it("keeps a list for its session, for a while", async () => {
    const { body } = await members("everybody", { limit: 10 });
    const use = async (as: string, cn = "everybody") => (await members(cn, { cursor: body.cursor }, as)).status;
    expect(await use("other")).toBe(410);
    expect(await use("admin", "posix")).toBe(410);
    expect(await use("admin")).toBe(200);
    api.advance(5 * 60_000);
    expect(await use("admin")).toBe(410);
  });

  it("looks nobody up whom the person's roles do not let them see", async () => {
    expect((await members("posix", {}, "people")).body.code).toBe("not_allowed");
    const { body } = await members("unique", {}, "groups");
    expect(body.members[1]).toEqual({ attribute: "uniqueMember", value: personDn(2), state: "missing" });
  });

  it("finds the groups of an entry in every kind that there is", async () => {
    // The system before searched for memberUid by DN, so that posix groups never showed.
    const { body } = await groupsOf(personDn(1));
    expect(body).toEqual({
      groups: [
        { dn: `cn=everybody,${groupsDn}`, cn: "everybody", by: ["member"] },
        { dn: `cn=posix,${groupsDn}`, cn: "posix", by: ["memberUid"] },
        { dn: `cn=primary,${groupsDn}`, cn: "primary", by: ["gidNumber"] },
      ],
      ...{ total: 3, node: "ldap1", complete: true },
    });
    // By its DN alone: the bits of its uniqueMember make it another name to slapd (RFC 4517 §4.2.31).
    expect((await groupsOf(personDn(2))).body.groups.map(({ cn }: { cn: string }) => cn)).toEqual([
      ...["everybody", "primary", "unique"],
    ]);
    expect((await groupsOf(peopleDn)).body.groups).toEqual([]);
  });

  it("pages the groups of an entry", async () => {
    const first = (await groupsOf(personDn(1), { limit: 2 })).body;
    const second = (await groupsOf(personDn(1), { limit: 2, cursor: first.cursor })).body;
    expect([...first.groups, ...second.groups].map(({ cn }) => cn)).toEqual(["everybody", "posix", "primary"]);
    expect([first.total, second.total, second.cursor]).toEqual([3, 3, undefined]);
  });

  it("does not hide that there are groups which it does not show", async () => {
    expect((await groupsOf(personDn(1), {}, "people")).body).toMatchObject({
      ...{ groups: [], complete: false, problem: "There are groups that your roles do not let you see." },
    });
  });

  it("answers no_such_entry for a group that is not there", async () => {
    expect((await members("none")).body.code).toBe("no_such_entry");
    expect((await groupsOf(`uid=none,${peopleDn}`)).body.code).toBe("no_such_entry");
  });
});
