import { afterAll, beforeAll, expect, it } from "vitest";
import { base, dnOf, group, groups, ldif, people, unit, user } from "./content.ts";
import { baseDn } from "./debian-slapd.ts";
import { type Served, type Server, serve } from "./served.ts";
import { directory389, plainSlapd, referint389, refintSlapd } from "./servers.ts";

const teams = `ou=teams,${baseDn}`;
const content = ldif([
  ...base,
  unit("teams"),
  unit("alumni"),
  unit("north", teams),
  user("ann", 2001),
  user("bob", 2002, { manager: dnOf("ann"), seeAlso: [dnOf("ann"), dnOf("bob")] }),
  user("cat", 2003),
  [
    `cn=Lead,ou=north,${teams}`,
    { objectClass: "organizationalRole", cn: "Lead", roleOccupant: dnOf("cat"), seeAlso: `ou=north,${teams}` },
  ],
  group("staff", "groupOfNames", { member: [dnOf("ann"), dnOf("bob")], owner: dnOf("ann") }),
  group("one", "groupOfUniqueNames", { uniqueMember: dnOf("ann") }),
  group("unix", "posixGroup", { gidNumber: "300", memberUid: ["ann", "bob", "Ann"] }),
  group("leads", "groupOfNames", { member: [`CN=lead,OU=North,${teams}`, dnOf("cat")] }),
]);

for (const kind of [plainSlapd, refintSlapd, directory389, referint389]) {
  kind.group(`renaming on ${kind.name}`, () => {
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

    it("changes every reference to the entry with its name, and says before which", async () => {
      const request = { dn: dnOf("ann"), newRdn: "uid=anna" };
      const preview = await served.ask("POST", "entries/rename", { ...request, preview: true });
      expect(preview.body.counts).toEqual({ entries: 1, references: 4 });
      expect(preview.body.ldif).toContain("changetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n");
      expect(preview.body.warnings).toContain("Its login name changes from ann to anna; its home directory does not.");

      const { status, body } = await served.ask("POST", "entries/rename", request);
      expect({ status, dn: body.dn, outcome: body.outcome }).toEqual({
        status: 200,
        dn: dnOf("anna"),
        outcome: "applied",
      });
      const statuses: string[] = body.results.map(({ status }: { status: string }) => status);
      if (kind.mends === "at once") expect(statuses).toContain("done_by_server");
      if (kind.mends === "no") expect(new Set(statuses)).toEqual(new Set(["applied"]));
      expect(await values(dnOf("anna"), "uid")).toEqual(["anna"]);
      expect(await values(`cn=staff,${groups}`, "member")).toEqual([dnOf("anna"), dnOf("bob")]);
      expect(await values(`cn=staff,${groups}`, "owner")).toEqual([dnOf("anna")]);
      expect(await values(`cn=one,${groups}`, "uniqueMember")).toEqual([dnOf("anna")]);
      expect(await values(dnOf("bob"), "manager")).toEqual([dnOf("anna")]);
      expect(await values(dnOf("bob"), "seeAlso")).toEqual([dnOf("anna"), dnOf("bob")]);
      expect(await values(`cn=unix,${groups}`, "memberUid")).toEqual(["Ann", "anna", "bob"]);
    });

    it("takes all of it back", async () => {
      const { body } = await served.ask("POST", "entries/rename", { dn: dnOf("anna"), newRdn: "uid=ann" });
      expect(body.outcome).toBe("applied");
      expect(await values(`cn=staff,${groups}`, "member")).toEqual([dnOf("ann"), dnOf("bob")]);
    });

    it("moves a subtree with the references to and within it", async () => {
      const { status, body } = await served.ask("POST", "entries/move", {
        dn: `ou=north,${teams}`,
        newParent: `ou=alumni,${baseDn}`,
      });
      expect({ status, dn: body.dn, outcome: body.outcome, counts: body.counts }).toEqual({
        ...{ status: 200, dn: `ou=north,ou=alumni,${baseDn}`, outcome: "applied" },
        counts: { entries: 2, references: 2 },
      });
      const lead = `cn=Lead,ou=north,ou=alumni,${baseDn}`;
      expect(await values(lead, "seeAlso")).toEqual([`ou=north,ou=alumni,${baseDn}`]);
      expect((await values(`cn=leads,${groups}`, "member")).map((dn) => dn.toLowerCase())).toEqual([
        lead.toLowerCase(),
        dnOf("cat"),
      ]);
    });

    it("leaves references as they are when asked to", async () => {
      const { body } = await served.ask("POST", "entries/rename", {
        dn: dnOf("cat"),
        newRdn: "uid=kat",
        references: "leave",
        preview: true,
      });
      expect(body.ldif.match(/^changetype: /gm)).toEqual(["changetype: "]);
    });

    it("refuses a name that is taken, one below itself, and that of everything", async () => {
      const ask = async (path: string, body: object) => {
        const answer = await served.ask("POST", path, body);
        return [answer.status, answer.body.code];
      };
      expect(await ask("entries/rename", { dn: dnOf("cat"), newRdn: "uid=bob" })).toEqual([409, "already_exists"]);
      expect(await ask("entries/rename", { dn: dnOf("cat"), newRdn: "uid=cat" })).toEqual([400, "invalid_request"]);
      expect(await ask("entries/rename", { dn: dnOf("nobody"), newRdn: "uid=x" })).toEqual([404, "no_such_entry"]);
      expect(await ask("entries/rename", { dn: baseDn, newRdn: "dc=other" })).toEqual([403, "not_allowed"]);
      expect(await ask("entries/move", { dn: people, newParent: people })).toEqual([400, "invalid_request"]);
      expect(await ask("entries/move", { dn: dnOf("cat"), newParent: `ou=nowhere,${baseDn}` })).toEqual([
        404,
        "no_such_entry",
      ]);
      expect(await values(`cn=leads,${groups}`, "member")).toContain(dnOf("cat"));
    });
  });
}
