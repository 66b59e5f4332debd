import { createHmac } from "node:crypto";
import { request } from "node:http";
import { forEachDatabase, until } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { notifyConfig, type RunningService, startReceiver, startService } from "./service.ts";

const secret = "a secret of some length";
const apiKey = "an API key of some length";
const authorization = { authorization: `Bearer ${apiKey.replaceAll(" ", "-")}` };
const outbound = { allow: ["127.0.0.0/8"] };

function post(url: string, payload: unknown, headers: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-hub-signature-256": signature, ...headers },
  });
}

/** A channel of kind http that is sent title and actions. */
function channel(url: string) {
  return { kind: "http", url, json: { title: "{{title}}", text: "{{text}}", actions: "{{actions}}" } } as const;
}

async function withReceiver(storeUrl: string, more: Parameters<typeof notifyConfig>[0] = {}) {
  const receiver = await startReceiver();
  const config = notifyConfig({
    sources: { generic: { secrets: [secret] } },
    channels: { chat: channel(receiver.url) },
    apiKeys: [apiKey.replaceAll(" ", "-")],
    outbound,
    ...more,
  });
  return { receiver, config, running: await startService(storeUrl, config) };
}

/** What a stream has said until it is left: its events. */
async function streamed(
  { url }: RunningService,
  headers: Readonly<Record<string, string>>,
  count: number,
  meanwhile: () => Promise<unknown> = async () => undefined,
) {
  const leaving = new AbortController();
  const response = await fetch(`${url}/events/stream`, {
    headers: { ...authorization, ...headers },
    signal: leaving.signal,
  });
  const events: { id: string; event: string }[] = [];
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await meanwhile();
  let text = "";
  while (events.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2))) as Record<
        string,
        string
      >;
      // The first id is where the stream begins, and no event.
      if (fields.event !== undefined) events.push({ id: fields.id!, event: fields.event });
    }
  }
  leaving.abort();
  return { contentType: response.headers.get("content-type"), events };
}

