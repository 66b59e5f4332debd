/** Signing in at a real OpenID provider, and acting in the directory as the person whose entry its claims say. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { requirePrograms, type Slapd, sqliteDatabases } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, annsPassword, bob, eve, startDirectory } from "./directory.ts";
import { type Browser, type Manager, startManager } from "./manager.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./openid-provider.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
const publicUrl = "http://ldap.example.com";
const callback = `${publicUrl}/api/v1/session/oidc/company/callback`;

type ManagerSection = NonNullable<Parameters<typeof startManager>[0]["config"]>;
type ProviderKeys = NonNullable<ManagerSection["oidc"]>[string];

describe("signing in at an OpenID provider", () => {
  let slapd: Slapd;
  let provider: OpenIdProvider;
  beforeAll(async () => {
    slapd = await startDirectory();
    provider = await startOpenIdProvider([callback]);
  });
  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]();
    await provider?.[Symbol.asyncDispose]();
  });

  const account = () => ({ bind_dn: slapd.serviceDn, bind_password: slapd.servicePassword });
  const start = async ({
    keys = { filter: "(mail={email})" },
    main = {},
    config = {},
  }: {
    keys?: Partial<ProviderKeys>;
    main?: object;
    config?: Partial<ManagerSection>;
  } = {}): Promise<Manager> => {
    const { issuer, clientId, clientSecret } = provider;
    const manager = await startManager({
      ...{ slapd, url: await sqliteDatabases().create() },
      clusters: { main: { ...account(), proxied_authorization: true, ...main }, closed: { base_dn: "ou=closed" } },
      config: { publicUrl, oidc: { company: { issuer, clientId, clientSecret, ...keys } }, ...config },
    });
    // The provider compares its tokens' times with the system's clock.
    manager.clock.now = Date.now();
    return manager;
  };
  const page = ({ browser }: Manager): Browser => {
    const person = browser();
    person.origin = publicUrl;
    return person;
  };
  const begin = async (person: Browser, returnTo?: string) => {
    const query = returnTo === undefined ? "" : `?returnTo=${encodeURIComponent(returnTo)}`;
    const { status, headers, body } = await person.get(`/session/oidc/company${query}`);
    return { status, body, location: String(headers.location) };
  };
  const comeBack = (person: Browser, url: URL) => person.get(`/session/oidc/company/callback${url.search}`);
  const signIn = async (person: Browser, returnTo?: string) => {
    const answer = await comeBack(person, await provider.visit((await begin(person, returnTo)).location));
    // As the page does when it is there.
    if (answer.status === 303) await person.get("/session");
    return answer;
  };
  const is = (sub: string, claims: object) => {
    provider.person = { sub, claims: { ...claims } };
  };

  it("the page is told which there are", async () => {
    const { browser } = await start({ keys: { filter: "(mail={email})", label: "Company login" } });
    expect((await browser().get("/session/options")).body.oidc).toEqual([{ name: "company", label: "Company login" }]);
  });

  it("people act as themselves, by proxied authorization", async () => {
    const manager = await start({ main: { roles: [{ role: "editor", users: [ann] }] } });
    const person = page(manager);
    is("4711", { email: "ann@example.com", email_verified: true });
    const answer = await signIn(person, "/clusters/main");
    expect([answer.status, answer.headers.location]).toEqual([303, "/clusters/main"]);
    // The directory shows the password's hash to its owner alone, and so knows who asks.
    expect((await person.whoAmI()).body).toEqual({ dn: ann, reads: [ann] });
    expect(await person.mayI("write")).toBe("yes");
    expect((await person.get("/session")).body).toMatchObject({
      ...{ name: ann, method: "oidc" },
      clusters: [{ name: "main", dn: ann, actsAs: "proxied", roles: [{ role: "editor" }] }],
    });
    expect(slapd.process.log).toContain(`PROXYAUTHZ dn="${ann}"`);
    expect(manager.events).toEqual([
      {
        ...{ type: "session.opened", severity: "info", source: "manager", audit: true, subject: ann, actor: ann },
        data: {
          cluster: "main",
          address: "192.0.2.7",
          session: expect.any(String),
          method: "oidc",
          provider: "company",
        },
      },
    ]);
    expect((await person.send("DELETE", "/session")).status).toBe(204);
  });

  it("a DN is made of claims, and must be somebody's", async () => {
    const manager = await start({ keys: { dn: "uid={preferred_username},ou=people,dc=example,dc=com" } });
    const person = page(manager);
    is("1", { preferred_username: "bob" });
    await signIn(person);
    expect((await person.whoAmI()).body.dn).toBe(bob);
    for (const name of ["nobody", "bob,ou=people", "*", "bob)(uid=*", ""]) {
      is("1", { preferred_username: name });
      const stranger = page(manager);
      const { status, body } = await signIn(stranger);
      expect([name, status, body.code, stranger.cookies.has("espalier_session")]).toEqual([
        ...[name, 403, "not_allowed", false],
      ]);
    }
  });

  it("nobody comes in by an address that several have, that nobody has, or that was not verified", async () => {
    const manager = await start();
    for (const claims of [
      { email: "team@example.com", email_verified: true },
      { email: "nobody@example.com", email_verified: true },
      { email: "*", email_verified: true },
      { email: "ann@example.com", email_verified: false },
      {},
    ]) {
      is("1", claims);
      const { status, body } = await signIn(page(manager));
      expect([claims, status, body.code]).toEqual([claims, 403, "not_allowed"]);
    }
    expect(manager.events).toEqual(
      Array(5).fill({
        ...{ type: "session.refused", severity: "low", source: "manager", audit: true, subject: "1" },
        data: { provider: "company", address: "192.0.2.7", reason: "there is no such person" },
      }),
    );
  });

  it("an answer counts in the browser that asked, once, in time, and with its state", async () => {
    const manager = await start();
    is("4711", { email: "ann@example.com", email_verified: true });
    const refused = async (person: Browser, url: URL) => {
      const { status, body } = await comeBack(person, url);
      expect([status, body.code]).toEqual([401, "wrong_credentials"]);
      expect(person.cookies.has("espalier_session")).toBe(false);
    };
    const victim = page(manager);
    const attacker = page(manager);
    const attackersAnswer = await provider.visit((await begin(attacker)).location);
    await refused(victim, attackersAnswer);
    await begin(victim);
    await refused(victim, attackersAnswer);
    const changed = new URL(attackersAnswer);
    changed.searchParams.set("state", "x");
    await refused(attacker, changed);
    const cookie = attacker.cookies.get("espalier_oidc") ?? "";
    attacker.cookies.set("espalier_oidc", `${cookie.slice(0, -2)}AA`);
    await refused(attacker, attackersAnswer);
    attacker.cookies.set("espalier_oidc", cookie);
    expect((await comeBack(attacker, attackersAnswer)).status).toBe(303);
    expect(attacker.cookies.has("espalier_oidc")).toBe(false);
    const replaying = page(manager);
    replaying.cookies.set("espalier_oidc", cookie);
    await refused(replaying, attackersAnswer);
    const slow = page(manager);
    const slowAnswer = await provider.visit((await begin(slow)).location);
    manager.clock.pass(601_000);
    await refused(slow, slowAnswer);
  });

  it("asks with PKCE, state and nonce, which only the browser's encrypted cookie remembers", async () => {
    const manager = await start();
    const person = page(manager);
    const { location } = await begin(person);
    const asked = new URL(location).searchParams;
    expect(Object.fromEntries(asked)).toEqual({
      ...{ client_id: "espalier", response_type: "code", scope: "openid profile email", redirect_uri: callback },
      ...{ code_challenge_method: "S256", code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
      ...{ state: expect.stringMatching(/^.{43}$/), nonce: expect.stringMatching(/^.{43}$/) },
    });
    const cookie = Buffer.from(person.cookies.get("espalier_oidc") ?? "", "base64url").toString("latin1");
    expect(["verifier", asked.get("state"), asked.get("nonce")].filter((part) => cookie.includes(part ?? ""))).toEqual(
      [],
    );
  });

  it("goes back to this site alone", async () => {
    const person = page(await start());
    for (const returnTo of ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", ""]) {
      expect([returnTo, (await begin(person, returnTo)).status]).toEqual([returnTo, 400]);
    }
  });

  it("an error of the provider lets nobody in", async () => {
    const manager = await start();
    const person = page(manager);
    const { location } = await begin(person);
    const state = new URL(location).searchParams.get("state") ?? "";
    const answer = await person.get(
      `/session/oidc/company/callback?${new URLSearchParams({ error: "access_denied", state, iss: provider.issuer })}`,
    );
    expect([answer.status, answer.body.code]).toEqual([401, "wrong_credentials"]);
    expect((await person.get("/session/oidc/other")).status).toBe(404);
  });

  it("a provider that is away is said to be, and asked again", async () => {
    const server = createServer((_request, response) => response.writeHead(500).end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const person = page(await start({ keys: { filter: "(mail={email})", issuer: `http://127.0.0.1:${port}` } }));
    expect((await begin(person)).status).toBe(503);
    expect((await begin(person)).body.code).toBe("unavailable");
    server.close();
  });

  it("a browser is shown the sign-in screen where it goes wrong, which says why; a program gets the problem", async () => {
    const manager = await start();
    const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
    const visit = async (person: Browser, path: string) => {
      const { status, headers, body } = await person.send("GET", path, undefined, html);
      return [status, headers.location, body];
    };
    const atSignIn = (code: string, contextPath = "") => [303, `${contextPath}/sign-in?problem=${code}`, ""];
    const person = page(manager);
    const came = "/session/oidc/company/callback";
    expect(await visit(person, `${came}?error=access_denied&state=x`)).toEqual(atSignIn("wrong_credentials"));
    expect(await visit(person, `${came}?state=${"x".repeat(2_000)}`)).toEqual(atSignIn("invalid_request"));
    const below = page(await start({ config: { contextPath: "/ldap" } }));
    expect(await visit(below, "/session/oidc/other")).toEqual(atSignIn("not_found", "/ldap"));
    is("1", { email: "nobody@example.com", email_verified: true });
    const answer = await provider.visit((await begin(person)).location);
    expect(await visit(person, `${came}${answer.search}`)).toEqual(atSignIn("not_allowed"));
    for (const accept of ["*/*", "application/json", undefined]) {
      const { status, body } = await person.send("GET", `${came}?error=access_denied`, undefined, { accept });
      expect([accept, status, body.code]).toEqual([accept, 401, "wrong_credentials"]);
    }
    // What a page asks for itself is answered to the page.
    expect((await person.send("GET", "/session", undefined, html)).body.code).toBe("not_signed_in");
  });

  it("people with a second factor are asked for it, and those whose role needs one enrol it", async () => {
    const manager = await start({
      main: { roles: [{ role: "admin", users: [ann] }] },
      config: { totp: { required: ["admin"] } },
    });
    is("4711", { email: "ann@example.com", email_verified: true });
    const first = page(manager);
    await signIn(first);
    expect((await first.get("/session")).body.secondFactor.restriction).toBe("second factor to be enrolled");
    const { TOTP, URI } = await import("otpauth");
    const totp = URI.parse((await first.send("POST", "/session/totp")).body.url);
    if (!(totp instanceof TOTP)) throw new Error("no TOTP");
    const code = () => totp.generate({ timestamp: manager.clock.now });
    expect((await first.send("POST", "/session/totp/confirm", { code: code() })).status).toBe(200);
    expect((await first.whoAmI()).status).toBe(200);
    const second = page(manager);
    await signIn(second);
    expect((await second.whoAmI()).body.code).toBe("second_factor_needed");
    expect((await second.send("DELETE", "/session/totp", { code: code() })).body.code).toBe("second_factor_needed");
    manager.clock.pass(30_000);
    expect((await second.send("POST", "/session/totp/confirm", { code: "000000" })).status).toBe(401);
    expect((await second.send("POST", "/session/totp/confirm", { code: code() })).body).toEqual({});
    expect((await second.whoAmI()).body.dn).toBe(ann);
    // One who has not given it yet cannot put another in its place.
    const waiting = page(manager);
    await signIn(waiting);
    expect((await waiting.send("POST", "/session/totp")).body.code).toBe("already_exists");
    // It is the same person who signs in by password.
    const third = page(manager);
    expect((await third.signIn("ann", annsPassword)).body.code).toBe("second_factor_needed");
  });

  it("where a service account is declared people act as it, within their own roles", async () => {
    const manager = await start({
      keys: { filter: "(mail={email})", clusters: ["main"], serviceAccount: true },
      main: { proxied_authorization: false, roles: [{ role: "viewer", users: [eve] }] },
    });
    const person = page(manager);
    is("1", { email: "bob@example.com", email_verified: true });
    await signIn(person);
    expect((await person.whoAmI()).body.dn).toBe(slapd.serviceDn);
    expect(await person.mayI("read")).toBe("not_allowed");
    expect((await person.get("/session")).body.clusters[0]).toMatchObject({ dn: bob, actsAs: "service", roles: [] });
  });

  it("a refused service account ends nobody's session", async () => {
    const manager = await start();
    const person = page(manager);
    is("4711", { email: "ann@example.com", email_verified: true });
    await signIn(person);
    const open = await manager.service.sessions.find(person.cookies.get("espalier_session") ?? "");
    manager.service.sessions.refused(open?.identity("main").key ?? "");
    await manager.service.sessions.settled();
    expect((await person.whoAmI()).status).toBe(200);
  });

  it("clusters in which nobody could act are refused at the start", async () => {
    const keys = { filter: "(mail={email})" };
    const wrong = (more: object, main: object = {}) => start({ keys: { ...keys, ...more }, main });
    await expect(wrong({ clusters: ["other"] })).rejects.toThrow("names other, which is not among the clusters");
    await expect(wrong({ clusters: ["closed"] })).rejects.toThrow("nobody can act without a password");
    await expect(wrong({}, { proxied_authorization: false })).rejects.toThrow("name those to connect to");
    await expect(wrong({}, { bind_password: undefined })).rejects.toThrow("needs `bind_dn` and `bind_password`");
  });
});
