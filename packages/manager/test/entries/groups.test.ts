import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base, dnOf, group, groups, ldif, people, user } from "./content.ts";
import { type Served, type Server, serve } from "./served.ts";
import { plainSlapd } from "./servers.ts";

const names = `cn=names,${groups}`;
const unique = `cn=unique,${groups}`;
const unix = `cn=unix,${groups}`;
const content = ldif([
  ...base,
  ...["ann", "bob", "cat", "dan", "eve"].map((uid, index) => user(uid, 2001 + index)),
  // The same address twice.
  user("fay", 2010, { mail: "shared@example.com" }),
  user("gus", 2011, { mail: "shared@example.com" }),
  [`cn=Nameless,${people}`, { objectClass: "inetOrgPerson", cn: "Nameless", sn: "Nameless" }],
  group("names", "groupOfNames", { member: dnOf("ann") }),
  group("unique", "groupOfUniqueNames", { uniqueMember: dnOf("ann") }),
  group("unix", "posixGroup", { gidNumber: "300", memberUid: "ann" }),
]);

plainSlapd.group("members of groups", () => {
  let server: Server & AsyncDisposable;
  let served: Served;
  beforeAll(async () => {
    server = await plainSlapd.start(content);
    served = await serve(server);
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const values = async (dn: string, type: string) => (await served.entry(dn, type))?.attributes[type]?.toSorted();
  const members = (dn: string, body: object) => served.ask("PUT", "groups/members", { dn, ...body });

  describe.each([
    { kind: "groupOfNames", dn: names, type: "member", member: dnOf },
    { kind: "groupOfUniqueNames", dn: unique, type: "uniqueMember", member: dnOf },
    { kind: "posixGroup", dn: unix, type: "memberUid", member: (uid: string) => uid },
  ])("of a $kind", ({ dn, type, member }) => {
    it("are added by DN, login name and mail address, in the way of the group", async () => {
      const add = [` ${dnOf("bob").toUpperCase()}`, "CAT", "dan@example.com", "", "ann", "cat"];
      const { status, body } = await members(dn, { add });
      expect({
        status,
        outcome: body.outcome,
        added: body.added,
        already: body.already,
        unresolved: body.unresolved,
      }).toEqual({
        ...{ status: 200, outcome: "applied", added: 3, already: ["ann"], unresolved: [] },
      });
      expect(await values(dn, type)).toEqual(["ann", "bob", "cat", "dan"].map(member));
    });

    it("are removed, those that were none are named, and adding and removing is one modification", async () => {
      const { body } = await members(dn, {
        add: ["eve"],
        remove: [dnOf("bob"), "dan@example.com", "fay", dnOf("zoe")],
      });
      expect({ removed: body.removed, notMembers: body.notMembers, count: body.results.length }).toEqual({
        ...{ removed: 2, notMembers: ["fay", dnOf("zoe")], count: 1 },
      });
      expect(await values(dn, type)).toEqual(["ann", "cat", "eve"].map(member));
    });

    it("are not changed at all where some mean nobody, unless the rest is asked for", async () => {
      const add = ["bob", "nobody", "shared@example.com", dnOf("ghost"), "*", "a)(uid=*"];
      const refused = await members(dn, { add });
      expect([refused.status, refused.body.details.unresolved]).toEqual([
        400,
        [
          { item: dnOf("ghost"), reason: "There is no such entry." },
          { item: "nobody", reason: "Nobody has this login name or mail address." },
          { item: "shared@example.com", reason: "2 entries have it." },
          { item: "*", reason: "Nobody has this login name or mail address." },
          { item: "a)(uid=*", reason: "Nobody has this login name or mail address." },
        ],
      ]);
      expect(await values(dn, type)).toEqual(["ann", "cat", "eve"].map(member));
      const rest = await members(dn, { add, skipUnresolved: true });
      expect([rest.status, rest.body.outcome, rest.body.added]).toEqual([207, "partial", 1]);
      expect(await values(dn, type)).toEqual(["ann", "bob", "cat", "eve"].map(member));
    });
  });

  it("of a posixGroup have a login name", async () => {
    const { body } = await members(unix, { add: [`cn=Nameless,${people}`] });
    expect(body.details.unresolved).toEqual([
      { item: `cn=Nameless,${people}`, reason: "The group holds login names, and this entry has none." },
    ]);
  });

  it("cannot all be removed from a groupOfNames, and can from a posixGroup", async () => {
    const all = { remove: ["ann", "bob", "cat", "eve"] };
    const { status, body } = await members(names, all);
    expect([status, body.code]).toEqual([422, "refused_by_directory"]);
    expect(body.title).toContain("lastMember=placeholder");
    expect((await members(names, { ...all, lastMember: "placeholder" })).status).toBe(200);
    expect(await values(names, "member")).toEqual(["cn=nobody"]);
    expect((await members(unix, all)).status).toBe(200);
    expect(await values(unix, "memberUid")).toBeUndefined();
  });

  it("are not put into an entry that is no group", async () => {
    const { status, body } = await members(dnOf("ann"), { add: ["bob"] });
    expect([status, body.code]).toEqual([400, "invalid_request"]);
  });

  it("are changed from the person's side, and each group says what became of it", async () => {
    const { status, body } = await served.ask("PUT", "entry/groups", {
      ...{ dn: dnOf("dan"), add: [names, unix, `cn=ghost,${groups}`, dnOf("bob")], remove: [unique] },
    });
    const results = body.groups.map(
      ({ group, status, problem }: { group: string; status: string; problem?: { code: string } }) => [
        group,
        status,
        problem?.code,
      ],
    );
    expect([status, body.outcome, results]).toEqual([
      207,
      "partial",
      [
        [names, "applied", undefined],
        [unix, "applied", undefined],
        [`cn=ghost,${groups}`, "failed", "no_such_entry"],
        [dnOf("bob"), "failed", "invalid_request"],
        [unique, "not_member", undefined],
      ],
    ]);
    expect(await values(names, "member")).toEqual([dnOf("dan")]);
    expect(await values(unix, "memberUid")).toEqual(["dan"]);
    await using limited = await serve(server, { may: (action, dn) => action === "read" || dn === unix });
    const some = await limited.ask("PUT", "entry/groups", { dn: dnOf("eve"), add: [names, unix] });
    expect([some.status, some.body.groups.map(({ status }: { status: string }) => status)]).toEqual([
      207,
      ["failed", "applied"],
    ]);
    expect((await served.ask("PUT", "entry/groups", { dn: dnOf("eve"), remove: [unix] })).status).toBe(200);
    const again = await served.ask("PUT", "entry/groups", { dn: dnOf("dan"), add: [names] });
    expect([again.status, again.body.groups[0].status]).toEqual([200, "already"]);
    const preview = await served.ask("PUT", "entry/groups", { dn: dnOf("dan"), remove: [unix], preview: true });
    expect([preview.body.outcome, preview.body.groups[0].status]).toEqual(["preview", "to_be_done"]);
    expect(preview.body.ldif).toContain("delete: memberUid\nmemberUid: dan\n");
  });
});

plainSlapd.group("a group of thousands", () => {
  const uids = Array.from({ length: 5_000 }, (_, index) => `user${String(index).padStart(5, "0")}`);
  let server: Server & AsyncDisposable;
  let served: Served;
  beforeAll(async () => {
    server = await plainSlapd.start(
      ldif([
        ...base,
        user("ann", 2001),
        ...uids.map((uid): readonly [string, Record<string, string>] => [
          dnOf(uid),
          { objectClass: "inetOrgPerson", uid, cn: uid, sn: uid },
        ]),
        group("names", "groupOfNames", { member: dnOf("ann") }),
      ]),
    );
    served = await serve(server);
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it("takes a pasted list of login names in few modifications, and lets go of it again", {
    timeout: 60_000,
  }, async () => {
    const { status, body } = await served.ask("PUT", "groups/members", { dn: names, add: uids });
    expect([status, body.added, body.results.length]).toEqual([200, 5_000, 3]);
    expect((await served.entry(names, "member"))?.attributes.member?.length).toBe(5_001);
    const back = await served.ask("PUT", "groups/members", { dn: names, remove: uids.map(dnOf) });
    expect([back.status, back.body.removed]).toEqual([200, 5_000]);
    expect((await served.entry(names, "member"))?.attributes.member).toEqual([dnOf("ann")]);
  });
});
