import { afterAll, beforeAll, expect, it } from "vitest";
import { base, dnOf, group, groups, ldif, people, unit, user } from "./content.ts";
import { baseDn } from "./debian-slapd.ts";
import { type Served, type Server, serve } from "./served.ts";
import { directory389, plainSlapd, referint389, refintSlapd } from "./servers.ts";

const old = `ou=old,${baseDn}`;
const content = ldif([
  ...base,
  unit("old"),
  unit("deep", old),
  unit("deeper", `ou=deep,${old}`),
  [`cn=X,ou=deeper,ou=deep,${old}`, { objectClass: "organizationalRole", cn: "X", roleOccupant: dnOf("ann") }],
  user("ann", 2001),
  user("bob", 2002, { manager: dnOf("ann") }),
  user("cat", 2003, { seeAlso: `cn=X,ou=deeper,ou=deep,${old}` }),
  group("staff", "groupOfNames", { member: [dnOf("ann"), dnOf("bob")], owner: dnOf("ann") }),
  group("unix", "posixGroup", { gidNumber: "300", memberUid: ["ann", "bob"] }),
  group("alone", "groupOfUniqueNames", { uniqueMember: dnOf("bob") }),
]);

for (const kind of [plainSlapd, refintSlapd, directory389, referint389]) {
  kind.group(`deleting on ${kind.name}`, () => {
    let server: Server & AsyncDisposable;
    let served: Served;
    beforeAll(async () => {
      server = await kind.start(content);
      served = await serve(server);
    });
    afterAll(async () => {
      await served?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });
    const values = async (dn: string, type: string) =>
      ((await served.entry(dn, type))?.attributes[type] ?? []).toSorted();

    it("removes the references with the entry, and both can be undone", async () => {
      const { body: preview } = await served.delete({ dn: dnOf("ann"), preview: "true" });
      expect(preview.counts).toEqual({ entries: 1, references: 4 });
      const { status, body } = await served.delete({ dn: dnOf("ann") });
      expect([status, body.outcome]).toEqual([200, "applied"]);
      expect(await served.entry(dnOf("ann"))).toBeUndefined();
      expect(await values(`cn=staff,${groups}`, "member")).toEqual([dnOf("bob")]);
      expect(await values(`cn=staff,${groups}`, "owner")).toEqual([]);
      expect(await values(`cn=unix,${groups}`, "memberUid")).toEqual(["bob"]);
      expect(await values(dnOf("bob"), "manager")).toEqual([]);
      expect(await values(`cn=X,ou=deeper,ou=deep,${old}`, "roleOccupant")).toEqual([]);
      if (kind.mends !== "no") return;
      await served.undo(body.id);
      expect(await values(dnOf("ann"), "uidNumber")).toEqual(["2001"]);
      expect(await values(`cn=staff,${groups}`, "member")).toEqual([dnOf("ann"), dnOf("bob")]);
    });

    it("deletes a subtree only for who knows how much it is", async () => {
      const ask = async (query: Record<string, string>) => {
        const { status, body } = await served.delete({ dn: old, ...query });
        return [status, body.code ?? body.outcome, body.details?.entries ?? body.counts?.entries];
      };
      expect(await ask({})).toEqual([409, "not_empty", 4]);
      expect(await ask({ subtree: "true", preview: "true" })).toEqual([200, "preview", 4]);
      expect(await ask({ subtree: "true" })).toEqual([400, "invalid_request", 4]);
      expect(await ask({ subtree: "true", expected: "3" })).toEqual([409, "conflict", 4]);
      expect(await served.entry(old)).toBeDefined();
      expect(await ask({ subtree: "true", expected: "4" })).toEqual([200, "applied", 4]);
      expect(await served.entry(old)).toBeUndefined();
      expect(await values(dnOf("cat"), "seeAlso")).toEqual([]);
    });

    it("does not delete what everything else is below, and says what is not there", async () => {
      const ask = async (dn: string) => {
        const { status, body } = await served.delete({ dn, subtree: "true", expected: "1" });
        return [status, body.code];
      };
      expect(await ask(baseDn)).toEqual([403, "not_allowed"]);
      expect(await ask("DC=Example, DC=com")).toEqual([403, "not_allowed"]);
      expect(await ask(dnOf("nobody"))).toEqual([404, "no_such_entry"]);
      expect(await ask("no dn")).toEqual([400, "invalid_request"]);
    });
  });
}

plainSlapd.group("the last member of a group whose class asks for one", () => {
  let server: Server & AsyncDisposable;
  let served: Served;
  beforeAll(async () => {
    server = await plainSlapd.start(content);
    served = await serve(server, { may: (action) => action !== "admin" });
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it("is not deleted without a word, and leaves cn=nobody where that is asked for", async () => {
    const { status, body } = await served.delete({ dn: dnOf("bob") });
    expect([status, body.code, body.details.groups]).toEqual([422, "refused_by_directory", [`cn=alone,${groups}`]]);
    expect(await served.entry(dnOf("bob"))).toBeDefined();
    const done = await served.delete({ dn: dnOf("bob"), lastMember: "placeholder" });
    expect([done.status, done.body.warnings]).toEqual([
      200,
      [`cn=alone,${groups} keeps no member but cn=nobody, since its object class asks for one.`],
    ]);
    expect((await served.entry(`cn=alone,${groups}`, "uniqueMember"))?.attributes).toEqual({
      uniqueMember: ["cn=nobody"],
    });
    const added = await served.ask("PUT", "groups/members", { dn: `cn=alone,${groups}`, add: ["cat"] });
    expect(added.status).toBe(200);
    expect((await served.entry(`cn=alone,${groups}`, "uniqueMember"))?.attributes).toEqual({
      uniqueMember: [dnOf("cat")],
    });
  });

  it("deletes no subtree for who is no administrator", async () => {
    const { status, body } = await served.delete({ dn: people, subtree: "true", expected: "3" });
    expect([status, body.code]).toEqual([403, "not_allowed"]);
  });
});
