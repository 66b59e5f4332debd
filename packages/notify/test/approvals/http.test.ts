import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { createLog, Secret, sql } from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import { forEachDatabase, until } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { decisionUrl } from "../../src/approvals/link.ts";
import { approvalRoutes } from "../../src/approvals/plugin.ts";
import { ApiKeys } from "../../src/http/api-keys.ts";
import { Clock, login, type Node, type NodeOptions, startNode } from "./node.ts";

const key = "a-key-of-twenty-characters";
const bearer = { authorization: `Bearer ${key}` };
const json = { "content-type": "application/json" };

interface Served extends Node {
  readonly url: string;
  /** What was logged. */
  readonly logged: () => string;
  /** Ends what waits. */
  close(): void;
  /** The newest message's link, at this server's own address. */
  link(): string;
  stop(): Promise<void>;
}

async function serve(options: NodeOptions & { readonly trustedNetworks?: readonly string[] }): Promise<Served> {
  const clock = new Clock();
  // Retry-After and the page's "ago" are by the system's clock.
  clock.now = Date.now();
  const node = await startNode({ clock, ...options });
  const lines: string[] = [];
  const closing = new AbortController();
  const app = await createHttpServer({
    trustedProxies: [],
    maxBodyBytes: 64 * 1_024,
    logger: createLog({ destination: (line) => void lines.push(line), level: "debug" }).logger("http"),
    plugins: [
      approvalRoutes({
        approvals: node.approvals,
        keys: new ApiKeys([new Secret(key)]),
        config: { path: "/send-notification", trustedNetworks: [...(options.trustedNetworks ?? [])] },
        closing: closing.signal,
      }),
    ],
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    closing.abort();
    app.server.closeAllConnections();
    await app.close();
  };
  onTestFinished(stop);
  return {
    ...node,
    ...{ url, stop, logged: () => lines.join(""), close: () => closing.abort() },
    link() {
      const sent = node.phone.messages.at(-1)?.actions[0]?.url;
      if (sent === undefined) throw new Error("the newest message has no link");
      return sent.replace("https://notify.example.com", url);
    },
  };
}

/** What the gateways of the system before sent. */
const oldBody = {
  username: "alice",
  title: "SSH Authentication Request",
  body: "Please review and respond to this request.",
  actions: [
    { icon: "approve", title: "Approve", callback: "approve" },
    { icon: "reject", title: "Reject", callback: "reject" },
  ],
};
/** Ours say also from where. */
const ourBody = { ...oldBody, apikey: key, context: { service: "ldap", address: login.address, realm: login.realm } };

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

async function decide(link: string, decision: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(link, { method: "POST", body: new URLSearchParams({ decision }) });
  return { status: response.status, text: await response.text() };
}

/** Waits until the request has made its approval, and sends the message. */
async function told(node: Node, count = 1): Promise<void> {
  await until("the message", async () => {
    await node.work();
    return node.phone.messages.length >= count;
  });
}

forEachDatabase((databases) => {
  it("POST /approvals asks with 201, joins with 200, and refuses with a sentence", async () => {
    const { url } = await serve({ url: await databases.create(), limits: { perHour: 1 } });
    const asked = await post(`${url}/approvals`, login, bearer);
    expect([asked.status, asked.headers.get("location")]).toEqual([201, `/approvals/${asked.body.id}`]);
    expect(asked.body).toEqual({
      ...login,
      ...{ id: expect.any(String), state: "pending", notMe: false },
      ...{ requestedAt: expect.any(String), expiresAt: expect.any(String) },
    });
    expect(await post(`${url}/approvals`, login, bearer)).toMatchObject({ status: 200, body: { id: asked.body.id } });
    const elsewhere = await post(`${url}/approvals`, { ...login, address: "198.51.100.9" }, bearer);
    expect(elsewhere).toMatchObject({
      status: 409,
      body: { error: "another login of this user waits for an answer: try again when that is over" },
    });
    expect(Number(elsewhere.headers.get("retry-after"))).toBeGreaterThan(50);
  });

  it("POST /approvals answers 429 to what is asked too often, and to a user who is locked", async () => {
    const node = await serve({ url: await databases.create(), limits: { perHour: 1 } });
    await post(`${node.url}/approvals`, login, bearer);
    await told(node);
    expect(await decide(node.link(), "reject")).toMatchObject({ status: 200 });
    expect(await post(`${node.url}/approvals`, login, bearer)).toMatchObject({
      ...{ status: 429, body: { error: "this user was asked too often within an hour" } },
    });
    expect(await decide(node.link(), "not-me")).toMatchObject({ status: 200 });
    expect(await post(`${node.url}/approvals`, login, bearer)).toMatchObject({
      ...{
        status: 429,
        body: { error: "this user has rejected logins and is not asked for a while: an administrator can unlock them" },
      },
    });
  });

  it("needs an API key, and a body that can be shown to a person", async () => {
    const { url, types } = await serve({ url: await databases.create() });
    expect((await post(`${url}/approvals`, login)).status).toBe(401);
    expect((await post(`${url}/approvals`, login, { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await fetch(`${url}/approvals/x`)).status).toBe(401);
    const wrong: [unknown, string][] = [
      [{}, "username: Invalid input: expected string, received undefined"],
      [{ ...login, username: " " }, "username: must not be empty"],
      [{ ...login, username: "a\u202eb" }, "username: must be one line of text"],
      [{ ...login, service: "a\nb" }, "service: must be one line of text"],
      [{ ...login, address: "a".repeat(65) }, "address: must have 64 characters at most"],
      [{ ...login, other: 1 }, 'the body: Unrecognized key: "other"'],
      ["text", "the body: Invalid input: expected object, received string"],
    ];
    for (const [body, error] of wrong) {
      expect(await post(`${url}/approvals`, body, bearer)).toMatchObject({ status: 400, body: { error } });
    }
    expect(await types()).toEqual([]);
  });

  it("GET /approvals/ID waits for the answer, and no longer than it was told to", async () => {
    const node = await serve({ url: await databases.create() });
    const { body } = await post(`${node.url}/approvals`, login, bearer);
    const get = async (query: string) =>
      (await fetch(`${node.url}/approvals/${body.id}${query}`, { headers: bearer })).json();
    expect(await get("")).toEqual(body);
    expect(await get("?wait=1")).toEqual(body);
    const waiting = get("?wait=60");
    await told(node);
    await decide(node.link(), "approve");
    expect(await waiting).toEqual({ ...body, state: "approved", decidedAt: expect.any(String) });
    // Who asked has had it.
    expect((await post(`${node.url}/approvals`, login, bearer)).status).toBe(201);
    for (const wait of ["61", "-1", "x", "1&wait=2"]) {
      expect((await fetch(`${node.url}/approvals/${body.id}?wait=${wait}`, { headers: bearer })).status).toBe(400);
    }
    expect((await fetch(`${node.url}/approvals/nobody`, { headers: bearer })).status).toBe(404);
  });

  it("speaks the old protocol: held until a person has answered", async () => {
    const node = await serve({ url: await databases.create() });
    const answers: unknown[] = [];
    for (const [index, [decision, action]] of (
      [
        ["approve", "approve"],
        ["reject", "reject"],
      ] as const
    ).entries()) {
      const asking = post(`${node.url}/send-notification`, ourBody);
      await told(node, index + 1);
      await decide(node.link(), decision);
      answers.push((await asking).body, action);
    }
    expect(answers).toEqual([
      { success: true, action: "approve" },
      "approve",
      { success: true, action: "reject" },
      "reject",
    ]);
  });

  it("answers timeout in the old protocol when the person was told and did not answer", async () => {
    const node = await serve({ url: await databases.create() });
    const asking = post(`${node.url}/send-notification`, ourBody);
    await told(node);
    node.clock.pass(60_000);
    await node.approvals.sweep();
    expect(await asking).toMatchObject({ status: 200, body: { success: true, action: "timeout" } });
  });

  it("answers 503 in the old protocol when nobody could be asked, and when it ends meanwhile", async () => {
    const node = await serve({ url: await databases.create() });
    node.phone.answer = () => ({ status: "failed", reason: "no such topic" });
    const asking = post(`${node.url}/send-notification`, ourBody);
    await told(node);
    await node.approvals.sweep();
    expect((await asking).status).toBe(503);

    const again = post(`${node.url}/send-notification`, ourBody);
    await told(node, 2);
    node.close();
    expect((await again).status).toBe(503);
  });

  it("rejects in the old protocol who may not be asked, with a sentence", async () => {
    const node = await serve({ url: await databases.create() });
    await post(`${node.url}/approvals`, { ...login, address: "198.51.100.9" }, bearer);
    expect(await post(`${node.url}/send-notification`, ourBody)).toMatchObject({
      status: 200,
      body: { success: false, action: "reject", error: expect.stringContaining("waits for an answer") },
    });
  });

  it("takes keys in the body or as Bearer, callers without one from trusted networks, and wrong ones from nowhere", async () => {
    const url = await databases.create();
    const [strict, trusting] = [await serve({ url }), await serve({ url, trustedNetworks: ["127.0.0.0/8"] })];
    const path = "/send-notification";
    const wrong = { ...oldBody, apikey: "a-wrong-one-of-some-length" };
    expect((await post(`${strict.url}${path}`, oldBody)).status).toBe(401);
    expect((await post(`${strict.url}${path}`, wrong)).status).toBe(403);
    expect((await post(`${trusting.url}${path}`, wrong)).status).toBe(403);
    expect((await post(`${strict.url}${path}`, ourBody, { authorization: "Bearer wrong" })).status).toBe(403);
    expect((await post(`${strict.url}${path}`, {}, bearer)).status).toBe(400);
    expect(await strict.types()).toEqual([]);

    for (const [server, headers] of [
      [trusting, {}],
      [strict, bearer],
    ] as const) {
      const asking = post(`${server.url}${path}`, oldBody, headers);
      await until(
        "the question",
        async () => (await server.store.first(sql`SELECT 1 FROM approvals WHERE state = 'pending'`)) !== undefined,
      );
      server.clock.pass(120_000);
      await server.approvals.sweep();
      expect((await asking).status).toBe(503);
    }
  });

  it("a yes whose asker has hung up is left for the next attempt", async () => {
    const node = await serve({ url: await databases.create() });
    const gone = httpRequest(`${node.url}/send-notification`, { method: "POST", headers: json });
    gone.on("error", () => undefined);
    gone.end(JSON.stringify(ourBody));
    await told(node);
    gone.destroy();
    await decide(node.link(), "approve");
    expect(await post(`${node.url}/send-notification`, ourBody)).toMatchObject({
      body: { success: true, action: "approve" },
    });
    expect(node.phone.messages).toHaveLength(1);
    // It was for one.
    const next = post(`${node.url}/send-notification`, ourBody);
    await told(node, 2);
    await decide(node.link(), "reject");
    expect(await next).toMatchObject({ body: { action: "reject" } });
  });

  it("shows who wants in and from where, and decides nothing when the page is fetched, however often", async () => {
    const node = await serve({ url: await databases.create() });
    const { body } = await post(`${node.url}/approvals`, { ...login, username: "<b>alice</b>" }, bearer);
    await told(node);
    for (const method of ["GET", "GET", "HEAD", "OPTIONS"]) await fetch(node.link(), { method });
    const response = await fetch(node.link());
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect([...text.matchAll(/<dd>(.*?)<\/dd>/g)].map(([, value]) => value)).toEqual([
      "&lt;b&gt;alice&lt;/b&gt;",
      login.address,
      "ldap",
      login.realm,
      expect.stringMatching(/^\d+ s ago$/),
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
    ]);
    expect([...text.matchAll(/<button [^>]*value="([^"]*)"[^>]*>([^<]*)/g)].map(([, ...button]) => button)).toEqual([
      ["approve", "Approve"],
      ["reject", "Reject"],
      ["not-me", "This was not me"],
    ]);
    expect(text).not.toContain("<script");
    expect(await node.approvals.get(String(body.id))).toMatchObject({ state: "pending" });
  });

  it("the second use of a link is told what the first one was", async () => {
    const node = await serve({ url: await databases.create() });
    await post(`${node.url}/approvals`, login, bearer);
    await told(node);
    expect(await decide(node.link(), "approve")).toMatchObject({
      status: 200,
      text: expect.stringContaining("<h1>Approved</h1>"),
    });
    expect(await decide(node.link(), "reject")).toMatchObject({
      status: 409,
      text: expect.stringContaining("<h1>Too late: approved</h1>"),
    });
    expect(await (await fetch(node.link())).text()).toContain("<h1>Approved</h1>");
  });

  it("takes a decision as JSON, and says in JSON what came of it", async () => {
    const node = await serve({ url: await databases.create() });
    await post(`${node.url}/approvals`, login, bearer);
    await told(node);
    const link = node.link();
    expect(await post(link, { decision: "yes" })).toMatchObject({ status: 400 });
    expect(await post(link, null)).toMatchObject({ status: 400 });
    expect(await post(link, { decision: "not-me" })).toMatchObject({
      status: 200,
      body: { title: "Thank you for saying so" },
    });
    expect(await post(link, { decision: "approve" })).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining("Too late") },
    });
  });

  it("takes no link that is cut off, forged, or another channel's, and lets nobody guess for long", async () => {
    const node = await serve({ url: await databases.create() });
    const { body } = await post(`${node.url}/approvals`, login, bearer);
    await told(node);
    const link = node.link();
    const rows = await node.store.all<{ readonly link_key: Uint8Array }>(sql`SELECT link_key FROM approvals`);
    const forOther = decisionUrl(node.url, { id: String(body.id), channel: "mail" }, rows[0]!.link_key);
    const forged = [
      link.slice(0, -1),
      link.replace(/&token=.*/, ""),
      link.replace("channel=phone", "channel=mail"),
      link.replace(String(body.id), "another"),
      `${link}&token=x`,
      decisionUrl(node.url, { id: String(body.id), channel: "phone" }, new Uint8Array(32)),
      forOther.replace("channel=mail", "channel=phone"),
    ];
    for (const each of forged) {
      expect((await decide(each, "approve")).status).toBe(404);
      expect((await fetch(each)).status).toBe(404);
    }
    expect(await node.approvals.get(String(body.id))).toMatchObject({ state: "pending" });
    let guesses = 0;
    while ((await fetch(forged[0]!)).status === 404) guesses += 1;
    expect(guesses).toBeLessThan(60);
    expect((await decide(link, "approve")).status).toBe(429);
  });

  it("says while the store is away that it is, without a word of the token", async () => {
    const node = await serve({ url: await databases.create() });
    const { body } = await post(`${node.url}/approvals`, login, bearer);
    await told(node);
    const link = node.link();
    await node.store.close();
    expect((await post(`${node.url}/approvals`, login, bearer)).status).toBe(503);
    expect((await post(`${node.url}/send-notification`, ourBody)).status).toBe(503);
    expect((await fetch(`${node.url}/approvals/${body.id}`, { headers: bearer })).status).toBe(503);
    expect(await decide(link, "approve")).toMatchObject({
      status: 503,
      text: expect.stringContaining("Nothing was decided"),
    });
    expect(node.logged()).not.toContain(new URL(link).searchParams.get("token"));
  });
});