forEachDatabase((databases) => {
  it("what is posted is told on every channel, without a route, and counted", async () => {
    const { receiver, running } = await withReceiver(await databases.create());
    const answer = await post(`${running.url}/hooks/generic`, { severity: "high", door: 7 });
    expect(answer.status).toBe(202);
    await until("the message", () => receiver.bodies.length === 1);
    expect(receiver.titles).toEqual(["[high] hook.received: generic"]);
    const text = await until("the count", async () => {
      const metrics = await running.metrics();
      return metrics.includes('notification_delivery_total{delivery_method="http",status="success"} 1') && metrics;
    });
    expect(text).toContain(
      'webhook_requests_total{method="POST",endpoint="generic",status_code="202",source_type="generic"} 1',
    );
    expect(text).toMatch(/webhook_source_last_seen_timestamp_seconds\{source="generic"\} \d{10}/);
  });

  it("every answer has the security headers, and says HSTS where a trusted proxy says that it is TLS", async () => {
    const { running } = await withReceiver(await databases.create(), { trustedProxies: ["127.0.0.0/8"] });
    const plain = await fetch(`${running.url}/livez`);
    expect(Object.fromEntries(plain.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-xss-protection": "0",
      "referrer-policy": "strict-origin-when-cross-origin",
      "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
    expect(plain.headers.has("strict-transport-security")).toBe(false);
    const behindTls = await fetch(`${running.url}/nothing`, { headers: { "x-forwarded-proto": "https" } });
    expect(behindTls.status).toBe(404);
    expect(behindTls.headers.get("strict-transport-security")).toBe("max-age=31536000; includeSubDomains");
  });

  it("a forwarded address counts only behind a proxy that is trusted", async () => {
    const attempt = async (running: RunningService, address: string) =>
      (
        await post(
          `${running.url}/hooks/generic`,
          {},
          { "x-hub-signature-256": "sha256=00", "x-forwarded-for": address },
        )
      ).status;
    const { running: trusting } = await withReceiver(await databases.create(), { trustedProxies: ["127.0.0.1"] });
    const { running: direct } = await withReceiver(await databases.create());
    const codes = async (running: RunningService) => {
      const found = new Set<number>();
      for (let n = 0; n < 60; n += 1) found.add(await attempt(running, `203.0.113.${n}`));
      return [...found];
    };
    expect(await codes(trusting)).toEqual([401]);
    expect(await codes(direct)).toEqual([401, 429]);
  });

  it("a body that is too large is 413, another method 405, an unknown source 404", async () => {
    const { running } = await withReceiver(await databases.create());
    const large = await post(`${running.url}/hooks/generic`, { text: "x".repeat(256 * 1_024) });
    expect([large.status, await large.json()]).toEqual([413, { error: "the body is larger than 262144 bytes" }]);
    const get = await fetch(`${running.url}/hooks/generic`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await post(`${running.url}/hooks/nobody`, {})).status).toBe(404);
    expect((await fetch(`${running.url}/hooks/generic/${"x".repeat(3_000)}`)).status).toBe(414);
  });

  it("events are read in pages, by whoever has a key", async () => {
    const { running } = await withReceiver(await databases.create(), { canary: "off" });
    for (let n = 0; n < 3; n += 1)
      await post(`${running.url}/hooks/generic`, { n, severity: n === 1 ? "high" : "low" });
    const ask = async (query: string, headers = authorization) => {
      const response = await fetch(`${running.url}/events${query}`, { headers });
      return {
        status: response.status,
        body: (await response.json()) as { events: { data: unknown }[]; cursor?: string; error?: string },
      };
    };
    expect((await ask("", {} as never)).status).toBe(401);
    expect((await ask("", { authorization: "Bearer wrong" })).status).toBe(401);
    const first = await ask("?limit=2&order=oldest");
    expect(first.body.events.map(({ data }) => data)).toMatchObject([{ payload: { n: 0 } }, { payload: { n: 1 } }]);
    const second = await ask(`?limit=2&order=oldest&cursor=${first.body.cursor}`);
    expect(second.body).toMatchObject({ events: [{ data: { payload: { n: 2 } } }] });
    expect(second.body.cursor).toBeUndefined();
    expect((await ask("?severity=high&type=hook.*&subject=generic")).body.events).toHaveLength(1);
    expect((await ask("?limit=0")).status).toBe(400);
    expect(await ask("?severities=high")).toMatchObject({ status: 400, body: { error: /severities is no parameter/ } });
    expect((await ask("?cursor=x")).body.error).toBe("this is no cursor of the event log");
  });

  it("events are streamed as they come, and on from the last id that was seen", async () => {
    const { running } = await withReceiver(await databases.create(), { canary: "off" });
    const live = await streamed(running, {}, 2, async () => {
      for (let n = 0; n < 2; n += 1) await post(`${running.url}/hooks/generic`, { n });
    });
    expect(live.contentType).toBe("text/event-stream");
    expect(live.events.map(({ event }) => event)).toEqual(["hook.received", "hook.received"]);
    await post(`${running.url}/hooks/generic`, { n: 2 });
    const resumed = await streamed(running, { "last-event-id": live.events[0]!.id }, 2);
    expect(resumed.events.map(({ id }) => Number(id))).toEqual([1, 2].map((n) => Number(live.events[0]!.id) + n));
  });

  it("an incident is acknowledged by the button of its page, and not by looking at the page", async () => {
    const storeUrl = await databases.create();
    const { receiver, running } = await withReceiver(storeUrl, {
      publicUrl: "https://notify.example.com",
      sources: { generic: { secrets: [secret], event: { type: "door.lost" } } },
      canary: "off",
    });
    await post(`${running.url}/hooks/generic`, { severity: "high" });
    await until("the message", () => receiver.bodies.length === 1);
    const [, path] = /https:\/\/notify\.example\.com(\/incidents\/\S+)/.exec(String(receiver.bodies[0]?.actions)) ?? [];
    const page = await fetch(running.url + path);
    const html = await page.text();
    expect([page.status, html.includes("<button"), html.includes("generic")]).toEqual([200, true, true]);
    const acknowledged = async () => {
      const { events } = (await (
        await fetch(`${running.url}/events?type=incident.acknowledged`, { headers: authorization })
      ).json()) as { events: unknown[] };
      return events.length;
    };
    expect(await acknowledged()).toBe(0);
    const pressed = await fetch(running.url + path, {
      method: "POST",
      body: new URLSearchParams({ decision: "acknowledge" }),
    });
    expect(await pressed.text()).toContain("generic: acknowledged");
    expect(await acknowledged()).toBe(1);
    expect((await fetch(`${running.url}${path?.replace(/token=.{4}/, "token=AAAA")}`)).status).toBe(404);
  });

  it("a reload takes other secrets and channels, and loses nothing; one that cannot be used changes nothing", async () => {
    const storeUrl = await databases.create();
    const { receiver, config, running } = await withReceiver(storeUrl);
    const other = await startReceiver();
    await expect(
      running.service.reload(notifyConfig({ sources: { generic: { secrets: ["x"], schema: "/nowhere" } } })),
    ).rejects.toThrow("/nowhere cannot be read");
    expect((await post(`${running.url}/hooks/generic`, { n: 1 })).status).toBe(202);
    await until("the message", () => receiver.bodies.length === 1);
    await running.service.reload({
      ...notifyConfig({
        sources: {
          generic: { secrets: ["another secret of some length"] },
          second: { verifier: "hub", secrets: [secret] },
        },
        channels: { chat: channel(other.url) },
        outbound,
      }),
      listen: config.listen,
    });
    expect((await post(`${running.url}/hooks/generic`, { n: 2 })).status).toBe(401);
    expect((await post(`${running.url}/hooks/second`, { n: 2 })).status).toBe(202);
    await until("the message", () => other.bodies.length === 1);
    expect(receiver.bodies).toHaveLength(1);
    expect(await running.metrics()).toContain("notification_queue_depth");
  });

  it("what was accepted before an end is told by whoever comes next", async () => {
    const storeUrl = await databases.create();
    const { receiver, config, running } = await withReceiver(storeUrl);
    receiver.status = 503;
    expect((await post(`${running.url}/hooks/generic`, { n: 1 })).status).toBe(202);
    await running.end();
    expect(receiver.bodies).toEqual([]);
    receiver.status = 204;
    await startService(storeUrl, { ...config, deliveries: { ...config.deliveries, retries: [0, 100] } });
    await until("the message", () => receiver.bodies.length === 1);
  });

  it("an end waits for the answers that are under way, and does not wait for idle connections", async () => {
    const { running } = await withReceiver(await databases.create());
    const answers = Array.from({ length: 20 }, (_, n) => post(`${running.url}/hooks/generic`, { n }));
    await Promise.race(answers);
    await running.end();
    const statuses = (await Promise.allSettled(answers)).map((each) =>
      each.status === "fulfilled" ? each.value.status : 0,
    );
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThan(0);
    // Whoever came too late was told so, or refused a connection: nobody was told 202 in vain.
    expect(statuses.filter((status) => ![202, 503, 0].includes(status))).toEqual([]);
  });

  it("a request that is sent too slowly is ended", async () => {
    const { running } = await withReceiver(await databases.create());
    const { hostname, port } = new URL(running.url);
    const slow = request({
      host: hostname,
      port,
      method: "POST",
      path: "/hooks/generic",
      headers: { "content-length": 100 },
    });
    slow.write("{");
    const status = await new Promise((resolve) => {
      slow.on("response", (response) => resolve(response.statusCode));
      slow.on("error", () => resolve("closed"));
    });
    expect([408, "closed"]).toContain(status);
  });

  it("health says what works, and keeps to itself how it is made", async () => {
    const { running } = await withReceiver(await databases.create());
    const response = await fetch(`${running.url}/health`);
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        status: "healthy",
        timestamp: expect.any(String),
        version: "1.2.3",
        checks: { store: { status: "ok" }, deliveries: { status: "ok" }, canary: { status: "ok" } },
      },
    ]);
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
  });
});
