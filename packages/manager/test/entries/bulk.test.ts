import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { base, dnOf, ldif, people, user } from "./content.ts";
import { type Served, type Server, serve } from "./served.ts";
import { directory389, plainSlapd } from "./servers.ts";

const content = ldif([
  ...base,
  user("ann", 2001, { title: "Engineer", telephoneNumber: ["1", "2"] }),
  user("bob", 2002, { title: "engineer" }),
  user("cat", 2003, { title: "Manager" }),
  [`cn=Named,${people}`, { objectClass: "inetOrgPerson", cn: ["Named", "Other"], sn: "N", title: "Manager" }],
]);

for (const kind of [plainSlapd, directory389]) {
  kind.group(`a bulk edit on ${kind.name}`, () => {
    let server: Server & AsyncDisposable;
    let served: Served;
    beforeAll(async () => {
      server = await kind.start(content);
    });
    beforeEach(async () => {
      await served?.[Symbol.asyncDispose]();
      served = await serve(server);
    });
    afterAll(async () => {
      await served?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });
    const bulk = (body: object) => served.ask("POST", "bulk", body);

    it("shows what would change in each entry, changes that and nothing else, and does it once", async () => {
      const request = {
        select: { base: people, filter: "(title=*)" },
        edit: [
          { attribute: "title", action: "replace", values: ["Engineer"] },
          { attribute: "telephoneNumber", action: "remove", values: ["2", "9"] },
          { attribute: "description", action: "add", values: ["moved"] },
        ],
      };
      const { body: preview } = await bulk({ ...request, preview: true });
      expect(preview.counts).toEqual({ selected: 4, changed: 4, unchanged: 0, refused: 0 });
      expect(preview.entries.find(({ dn }: { dn: string }) => dn === dnOf("ann"))).toEqual({
        dn: dnOf("ann"),
        changes: [
          { operation: "delete", attribute: "telephoneNumber", values: ["2"] },
          { operation: "add", attribute: "description", values: ["moved"] },
        ],
      });
      expect((await served.entry(dnOf("ann"), "description"))?.attributes).toEqual({});

      const done = await bulk({ ...request, expected: 4 });
      expect([done.status, done.body.outcome, done.body.results.length]).toEqual([200, "applied", 4]);
      const found = await served.entries(people, { filter: "(title=*)", attributes: ["title", "description"] });
      expect(found.map(({ attributes }) => attributes)).toEqual(
        Array.from({ length: 4 }, () => ({ title: ["Engineer"], description: ["moved"] })),
      );
      const again = await bulk(request);
      expect([again.status, again.body.counts]).toEqual([200, { selected: 4, changed: 0, unchanged: 4, refused: 0 }]);
    });

    it("does nothing where another number of entries would change than was shown", async () => {
      const { status, body } = await bulk({
        ...{ select: { base: people, filter: "(uid=*)" }, expected: 2 },
        edit: [{ attribute: "description", action: "clear" }],
      });
      expect([status, body.code, body.details]).toEqual([409, "conflict", { entries: 3, expected: 2 }]);
    });

    it("leaves what names an entry, names what is not there, and does the rest", async () => {
      const { status, body } = await bulk({
        select: { dns: [`cn=Named,${people}`, dnOf("ghost"), dnOf("cat")] },
        edit: [{ attribute: "cn", action: "replace", values: ["Same"] }],
      });
      expect([status, body.outcome, body.refused]).toEqual([
        207,
        "partial",
        [
          { dn: dnOf("ghost"), reason: "There is no such entry, or you may not see it." },
          { dn: `cn=Named,${people}`, reason: "cn names it: rename it in place of changing that." },
        ],
      ]);
      expect((await served.entry(dnOf("cat"), "cn"))?.attributes).toEqual({ cn: ["Same"] });
    });

    it("changes no secrets and nothing that the server keeps", async () => {
      const edit = async (attribute: string, action = "replace", values = ["x"]) => {
        const answer = await bulk({ select: { dns: [dnOf("cat")] }, edit: [{ attribute, action, values }] });
        return [answer.status, answer.body.errors];
      };
      expect(await edit("userPassword")).toEqual([
        400,
        [{ path: "edit.userPassword", message: "userPassword is a secret: passwords are set one by one." }],
      ]);
      expect(await edit("createTimestamp")).toEqual([
        400,
        [{ path: "edit.createTimestamp", message: "createTimestamp is kept by the server." }],
      ]);
      expect((await edit("title", "clear"))[0]).toBe(400);
      expect((await edit("title", "add", []))[0]).toBe(400);
    });

    it("goes on behind an entry that the directory refuses, and says which", async () => {
      const { status, body } = await bulk({
        select: { base: people, filter: "(|(uid=ann)(cn=Named))" },
        edit: [{ attribute: "gecos", action: "replace", values: ["x"] }],
      });
      const statuses = Object.fromEntries(
        body.results.map((result: { dn: string; status: string }) => [result.dn, result.status]),
      );
      expect([status, statuses]).toEqual([207, { [dnOf("ann")]: "applied", [`cn=Named,${people}`]: "failed" }]);
    });

    it("is refused for entries that one may not change", async () => {
      await using limited = await serve(server, { may: (_action, dn) => dn !== dnOf("bob") });
      const { status, body } = await limited.ask("POST", "bulk", {
        select: { base: people, filter: "(uid=*)" },
        edit: [{ attribute: "description", action: "replace", values: ["limited"] }],
      });
      expect([status, body.refused]).toEqual([207, [{ dn: dnOf("bob"), reason: "You would need the action write." }]]);
      expect((await served.entry(dnOf("bob"), "description"))?.attributes).toEqual({ description: ["moved"] });
    });
  });
}
