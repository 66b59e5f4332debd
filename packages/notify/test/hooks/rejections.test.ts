import { sql } from "@espalier/service";
import { forEachDatabase } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { listRejections, type RejectedRequest, Rejections } from "../../src/hooks/rejections.ts";
import { openHookStore } from "./hook-store.ts";

const request: RejectedRequest = {
  source: "generic",
  address: "203.0.113.7",
  statusCode: 401,
  reason: "wrong_credentials",
  headers: {},
  body: new Uint8Array(),
  receivedMs: 1_000,
};
const bytes = (text: string) => new TextEncoder().encode(text);

forEachDatabase((databases) => {
  it("a refused request is kept with what it says and without its secrets", async () => {
    const { store } = await openHookStore(databases);
    const rejections = new Rejections(store, () => undefined);
    rejections.add({
      ...request,
      headers: {
        "content-type": "application/json",
        authorization: "Bearer hunter2",
        "x-hub-signature-256": "sha256=abc",
        "x-custom": "hunter2",
        "user-agent": "curl/8\u0000",
      },
      body: bytes(
        '{"message":"hi","apiKey":"hunter2","url":"https://me:hunter2@host/","n":{"clientSecret":"hunter2"}}',
      ),
    });
    await rejections.flush();
    const [kept] = await listRejections(store);
    expect(kept).toEqual({
      id: expect.any(String),
      time: 1_000,
      source: "generic",
      address: "203.0.113.7",
      statusCode: 401,
      reason: "wrong_credentials",
      headers: {
        "content-type": "application/json",
        authorization: "[secret] of 14 characters",
        "x-hub-signature-256": "[secret] of 10 characters",
        "x-custom": "[secret] of 7 characters",
        "user-agent": "curl/8\ufffd",
      },
      body: '{"message":"hi","apiKey":"[secret]","url":"https://me:[secret]@host/","n":{"clientSecret":"[secret]"}}',
      bodyBytes: 99,
    });
  });

  it("secrets are left out also of text, of forms, and of JSON under another name", async () => {
    const { store } = await openHookStore(databases);
    const rejections = new Rejections(store, () => undefined);
    const add = (type: string, text: string) =>
      rejections.add({ ...request, headers: { "content-type": type }, body: bytes(text) });
    add("text/plain", "login failed, password: hunter2; token=hunter2");
    add("application/x-www-form-urlencoded", "event=x&access_token=hunter2&data=%7B%22secret%22%3A%22hunter2%22%7D");
    add("application/x-www-form-urlencoded", '{"password":"hunter2"}');
    add("application/json", '{"inner":"{\\"apiKey\\":\\"hunter2\\"}"}');
    add("application/xml", "<password>hunter2</password>");
    await rejections.flush();
    const bodies = (await listRejections(store)).map(({ body }) => body);
    expect(bodies.join()).not.toContain("hunter2");
    expect(bodies).toContain('{"text":"login failed, password: [secret]; token=[secret]"}');
  });

  it("of each source a bounded number is kept, and of strangers' floods a few a minute", async () => {
    const { store } = await openHookStore(databases);
    let unkept = 0;
    const flood = new Rejections(store, () => {
      unkept += 1;
    });
    for (let n = 0; n < 100; n += 1) flood.add({ ...request, body: bytes(`${"x".repeat(100_000)}`) });
    await flood.flush();
    expect(unkept).toBe(70);
    for (let round = 0; round < 10; round += 1) {
      const rejections = new Rejections(store, () => undefined);
      for (let n = 0; n < 25; n += 1) rejections.add({ ...request, reason: `round ${round}` });
      await rejections.flush();
    }
    const other = new Rejections(store, () => undefined);
    other.add({ ...request, source: "particle" });
    await other.flush();
    const counts = await store.all(
      sql`SELECT source, count(*) AS count FROM hook_rejected GROUP BY source ORDER BY source`,
    );
    expect(counts).toEqual([
      { source: "generic", count: 200 },
      { source: "particle", count: 1 },
    ]);
    expect((await listRejections(store, { source: "generic", limit: 1 }))[0]?.reason).toBe("round 9");
  });

  it("a body that is long is cut", async () => {
    const { store } = await openHookStore(databases);
    const rejections = new Rejections(store, () => undefined);
    rejections.add({ ...request, body: bytes(JSON.stringify({ text: "😀".repeat(50_000) })) });
    await rejections.flush();
    const [kept] = await listRejections(store);
    expect(kept?.body.length).toBeLessThan(2_100);
    expect(kept?.bodyBytes).toBeGreaterThan(200_000);
  });
});
