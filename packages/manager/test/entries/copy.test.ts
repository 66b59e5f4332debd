import { requirePrograms } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { base, dnOf, group, groups, ldif, people, unit, user } from "./content.ts";
import { baseDn, startDebianSlapd } from "./debian-slapd.ts";
import { type Served, type Server, serve } from "./served.ts";

const teams = `ou=teams,${baseDn}`;
const withSlapd = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });

withSlapd("copies", () => {
  let server: Server & AsyncDisposable;
  let served: Served;
  beforeAll(async () => {
    server = await startDebianSlapd({
      ldif: ldif([
        ...base,
        unit("teams"),
        unit("north", teams),
        [`uid=zed,ou=north,${teams}`, user("zed", 2007)[1]],
        user("ann", 2001, { uid: ["ann", "annie"], description: ["Anna of Delft", "ann's desk"] }),
        [`cn=Bob,${people}`, { objectClass: "inetOrgPerson", cn: ["Bob", "Robert"], sn: "B", uid: "bob" }],
        group("staff", "groupOfNames", { member: dnOf("ann") }),
        unit("many"),
        ...Array.from({ length: 1_000 }, (_, index) => unit(`u${index}`, `ou=many,${baseDn}`)),
      ]),
      // Another database, where nothing can be moved to.
      overlays: ["database ldif", 'suffix "dc=other"', 'rootdn "cn=admin,dc=other"', "directory /nonexistent"],
    });
    served = await serve(server);
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const copy = (dn: string, newDn: string, more: object = {}) =>
    served.ask("POST", "entries/copy", { dn, newDn, ...more });

  it("have a number of their own and no password, and say so", async () => {
    const preview = await copy(dnOf("ann"), dnOf("eve"), { preview: true });
    expect(preview.body.ldif).toContain("uidNumber: 2008\n");
    const { status, body } = await copy(dnOf("ann"), dnOf("eve"));
    expect([status, body.leftOut]).toEqual([
      200,
      [
        { attribute: "uidNumber", reason: "The copy has a new one.", entries: 1 },
        { attribute: "userPassword", reason: "It is a secret.", entries: 1 },
      ],
    ]);
    expect(body.warnings).toEqual(["cn, mail, homeDirectory, description still have ann in them."]);
    expect((await served.entry(dnOf("eve")))?.attributes).toEqual({
      objectClass: ["inetOrgPerson", "posixAccount", "shadowAccount"],
      ...{ uid: ["annie", "eve"], cn: ["ann example"], sn: ["example"], mail: ["ann@example.com"] },
      ...{ uidNumber: ["2008"], gidNumber: ["100"], homeDirectory: ["/home/ann"] },
      description: ["Anna of Delft", "ann's desk"],
    });
  });

  it("have what they are given, and what they are to keep", async () => {
    const attributes = { cn: ["Fay"], mail: [], homeDirectory: ["/home/fay"], description: [] };
    const { body } = await copy(dnOf("ann"), dnOf("fay"), { attributes, keep: ["userpassword", "uidNumber"] });
    expect(body.leftOut).toEqual([]);
    const { userPassword, ...rest } = (await served.entry(dnOf("fay")))?.attributes ?? {};
    expect(rest).toEqual({
      objectClass: ["inetOrgPerson", "posixAccount", "shadowAccount"],
      ...{ uid: ["annie", "fay"], cn: ["Fay"], sn: ["example"] },
      ...{ uidNumber: ["2001"], gidNumber: ["100"], homeDirectory: ["/home/fay"] },
    });
    expect(userPassword).toHaveLength(1);
  });

  it("warn of a login name that two entries would have", async () => {
    const { body } = await copy(`cn=Bob,${people}`, `cn=Rob,${people}`, { preview: true });
    expect(body.warnings[0]).toBe(
      "The copy has the same login name (bob): nobody can sign in by it any more. Give it another.",
    );
    expect(body.ldif).toContain("cn: Robert\ncn: Rob\n");
  });

  it("of a subtree have all below it, each with a number of its own", async () => {
    const { status, body } = await copy(teams, `ou=crews,${baseDn}`, { withChildren: true });
    expect([status, body.counts]).toEqual([200, { entries: 3 }]);
    const found = await served.entries(`ou=crews,${baseDn}`, { attributes: ["ou", "uidNumber"] });
    expect(found.map(({ dn, attributes }) => [dn, attributes])).toEqual([
      [`ou=crews,${baseDn}`, { ou: ["crews"] }],
      [`ou=north,ou=crews,${baseDn}`, { ou: ["north"] }],
      [`uid=zed,ou=north,ou=crews,${baseDn}`, { uidNumber: ["2009"] }],
    ]);
    await served.undo(body.id);
    expect(await served.entries(`ou=crews,${baseDn}`)).toEqual([]);
  });

  it("are refused below themselves, of too much, and where something is already", async () => {
    const codes = async (dn: string, newDn: string) => {
      const { status, body } = await copy(dn, newDn, { withChildren: true });
      return [status, body.code];
    };
    expect(await codes(teams, `ou=x,${teams}`)).toEqual([400, "invalid_request"]);
    expect(await codes(teams, teams.toUpperCase())).toEqual([400, "invalid_request"]);
    expect(await codes(`ou=many,${baseDn}`, `ou=more,${baseDn}`)).toEqual([413, "too_large"]);
    expect(await codes(dnOf("ann"), dnOf("eve"))).toEqual([409, "already_exists"]);
    expect(await codes(dnOf("ann"), `uid=ann,ou=nowhere,${baseDn}`)).toEqual([404, "no_such_entry"]);
    expect(await codes(dnOf("ghost"), dnOf("x"))).toEqual([404, "no_such_entry"]);
  });

  it("are what is left where the server moves nothing", async () => {
    const { status, body } = await served.ask("POST", "entries/move", {
      dn: `ou=north,${teams}`,
      newParent: "dc=other",
    });
    expect([status, body.code, body.ldap?.name]).toEqual([422, "refused_by_directory", "affectsMultipleDsas"]);
    expect(body.title).toContain("Nothing was changed. It can be copied");
    expect(await served.entry(`ou=north,${teams}`)).toBeDefined();
  });
});

withSlapd("who may not change an entry that refers to another", () => {
  it("does not rename that other one and break the reference", async () => {
    await using server = await startDebianSlapd({
      ldif: ldif([...base, user("ann", 2001), group("staff", "groupOfNames", { member: dnOf("ann") })]),
    });
    await using served = await serve(server, { may: (_action, dn) => !(dn ?? "").endsWith(groups) });
    const rename = { dn: dnOf("ann"), newRdn: "uid=anna" };
    const { status, body } = await served.ask("POST", "entries/rename", rename);
    expect([status, body.code, body.details]).toEqual([
      403,
      "not_allowed",
      { referrers: [`cn=staff,${groups}`], count: 1 },
    ]);
    expect(await served.entry(dnOf("ann"))).toBeDefined();
    expect((await served.ask("POST", "entries/rename", { ...rename, references: "leave" })).status).toBe(200);
  });
});
