/** The shared account of a cluster: tried, kept for an hour, and of use to the named roles alone. */
import { sql } from "@espalier/service";
import { forEachDatabase, requirePrograms, type Slapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, annsPassword, eve, startDirectory } from "./directory.ts";
import { type Browser, startManager, typesOf } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("a shared login", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  forEachDatabase((databases) => {
    const start = async () => {
      const main = {
        bind_dn: slapd.serviceDn,
        shared_login: { roles: ["editor" as const] },
        roles: [
          { role: "editor" as const, users: [ann, eve] },
          { role: "viewer" as const, users: ["*"] },
        ],
      };
      const manager = await startManager({ slapd, url: await databases.create(), clusters: { main, own: {} } });
      const people = async (name: string, password: string) => {
        const person = manager.browser();
        expect((await person.signIn(name, password)).status).toBe(201);
        return person;
      };
      return {
        manager,
        anns: await people("ann", annsPassword),
        eves: await people("eve", "eve-password"),
        bobs: await people("bob", "bob-password"),
      };
    };
    const shared = async (person: Browser, more: object, cluster = "main") => {
      const { status, body } = await person.send("POST", "/session/clusters", { cluster, ...more });
      return status === 200 ? body.clusters[0].actsAs : body.code;
    };
    const dnOf = async (person: Browser) => (await person.whoAmI()).body.dn;

    it("is taken when the directory takes it, each time anew", async () => {
      const { manager, anns } = await start();
      expect(await shared(anns, { shared: true, password: "wrong" })).toBe("wrong_credentials");
      expect(await shared(anns, { shared: true, password: "" })).toBe("wrong_credentials");
      expect(await shared(anns, { shared: true })).toBe("not_found");
      expect(await shared(anns, { shared: true, password: slapd.servicePassword })).toBe("shared");
      expect(await dnOf(anns)).toBe(slapd.serviceDn);
      // With the right one kept, a wrong one is refused all the same.
      expect(await shared(anns, { shared: true, password: "wrong" })).toBe("wrong_credentials");
      expect(await dnOf(anns)).toBe(slapd.serviceDn);
      expect(typesOf(manager.events).filter((type) => type.startsWith("shared"))).toEqual(["shared_password.given"]);
      expect(manager.events.find(({ type }) => type === "shared_password.given")).toMatchObject({
        ...{ subject: slapd.serviceDn, actor: ann, audit: true },
        data: { cluster: "main", address: "192.0.2.7" },
      });
    });

    it("is used by others of the roles, who are noted, and not by anybody else", async () => {
      const { manager, anns, eves, bobs } = await start();
      await shared(anns, { shared: true, password: slapd.servicePassword });
      const login = async (person: Browser) => (await person.get("/session")).body.clusters[0].sharedLogin;
      expect([await login(eves), await login(bobs)]).toEqual([{ kept: true }, undefined]);
      expect(await dnOf(eves)).toBe(eve);
      expect(await shared(eves, { shared: true })).toBe("shared");
      expect(await dnOf(eves)).toBe(slapd.serviceDn);
      expect(await shared(bobs, { shared: true })).toBe("not_allowed");
      expect(await shared(bobs, { shared: true, password: slapd.servicePassword })).toBe("not_allowed");
      expect(await shared(anns, { shared: true, password: "x" }, "own")).toBe("not_connected");
      expect(manager.events.at(-1)).toMatchObject({ type: "shared_password.used", actor: eve });
      // A role that was granted under it does not come with the account.
      expect(await eves.mayI("admin")).toBe("not_allowed");
    });

    it("is kept for an hour; then people are themselves again", async () => {
      const { manager, anns } = await start();
      await shared(anns, { shared: true, password: slapd.servicePassword });
      for (let count = 0; count < 3; count += 1) {
        manager.clock.pass(19 * 60_000);
        expect(await dnOf(anns)).toBe(slapd.serviceDn);
        await manager.service.sessions.settled();
      }
      manager.clock.pass(3 * 60_000);
      expect(await dnOf(anns)).toBe(ann);
      expect((await anns.get("/session")).body.clusters[0]).toMatchObject({
        actsAs: "self",
        sharedLogin: { kept: false },
      });
      await manager.service.sessions.sweep();
      expect(await manager.store.all(sql`SELECT cluster FROM manager_shared_passwords`)).toEqual([]);
    });

    it("is left, or forgotten for all", async () => {
      const { manager, anns, eves } = await start();
      await shared(anns, { shared: true, password: slapd.servicePassword });
      await shared(eves, { shared: true });
      expect(await shared(anns, { shared: false })).toBe("self");
      expect([await dnOf(anns), await dnOf(eves)]).toEqual([ann, slapd.serviceDn]);
      const { sharedLogin, sessions } = manager.service;
      const open = await sessions.find(anns.cookies.get("espalier_session") ?? "");
      if (open === undefined) throw new Error("the session has ended");
      expect(await sharedLogin.isKept(open, "main")).toBe(true);
      expect(await sharedLogin.forget(open, "main", "192.0.2.7")).toBe(true);
      expect(await sharedLogin.forget(open, "main", "192.0.2.7")).toBe(false);
      expect(await dnOf(eves)).toBe(eve);
      expect(typesOf(manager.events).filter((type) => type === "shared_password.forgotten")).toHaveLength(1);
    });

    it("that the directory refuses is dropped, and nobody's session with it", async () => {
      const { manager, anns } = await start();
      await shared(anns, { shared: true, password: slapd.servicePassword });
      const { sessions } = manager.service;
      const open = await sessions.find(anns.cookies.get("espalier_session") ?? "");
      sessions.refused(open?.identity("main").key ?? "");
      await sessions.settled();
      expect(await dnOf(anns)).toBe(ann);
      expect(manager.events.at(-1)).toMatchObject({ type: "shared_password.refused", subject: slapd.serviceDn });
    });
  });
});
