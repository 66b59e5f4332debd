/** Signing in: as oneself, by a bind, with what the directory says of the password; and nothing told to those who are refused. */
import { sql } from "@espalier/service";
import { forEachDatabase, requirePrograms, type Slapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, annsPassword, bob, eve, late, newcomer, startDirectory, tooLate } from "./directory.ts";
import { type Manager, startManager, typesOf } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("signing in", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  forEachDatabase((databases) => {
    const start = async (more: Partial<Parameters<typeof startManager>[0]> = {}): Promise<Manager> =>
      startManager({ slapd, url: await databases.create(), ...more });

    it("nothing is answered without signing in but how one can", async () => {
      const { browser, app } = await start();
      const stranger = browser();
      expect(await stranger.get("/session/options")).toMatchObject({
        status: 200,
        body: { clusters: [{ name: "main", description: "" }], oidc: [] },
      });
      const routes = ["/session", "/sessions", "/probe/main/whoami", "/probe/main/require?action=read"];
      const answers = await Promise.all(routes.map((path) => stranger.get(path)));
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(routes.map(() => [401, "not_signed_in"]));
      expect((await stranger.send("POST", "/probe")).status).toBe(401);
      expect(app.hasRoute({ method: "GET", url: "/api/v1/session" })).toBe(true);
    });

    it("people sign in by DN, uid or mail, and the directory sees themselves", async () => {
      const { browser } = await start();
      for (const name of [ann, ann.toUpperCase(), "ann", "ANN", " ann ", "ann@example.com"]) {
        const person = browser();
        const answer = await person.signIn(name, annsPassword);
        expect([name, answer.status]).toEqual([name, 201]);
        expect((await person.whoAmI()).body.dn.toLowerCase()).toBe(ann);
      }
    });

    it("twenty programs that sign in as one person at once are all let in", async () => {
      const { browser } = await start();
      const programs = Array.from({ length: 20 }, (_, index) =>
        browser().signIn(index % 2 === 0 ? "ann" : ann, annsPassword),
      );
      expect((await Promise.all(programs)).map(({ status }) => status)).toEqual(Array(20).fill(201));
    });

    it("a password is sent as it was typed: P<ss&w0rd, spaces and all", async () => {
      const { browser } = await start();
      expect((await browser().signIn("ann", annsPassword)).status).toBe(201);
      expect((await browser().signIn("ann", annsPassword.trim())).status).toBe(401);
    });

    it("a wrong password is refused also while a right one is kept for somebody", async () => {
      const { browser } = await start();
      const right = browser();
      expect((await right.signIn("bob", "bob-password")).status).toBe(201);
      expect((await right.whoAmI()).status).toBe(200);
      expect((await browser().signIn("bob", "wrong")).status).toBe(401);
      expect((await right.whoAmI()).status).toBe(200);
    });

    it("whatever is wrong, the answer is the same and takes as long", async () => {
      const { browser, events } = await start();
      const attempts = [
        ["bob", "wrong"],
        [bob, "wrong"],
        ["nobody", "bob-password"],
        [`uid=nobody,${bob}`, "bob-password"],
        ["team@example.com", "bob-password"],
        ["bob", ""],
        ["*", "bob-password"],
        ["bob)(uid=*", "bob-password"],
        ["x".repeat(600), "bob-password"],
      ] as const;
      const answers = [];
      for (const [index, [name, password]] of attempts.entries()) {
        const startedMs = performance.now();
        const { status, body } = await browser(`192.0.2.${index}`).signIn(name, password);
        answers.push({ status, body, isSlow: performance.now() - startedMs >= 390 });
      }
      const refusal = {
        ...{ type: "about:blank", status: 401, code: "wrong_credentials" },
        title: "This name and password are not accepted.",
      };
      const tooLong = answers.pop();
      expect(answers).toEqual(answers.map(() => ({ status: 401, body: refusal, isSlow: true })));
      expect(tooLong?.body.code).toBe("invalid_request");
      expect(typesOf(events)).toEqual(answers.map(() => "session.refused"));
      expect(events.map(({ data }) => data?.reason)).toEqual([
        ...["wrong password", "wrong password", "there is no such person", "wrong password"],
        ...["several entries have this name", "empty password", "there is no such person", "there is no such person"],
      ]);
    });

    it("a wrong password is tried once at the directory", async () => {
      const { browser } = await start();
      const binds = () => slapd.process.log.split(`BIND dn="${eve}" method`).length;
      const before = binds();
      await browser().signIn(eve, "wrong");
      expect(binds() - before).toBe(1);
    });

    it("an unknown cluster is named as such", async () => {
      const { browser } = await start();
      const answer = await browser().signIn("ann", annsPassword, { cluster: "other" });
      expect([answer.status, answer.body.code]).toEqual([404, "no_such_cluster"]);
    });

    it("what the directory says of the password is told", async () => {
      const { browser } = await start();
      const notes = async (name: string, password: string) => {
        const { status, body } = await browser().signIn(name, password);
        return [status, status === 201 ? body.clusters[0].password : body.details];
      };
      expect(await notes("bob", "bob-password")).toEqual([201, undefined]);
      expect(await notes(newcomer, "first-password")).toEqual([201, { mustChange: true }]);
      expect(await notes(late, "late-password")).toEqual([201, { mustChange: false, graceLeft: expect.any(Number) }]);
      const [, warned] = await notes("eve", "eve-password");
      expect(warned).toEqual({ mustChange: false, expiresInSeconds: expect.any(Number) });
      expect(warned.expiresInSeconds).toBeGreaterThan(80_000);
      expect(warned.expiresInSeconds).toBeLessThanOrEqual(86_400);
      expect(await notes(tooLate, "toolate-password")).toEqual([401, { password: { expired: true } }]);
      expect(await notes(tooLate, "wrong")).toEqual([401, undefined]);
    });

    it("people are looked for with the configured account, where there is one", async () => {
      const account = { bind_dn: slapd.serviceDn, bind_password: slapd.servicePassword };
      const { browser } = await start({ clusters: { main: account } });
      const before = slapd.process.log.split(`BIND dn="${slapd.serviceDn}"`).length;
      expect((await browser().signIn("ann", annsPassword)).status).toBe(201);
      expect(slapd.process.log.split(`BIND dn="${slapd.serviceDn}"`).length).toBeGreaterThan(before);
    });

    it("a configured account that is refused is not taken for a wrong password", async () => {
      const account = { bind_dn: slapd.serviceDn, bind_password: "changed since" };
      const { browser, events } = await start({ clusters: { main: account } });
      const answer = await browser().signIn("ann", annsPassword);
      expect([answer.status, answer.body.title]).toEqual([503, expect.stringContaining("bind_password")]);
      expect(events).toEqual([]);
      expect((await browser().signIn(ann, annsPassword)).status).toBe(201);
    });

    it("the first node being down keeps nobody out", async () => {
      const nodes = [
        { host: "127.0.0.1", port: 1, name: "down" },
        { host: "127.0.0.1", port: slapd.port, name: "up" },
      ];
      const { browser } = await start({ clusters: { main: { host: undefined, port: undefined, nodes } } });
      const person = browser();
      expect((await person.signIn("ann", annsPassword)).status).toBe(201);
      expect((await person.whoAmI()).body.dn).toBe(ann);
    });

    it("a directory that is away is said to be, and costs no try", async () => {
      const { browser } = await start({ slapd: { ...slapd, port: 1 }, config: { rateLimits: { signInTries: 2 } } });
      for (const _ of [1, 2, 3, 4]) expect((await browser().signIn(ann, annsPassword)).status).toBe(503);
    });

    it("the cookie is out of reach of scripts and other sites", async () => {
      const { browser } = await start();
      const { headers } = await browser().signIn("bob", "bob-password");
      expect(headers["set-cookie"]).toMatch(
        /^espalier_session=[A-Za-z0-9_-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
      );
    });

    it("over https the cookie is kept to https, and to this host", async () => {
      const { browser } = await start({ config: { publicUrl: "https://ldap.example.com" } });
      const person = browser();
      person.origin = "https://ldap.example.com";
      const { headers } = await person.signIn("bob", "bob-password");
      expect(headers["set-cookie"]).toMatch(
        /^__Host-espalier_session=[A-Za-z0-9_-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      );
      expect((await person.whoAmI()).status).toBe(200);
      const [[, token] = ["", ""]] = person.cookies;
      person.cookies.clear();
      person.cookies.set("espalier_session", token);
      expect((await person.whoAmI()).status).toBe(401);
    });

    it("below a path the cookie is sent to that path alone", async () => {
      const { browser } = await start({ config: { publicUrl: "https://example.com", contextPath: "/ldap" } });
      const person = browser();
      person.origin = "https://example.com";
      const { headers } = await person.signIn("bob", "bob-password");
      expect(headers["set-cookie"]).toMatch(/^espalier_session=[^;]+; Max-Age=43200; Path=\/ldap; HttpOnly; Secure;/);
      expect((await person.whoAmI()).status).toBe(200);
    });

    it("signing out drops the session, its secrets and its connections", async () => {
      const { browser, store, events, dropped } = await start();
      const person = browser();
      const session = (await person.signIn("bob", "bob-password")).body.id;
      const [connection] = await store.all(sql`SELECT generation FROM manager_connections`);
      await person.whoAmI();
      const stolen = new Map(person.cookies);
      expect((await person.send("DELETE", "/session")).status).toBe(204);
      expect(person.cookies.size).toBe(0);
      for (const [name, value] of stolen) person.cookies.set(name, value);
      expect((await person.whoAmI()).status).toBe(401);
      expect(await store.all(sql`SELECT * FROM manager_connections`)).toEqual([]);
      expect(typesOf(events)).toEqual(["session.opened", "session.closed"]);
      expect(events.at(-1)).toMatchObject({ subject: bob, data: { reason: "signed out" } });
      expect(dropped).toEqual([`${session}/main/${String(connection?.generation)}`]);
    });

    it("signing in again in the same browser ends the session before", async () => {
      const { browser, events } = await start();
      const person = browser();
      await person.signIn("bob", "bob-password");
      const [before] = [...person.cookies.values()];
      await person.signIn("ann", annsPassword);
      expect((await person.whoAmI()).body.dn).toBe(ann);
      expect(events.filter(({ type }) => type === "session.closed").map(({ data }) => data?.reason)).toEqual([
        "another sign-in",
      ]);
      person.cookies.set("espalier_session", before ?? "");
      expect((await person.whoAmI()).status).toBe(401);
    });
  });
});
