/** What a request has to pass before any part of the API sees it. */
import { requirePrograms, type Slapd, sqliteDatabases } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addCors } from "../../src/sessions/cors.ts";
import { startDirectory } from "./directory.ts";
import { type Browser, type Manager, startManager } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

describe("a request", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  const start = async (config: Parameters<typeof startManager>[0]["config"] = {}): Promise<Manager> =>
    startManager({ slapd, url: await sqliteDatabases().create(), config });
  const signedIn = async ({ browser }: Manager, address?: string): Promise<Browser> => {
    const person = browser(address);
    const { status } = await person.signIn("bob", "bob-password");
    expect(status).toBe(201);
    return person;
  };
  const change = async (person: Browser, headers: Record<string, string | undefined>) => {
    const { status, body } = await person.send("POST", "/probe", undefined, headers);
    return status === 204 ? 204 : [status, body.code];
  };

  it("changes something only with the session's own CSRF token", async () => {
    const manager = await start();
    const [person, other] = [await signedIn(manager), await signedIn(manager)];
    expect(await change(person, {})).toBe(204);
    for (const token of [undefined, "", "wrong", other.csrfToken, `${person.csrfToken}x`]) {
      expect(await change(person, { "x-csrf-token": token })).toEqual([403, "wrong_origin"]);
    }
    expect((await person.get("/session")).body.csrfToken).toBe(person.csrfToken);
  });

  it("of another origin changes nothing, token or not", async () => {
    const person = await signedIn(await start());
    const foreign = ["https://evil.example", "http://localhost:81", "https://localhost:80", "null", ""];
    for (const origin of foreign) expect(await change(person, { origin })).toEqual([403, "wrong_origin"]);
    for (const site of ["cross-site", "same-site"]) {
      expect(await change(person, { origin: undefined, "sec-fetch-site": site })).toEqual([403, "wrong_origin"]);
    }
    expect(await change(person, { origin: undefined, "sec-fetch-site": "same-origin" })).toBe(204);
    // A program, which sends neither.
    expect(await change(person, { origin: undefined })).toBe(204);
  });

  it("of another origin does not sign anybody in", async () => {
    const { browser } = await start();
    const person = browser();
    person.origin = "https://evil.example";
    const answer = await person.signIn("bob", "bob-password");
    expect([answer.status, answer.body.code, person.cookies.size]).toEqual([403, "wrong_origin", 0]);
  });

  it("is of this origin where the configuration says what that is", async () => {
    const { browser } = await start({ publicUrl: "http://ldap.example.com" });
    const person = browser();
    expect((await person.signIn("bob", "bob-password")).body.code).toBe("wrong_origin");
    person.origin = "http://ldap.example.com";
    expect((await person.signIn("bob", "bob-password")).status).toBe(201);
  });

  it("of an allowed origin is answered with leave to read it; of another one it is not", async () => {
    const page = "http://localhost:5173";
    const manager = await start({ allowedOrigins: [page] });
    const person = await signedIn(manager);
    expect(await change(person, { origin: page })).toBe(204);
    const read = await person.send("GET", "/session", undefined, { origin: page });
    expect(read.headers).toMatchObject({
      "access-control-allow-origin": page,
      "access-control-allow-credentials": "true",
      vary: "origin",
    });
    const preflight = (origin: string) =>
      person.send("OPTIONS", "/session", undefined, { origin, "access-control-request-method": "POST" });
    const allowed = await preflight(page);
    expect([allowed.status, allowed.headers["access-control-allow-methods"]]).toEqual([
      204,
      "GET, POST, PUT, PATCH, DELETE",
    ]);
    expect(String(allowed.headers["access-control-allow-headers"]).split(", ")).toContain("x-csrf-token");
    const foreign = await preflight("https://evil.example");
    const headers = Object.keys(foreign.headers).filter((name) => name.startsWith("access-control"));
    expect([foreign.status, headers]).toEqual([204, []]);
    expect(
      (await person.send("GET", "/session", undefined, { origin: "https://evil.example" })).headers,
    ).not.toHaveProperty("access-control-allow-origin");
  });

  it("of every origin is not allowed, whoever asks for it", async () => {
    const { app } = await start();
    expect(() => addCors(app, ["*"])).toThrow("name them");
    await expect(start({ allowedOrigins: ["*"] })).rejects.toThrow("must not be `*`");
  });

  it("with a made-up, cut off or foreign token is nobody's", async () => {
    const { browser } = await start();
    const person = browser();
    for (const token of ["x", "x".repeat(43), "../../etc/passwd", `${"x".repeat(42)}%00`, "x".repeat(4_000)]) {
      person.cookies.set("espalier_session", token);
      expect((await person.get("/session")).status).toBe(401);
    }
  });

  it("is one too many at some point, for each session by itself", async () => {
    const manager = await start({ rateLimits: { session: 30 } });
    const [person, other] = [await signedIn(manager), await signedIn(manager)];
    const answers = [];
    for (let count = 0; count < 11; count += 1) answers.push(await person.get("/session"));
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
    expect([answers.at(-1)?.body.code, answers.at(-1)?.headers["retry-after"]]).toEqual(["too_many_requests", "2"]);
    expect((await other.get("/session")).status).toBe(200);
    manager.clock.pass(2_000);
    expect((await person.get("/session")).status).toBe(200);
  });

  it("of strangers is limited by their network, which does not stop who is signed in there", async () => {
    const manager = await start({ rateLimits: { strangers: 10 } });
    const person = await signedIn(manager, "2001:db8::7");
    const stranger = manager.browser("2001:db8::8");
    stranger.cookies.set("espalier_session", "x".repeat(43));
    const statuses = [];
    for (let count = 0; count < 6; count += 1) statuses.push((await stranger.get("/session")).status);
    // One token of the network's five was the sign-in's.
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    expect((await person.get("/session")).status).toBe(200);
    expect((await manager.browser("2001:db8:1::8").get("/session")).status).toBe(401);
  });

  it("too many wrong passwords from one place lock that place out, and nobody else", async () => {
    const { browser, clock, events } = await start();
    const attacker = browser("198.51.100.1");
    const answers = [];
    for (let count = 0; count < 6; count += 1) answers.push(await attacker.signIn("bob", `guess ${count}`));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(answers.at(-1)?.headers["retry-after"]).toBe("180");
    expect(events.map(({ severity }) => severity)).toEqual(["low", "low", "medium", "medium", "medium"]);
    // The right one is not tried either; under another of his names it is the same person.
    expect((await attacker.signIn("bob", "bob-password")).status).toBe(429);
    expect((await attacker.signIn("bob@example.com", "bob-password")).status).toBe(429);
    expect((await browser("198.51.100.2").signIn("bob", "bob-password")).status).toBe(201);
    clock.pass(180_000);
    expect((await attacker.signIn("bob", "bob-password")).status).toBe(201);
  });

  it("guesses sent all at once are no more than guesses sent in turn", async () => {
    const { browser } = await start();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => browser("198.51.100.1").signIn("bob", `guess ${index}`)),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  });
});
