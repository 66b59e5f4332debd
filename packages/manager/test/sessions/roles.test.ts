/** Who may do what: roles by user, by group of each kind, below a DN; read-only clusters; and how changes of groups are noticed. */
import { LdapClient } from "@espalier/ldap/client";
import { requirePrograms, type Slapd, sqliteDatabases } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { actions } from "../../src/sessions/session.ts";
import {
  admins,
  ann,
  annsPassword,
  auditors,
  baseDn,
  bob,
  editors,
  eve,
  helpdesk,
  newcomer,
  startDirectory,
} from "./directory.ts";
import { type Browser, type Manager, startManager } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
const people = `ou=people,${baseDn}`;
const groups = `ou=groups,${baseDn}`;

type ClusterOptions = NonNullable<Parameters<typeof startManager>[0]["clusters"]>[string];

describe("roles", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  const start = async (main: ClusterOptions): Promise<Manager> =>
    startManager({ slapd, url: await sqliteDatabases().create(), clusters: { main } });
  const signIn = async ({ browser }: Manager, name: string, password: string): Promise<Browser> => {
    const person = browser();
    const { status } = await person.signIn(name, password);
    expect(status).toBe(201);
    return person;
  };
  const allowed = async (person: Browser, dn?: string) => {
    const answers = await Promise.all(actions.map(async (action) => [action, await person.mayI(action, dn)]));
    return answers.filter(([, answer]) => answer === "yes").map(([action]) => action);
  };

  it("unless configured bind_dn is administrator, everybody else a viewer", async () => {
    const manager = await start({ bind_dn: slapd.serviceDn });
    expect(await allowed(await signIn(manager, "ann", annsPassword))).toEqual(["read"]);
    const admin = await signIn(manager, slapd.serviceDn.toUpperCase(), slapd.servicePassword);
    expect(await allowed(admin)).toEqual([...actions]);
  });

  it("come by member, uniqueMember and memberUid, and each allows what it says", async () => {
    const manager = await start({
      roles: [
        { role: "admin", groups: [admins] },
        { role: "helpdesk", groups: [helpdesk] },
        { role: "auditor", groups: [auditors] },
        { role: "viewer", users: [newcomer] },
      ],
    });
    expect(await allowed(await signIn(manager, "ann", annsPassword))).toEqual([...actions]);
    const bobs = await signIn(manager, "bob", "bob-password");
    expect(await allowed(bobs)).toEqual(["read", "password"]);
    expect((await bobs.get("/session")).body.clusters[0]).toMatchObject({
      roles: [{ role: "helpdesk" }],
      may: ["read", "password"],
    });
    expect(await allowed(await signIn(manager, "eve", "eve-password"))).toEqual(["read", "audit"]);
    const memberUid = await start({ roles: [{ role: "editor", groups: [editors] }] });
    expect(await allowed(await signIn(memberUid, "bob", "bob-password"))).toEqual(["read", "password", "write"]);
  });

  it("below a DN they hold for it and what is below it, however it is spelt", async () => {
    const manager = await start({
      roles: [
        { role: "viewer", users: ["*"] },
        { role: "editor", users: [bob], under: people },
      ],
    });
    const bobs = await signIn(manager, "bob", "bob-password");
    expect(await allowed(bobs)).toEqual(["read"]);
    const inside = [people, ann, "UID=x , OU=People,DC=EXAMPLE,dc=com"];
    for (const dn of inside) expect([dn, await bobs.mayI("write", dn)]).toEqual([dn, "yes"]);
    expect((await bobs.get("/session")).body.clusters[0]).toMatchObject({
      may: ["read"],
      maySomewhere: ["read", "password", "write"],
    });
    const outside = [groups, baseDn, `ou=peoples,${baseDn}`, `cn=x\\,${people}`, "not a dn", ""];
    for (const dn of outside) expect([dn, await bobs.mayI("write", dn)]).toEqual([dn, "not_allowed"]);
  });

  it("without any one sees nothing but oneself, and may set one's own password", async () => {
    const manager = await start({ roles: [{ role: "admin", users: [ann] }] });
    const eves = await signIn(manager, "eve", "eve-password");
    expect(await allowed(eves)).toEqual([]);
    expect(await allowed(eves, eve.toUpperCase())).toEqual(["read", "password"]);
    expect(await allowed(eves, bob)).toEqual([]);
  });

  it("the sentence names the role that would be needed", async () => {
    const manager = await start({});
    const person = await signIn(manager, "bob", "bob-password");
    const { body } = await person.get(`/probe/main/require?action=write&dn=${encodeURIComponent(ann)}`);
    expect(body.title).toBe(`You need the role editor or admin for ${ann} for this.`);
  });

  it("in a read-only cluster nobody changes anything, their own password neither", async () => {
    const manager = await start({ bind_dn: slapd.serviceDn, readonly: true });
    const admin = await signIn(manager, slapd.serviceDn, slapd.servicePassword);
    const answers = await Promise.all(actions.map(async (action) => [action, await admin.mayI(action)]));
    expect(Object.fromEntries(answers)).toEqual({
      ...{ read: "yes", audit: "yes" },
      ...{ password: "read_only", write: "read_only", admin: "read_only" },
    });
    expect(await admin.mayI("password", slapd.serviceDn)).toBe("read_only");
  });

  it("a group that was left is noticed within minutes, and at once on demand", async () => {
    const manager = await start({ roles: [{ role: "helpdesk", groups: [helpdesk] }] });
    const person = await signIn(manager, "bob", "bob-password");
    const set = async (operation: "add" | "delete") => {
      await using client = await LdapClient.connect({ url: slapd.url });
      await client.bind(slapd.rootDn, slapd.rootPassword);
      const values = operation === "delete" ? [bob, ann] : [bob];
      // A group of unique names keeps one member at least.
      if (operation === "delete") {
        await client.modify(helpdesk, [
          { operation: "add", modification: { type: "uniqueMember", values: [Buffer.from(ann)] } },
        ]);
      }
      const [value = ""] = values;
      await client.modify(helpdesk, [
        { operation, modification: { type: "uniqueMember", values: [Buffer.from(value)] } },
      ]);
    };
    expect(await person.mayI("password")).toBe("yes");
    await set("delete");
    expect(await person.mayI("password")).toBe("yes");
    manager.clock.pass(5 * 60_000);
    expect(await person.mayI("password")).toBe("not_allowed");
    await set("add");
    expect(await person.mayI("password")).toBe("not_allowed");
    expect((await person.get("/session?refresh=true")).body.clusters[0].may).toEqual(["read", "password"]);
    expect(await person.mayI("password")).toBe("yes");
  });

  it("whose groups cannot be read has none of their roles, and is asked for again in a minute", async () => {
    const manager = await start({ roles: [{ role: "helpdesk", groups: [helpdesk] }] });
    const person = await signIn(manager, newcomer, "first-password");
    // Who has to change the password may read nothing before.
    expect(await allowed(person)).toEqual([]);
  });

  it("groups are read by the configured account where there is one", async () => {
    const manager = await start({
      ...{ bind_dn: slapd.serviceDn, bind_password: slapd.servicePassword },
      roles: [{ role: "helpdesk", groups: [helpdesk] }],
    });
    expect(await allowed(await signIn(manager, "bob", "bob-password"))).toEqual(["read", "password"]);
  });

  it("another configuration holds from the next request on", async () => {
    const url = await sqliteDatabases().create();
    const before = await startManager({ slapd, url, clusters: { main: { roles: [{ role: "admin", users: [bob] }] } } });
    const person = await signIn(before, "bob", "bob-password");
    expect(await person.mayI("admin")).toBe("yes");
    const after = await startManager({
      ...{ slapd, url, clock: before.clock },
      clusters: { main: { roles: [{ role: "helpdesk", groups: [helpdesk] }] } },
    });
    expect(await allowed(person.at(after))).toEqual(["read", "password"]);
  });
});
