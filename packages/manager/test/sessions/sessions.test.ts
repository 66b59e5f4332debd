/** Sessions: listed, revoked, outlived, lost with their password, and the same at every manager of a store. */
import { createHash } from "node:crypto";
import { LdapClient } from "@espalier/ldap/client";
import { sql } from "@espalier/service";
import { forEachDatabase, requirePrograms, type Slapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, annsPassword, bob, startDirectory } from "./directory.ts";
import { type Manager, startManager, typesOf } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
const minuteMs = 60_000;

describe("sessions", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  const changePassword = async (dn: string, password: string) => {
    await using client = await LdapClient.connect({ url: slapd.url });
    await client.bind(slapd.rootDn, slapd.rootPassword);
    await client.modify(dn, [
      { operation: "replace", modification: { type: "userPassword", values: [Buffer.from(password)] } },
    ]);
  };
  const newPerson = async (uid: string, password: string) => {
    await using client = await LdapClient.connect({ url: slapd.url });
    await client.bind(slapd.rootDn, slapd.rootPassword);
    const dn = `uid=${uid},ou=people,dc=example,dc=com`;
    const text = (type: string, value: string) => ({ type, values: [Buffer.from(value)] });
    await client.add(dn, [
      ...[text("objectClass", "inetOrgPerson"), text("uid", uid), text("cn", uid), text("sn", uid)],
      text("userPassword", password),
    ]);
    return dn;
  };

  forEachDatabase((databases) => {
    const start = async (more: Partial<Parameters<typeof startManager>[0]> = {}): Promise<Manager> =>
      startManager({ slapd, url: await databases.create(), ...more });

    it("the store has a digest of the token, and the password encrypted", async () => {
      const { browser, store } = await start();
      const person = browser();
      await person.signIn("ann", annsPassword);
      const token = person.cookies.get("espalier_session") ?? "";
      const [row] = await store.all(sql`SELECT token_hash, dn FROM manager_sessions`);
      const hash = createHash("sha256").update(token).digest("hex");
      expect({ ...row, token_hash: Buffer.from(row?.token_hash as Uint8Array).toString("hex") }).toEqual({
        token_hash: hash,
        dn: ann,
      });
      const [{ secret } = {}] = await store.all(sql`SELECT secret FROM manager_connections`);
      expect(Buffer.from(secret as Uint8Array).includes(Buffer.from(annsPassword))).toBe(false);
    });

    it("everybody sees and ends their own, and nobody else's", async () => {
      const { browser, events } = await start();
      const [one, other, bobs] = [browser("192.0.2.1"), browser("192.0.2.2"), browser("192.0.2.3")];
      await one.signIn("ann", annsPassword);
      await other.signIn(ann, annsPassword);
      await bobs.signIn("bob", "bob-password");
      const mine = (await one.get("/sessions")).body.sessions;
      expect(mine.map((each: object) => ({ ...each, id: "" }))).toEqual(
        expect.arrayContaining(
          [true, false].map((current) => ({
            ...{ id: "", name: ann, clusters: ["main"], method: "password", userAgent: "A browser", current },
            address: current ? "192.0.2.1" : "192.0.2.2",
            createdAt: Date.parse("2026-01-10T12:00:00Z"),
            usedAt: Date.parse("2026-01-10T12:00:00Z"),
            expiresAt: Date.parse("2026-01-11T00:00:00Z"),
          })),
        ),
      );
      expect(mine).toHaveLength(2);
      const theirs = (await bobs.get("/sessions")).body.sessions[0].id;
      expect((await one.send("DELETE", `/sessions/${theirs}`)).status).toBe(404);
      const notCurrent = mine.find(({ current }: { current: boolean }) => !current).id;
      expect((await one.send("DELETE", `/sessions/${notCurrent}`)).status).toBe(204);
      expect((await other.whoAmI()).status).toBe(401);
      expect((await bobs.whoAmI()).status).toBe(200);
      expect(events.at(-1)).toEqual({
        ...{ type: "session.revoked", severity: "low", source: "manager", audit: true, subject: ann, actor: ann },
        data: { cluster: "main", session: notCurrent, address: "192.0.2.1" },
      });
    });

    it("an administrator sees and ends everybody's", async () => {
      const { browser } = await start({
        clusters: {
          main: {
            roles: [
              { role: "admin", users: [ann] },
              { role: "viewer", users: ["*"] },
            ],
          },
        },
      });
      const [admin, bobs] = [browser(), browser()];
      await admin.signIn("ann", annsPassword);
      await bobs.signIn("bob", "bob-password");
      const all = (await admin.get("/sessions")).body.sessions as { id: string; name: string }[];
      expect(all.map(({ name }) => name).sort()).toEqual([ann, bob]);
      const id = all.find(({ name }) => name === bob)?.id;
      expect((await admin.send("DELETE", `/sessions/${id}`)).status).toBe(204);
      expect((await bobs.get("/session")).status).toBe(401);
    });

    it("a session that is not used ends, and its use is noted once a minute", async () => {
      const { browser, clock, store, service, events } = await start();
      const person = browser();
      await person.signIn("bob", "bob-password");
      const usedAt = async () => {
        await service.sessions.settled();
        return (await store.first(sql`SELECT used_at FROM manager_sessions`))?.used_at;
      };
      const openedAt = clock.now;
      clock.pass(59_000);
      await person.whoAmI();
      expect(await usedAt()).toBe(openedAt);
      clock.pass(2_000);
      await Promise.all([person.whoAmI(), person.whoAmI(), person.whoAmI()]);
      expect(await usedAt()).toBe(openedAt + 61_000);
      clock.pass(29 * minuteMs);
      expect((await person.whoAmI()).status).toBe(200);
      await service.sessions.settled();
      clock.pass(30 * minuteMs);
      expect((await person.whoAmI()).status).toBe(401);
      expect(events.at(-1)).toMatchObject({ type: "session.closed", data: { reason: "idle" } });
      expect(await store.all(sql`SELECT 1 FROM manager_connections`)).toEqual([]);
    });

    it("a session that is used ends after its longest time", async () => {
      const { browser, clock, service, events } = await start();
      const person = browser();
      await person.signIn("bob", "bob-password");
      for (let minutes = 0; minutes < 720; minutes += 20) {
        expect((await person.get("/session")).status).toBe(200);
        await service.sessions.settled();
        clock.pass(20 * minuteMs);
      }
      expect((await person.get("/session")).status).toBe(401);
      expect(events.at(-1)).toMatchObject({ type: "session.closed", data: { reason: "too old" } });
    });

    it("what nobody comes back for is swept up", async () => {
      const { browser, clock, service, store, events } = await start();
      await browser().signIn("bob", "bob-password");
      clock.pass(31 * minuteMs);
      await service.sessions.sweep();
      expect(await store.all(sql`SELECT id FROM manager_sessions`)).toEqual([]);
      expect(await store.all(sql`SELECT session_id FROM manager_connections`)).toEqual([]);
      expect(typesOf(events)).toEqual(["session.opened", "session.closed"]);
    });

    it("another manager with the same key file and store serves the session", async () => {
      const url = await databases.create();
      const one = await start({ url });
      const other = await start({ url, clock: one.clock });
      const here = one.browser();
      await here.signIn("ann", annsPassword);
      const there = here.at(other);
      expect((await there.whoAmI()).body).toEqual({ dn: ann, reads: [ann] });
      expect((await there.send("POST", "/probe")).status).toBe(204);
      await there.send("DELETE", "/session");
      expect((await here.whoAmI()).status).toBe(401);
    });

    it("with another key the session is there, and its secret is not", async () => {
      const url = await databases.create();
      const one = await start({ url });
      const other = await start({ url, clock: one.clock, key: new Uint8Array(32).fill(8) });
      const here = one.browser();
      await here.signIn("ann", annsPassword);
      const { status, body } = await here.at(other).whoAmI();
      expect([status, body.code]).toEqual([403, "not_connected"]);
    });

    it("a secret that was moved to another session's row opens nothing", async () => {
      const { browser, store } = await start();
      const [anns, bobs] = [browser(), browser()];
      await anns.signIn("ann", annsPassword);
      await bobs.signIn("bob", "bob-password");
      const [a, b] = await store.all<{ session_id: string; secret: Uint8Array; generation: string }>(
        sql`SELECT session_id, secret, generation FROM manager_connections ORDER BY dn`,
      );
      await store.write((transaction) =>
        transaction.run(
          sql`UPDATE manager_connections SET secret = ${a?.secret ?? null}, generation = ${a?.generation}
            WHERE session_id = ${b?.session_id ?? ""}`,
        ),
      );
      expect((await bobs.whoAmI()).body.code).toBe("not_connected");
    });

    it("a session ends when the directory does not take its password any more", async () => {
      const { browser, service, clusters, events } = await start();
      const dn = await newPerson(`leaver-${databases.kind}`, "leaver-password");
      const person = browser();
      await person.signIn(dn, "leaver-password");
      await changePassword(dn, "another-password");
      const identity = (await service.sessions.find(person.cookies.get("espalier_session") ?? ""))?.identity("main");
      clusters.forget(identity?.key ?? "");
      expect((await person.whoAmI()).body.code).toBe("wrong_credentials");
      await service.sessions.settled();
      expect((await person.get("/session")).status).toBe(401);
      expect(events.at(-1)).toMatchObject({
        ...{ type: "session.closed", subject: dn },
        data: { reason: "the directory refused its password" },
      });
    });

    it("who changes the password in a session goes on with it, and other sessions end", async () => {
      const { browser, service, clusters } = await start();
      const dn = await newPerson(`changer-${databases.kind}`, "old-password");
      const [here, there] = [browser(), browser()];
      await here.signIn(dn, "old-password");
      await there.signIn(dn, "old-password");
      const find = async (person: typeof here) => {
        const found = await service.sessions.find(person.cookies.get("espalier_session") ?? "");
        if (found === undefined) throw new Error("the session has ended");
        return found;
      };
      await changePassword(dn, "new-password");
      await service.sessions.passwordChanged(await find(here), "main", "new-password");
      for (const person of [here, there]) clusters.forget((await find(person)).identity("main").key);
      expect((await here.whoAmI()).body.dn).toBe(dn);
      expect((await there.whoAmI()).status).toBe(401);
      await service.sessions.settled();
      expect((await there.get("/session")).status).toBe(401);
    });

    it("a further cluster is connected to with a name of its own, and dropped again", async () => {
      const { browser, events } = await start({ clusters: { main: {}, other: {} } });
      const person = browser();
      await person.signIn("ann", annsPassword);
      expect((await person.whoAmI("other")).body.code).toBe("not_connected");
      const connect = (name: string, password: string) =>
        person.send("POST", "/session/clusters", { cluster: "other", name, password });
      expect((await connect("bob", "wrong")).body.code).toBe("wrong_credentials");
      const { body } = await connect("bob", "bob-password");
      expect(body.clusters.map(({ name, dn }: { name: string; dn: string }) => [name, dn])).toEqual([
        ["main", ann],
        ["other", bob],
      ]);
      expect((await person.whoAmI("other")).body).toEqual({ dn: bob, reads: [bob] });
      expect((await person.whoAmI()).body.dn).toBe(ann);
      expect((await person.send("DELETE", "/session/clusters/other")).status).toBe(204);
      expect((await person.whoAmI("other")).body.code).toBe("not_connected");
      expect((await person.send("DELETE", "/session/clusters/main")).status).toBe(204);
      expect((await person.get("/session")).status).toBe(401);
      expect(typesOf(events)).toEqual([
        ...["session.opened", "session.refused", "session.connected", "session.disconnected", "session.closed"],
      ]);
    });

    it("a person has a hundred sessions at most: the oldest ends", async () => {
      const { browser, clock, store } = await start();
      const first = browser();
      await first.signIn("bob", "bob-password");
      for (let count = 0; count < 100; count += 1) {
        clock.pass(1);
        expect((await browser().signIn(bob, "bob-password")).status).toBe(201);
      }
      expect(await store.first(sql`SELECT count(*) AS count FROM manager_sessions`)).toEqual({ count: 100 });
      expect((await first.get("/session")).status).toBe(401);
    });

    it("the store being away lets nobody in, and is said", async () => {
      const { browser, store } = await start();
      const person = browser();
      await person.signIn("bob", "bob-password");
      await store.close();
      const answer = await person.get("/session");
      expect([answer.status, answer.body.code]).toEqual([503, "unavailable"]);
      expect((await browser().signIn("bob", "bob-password")).status).toBe(503);
    });
  });
});
