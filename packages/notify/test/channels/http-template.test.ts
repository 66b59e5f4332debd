import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { readable } from "../../src/channels/readable.ts";
import { type Endpoint, startEndpoint, surroundings } from "./endpoint.ts";
import { longText, message, strangersText } from "./messages.ts";

const never = new AbortController().signal;

async function endpointWith(config: (origin: string) => object): Promise<{
  readonly server: Endpoint;
  readonly send: (sent: ReturnType<typeof message>) => Promise<unknown>;
}> {
  const server = await startEndpoint();
  const channel = createChannel(channelConfig.parse({ kind: "http", ...config(server.origin) }), surroundings());
  onTestFinished(async () => {
    await channel.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, send: (sent) => channel.send(sent, never) };
}

describe("an HTTP endpoint by template", () => {
  it("gets a form with a login, as providers of text messages want it", async () => {
    const { server, send } = await endpointWith((origin) => ({
      url: `${origin}/2010/Accounts/{{secret.account}}/Messages.json`,
      secrets: { account: "AC0123456789" },
      user: "AC0123456789",
      password: "t0ken-of-the-account",
      headers: { "Idempotency-Key": "{{deliveryId}}" },
      form: { To: "+4912345", From: "+4967890", Body: "{{title:20}} {{severity}}/{{status}}" },
    }));
    expect(await send(message())).toEqual({ status: "delivered", detail: "status 200" });
    const [request] = server.requests;
    const { "content-type": type, authorization, "idempotency-key": key } = request!.headers;
    expect({ method: request!.method, path: request!.path, type, authorization, key, body: request!.text }).toEqual({
      method: "POST",
      path: "/2010/Accounts/AC0123456789/Messages.json",
      type: "application/x-www-form-urlencoded",
      authorization: `Basic ${Buffer.from("AC0123456789:t0ken-of-the-account").toString("base64")}`,
      key: message().deliveryId,
      body: "To=%2B4912345&From=%2B4967890&Body=%5Bhigh%5D+backend.down%E2%80%A6+high%2Fproblem",
    });
  });

  it("gets JSON with every variable in its place", async () => {
    const { server, send } = await endpointWith((origin) => ({
      url: `${origin}/send`,
      method: "PUT",
      secrets: { key: "k-0123456789" },
      json: {
        key: "{{secret.key}}",
        fixed: [1, true, null, "{{ count }} of {{attempt}}"],
        nested: {
          time: "{{time}}",
          type: "{{type}}",
          subject: "{{subject}}",
          source: "{{source}}",
          id: "{{deliveryId}}",
        },
        actions: "{{actions}}",
        text: "{{text}}",
      },
    }));
    await send(message({ text: 'a "quoted"\nline', actions: [{ label: "Approve", url: "https://n.example/a" }] }));
    expect(server.requests[0]?.method).toBe("PUT");
    expect(JSON.parse(server.requests[0]!.text)).toEqual({
      key: "k-0123456789",
      fixed: [1, true, null, "1 of 1"],
      nested: {
        time: "2026-01-02T03:04:05.678Z",
        type: "backend.down",
        subject: "ldap1.example.com:636",
        source: "proxy",
        id: message().deliveryId,
      },
      actions: "Approve: https://n.example/a",
      text: 'a "quoted"\nline',
    });
  });

  it("gets a query, with no body, where that is all it reads", async () => {
    const { server, send } = await endpointWith((origin) => ({
      url: `${origin}/sms?to=123&text={{title}}&key={{secret.key}}`,
      method: "GET",
      secrets: { key: "a&b" },
    }));
    await send(message({ title: "50% & more = #1?" }));
    const [request] = server.requests;
    expect({ method: request!.method, path: request!.path, body: request!.text }).toEqual({
      method: "GET",
      path: "/sms?to=123&text=50%25%20%26%20more%20%3D%20%231%3F&key=a%26b",
      body: "",
    });
  });

  it("keeps every value in its place, in JSON, in forms, in queries and in headers", async () => {
    const json = await endpointWith((origin) => ({
      url: `${origin}/?t={{title}}`,
      json: { a: "{{text}}", b: "fixed" },
    }));
    const form = await endpointWith((origin) => ({
      url: `${origin}/`,
      headers: { "X-Title": "{{title}}", "X-Fixed": "fixed" },
      form: { a: "{{text}}", b: "fixed" },
    }));
    await fc.assert(
      fc.asyncProperty(strangersText, longText, async (title, text) => {
        json.server.requests.length = 0;
        form.server.requests.length = 0;
        const sent = message({ title, text });
        expect(await json.send(sent)).toMatchObject({ status: "delivered" });
        expect(await form.send(sent)).toMatchObject({ status: "delivered" });
        const [asJson] = json.server.requests;
        expect(JSON.parse(asJson!.text)).toEqual({ a: readable(text), b: "fixed" });
        const query = new URL(asJson!.path, "http://x").searchParams;
        expect([...query]).toEqual([["t", readable(title)]]);
        const [asForm] = form.server.requests;
        expect([...new URLSearchParams(asForm!.text)]).toEqual([
          ["a", readable(text)],
          ["b", "fixed"],
        ]);
        expect(asForm!.headers["x-fixed"]).toBe("fixed");
        const bytes = Buffer.from(String(asForm!.headers["x-title"]), "latin1").toString("utf8");
        expect(bytes).toBe(
          readable(title)
            .replaceAll(/[\p{Cc}\s]+/gu, " ")
            .trim(),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("hides its secrets, headers and login in what the endpoint says", async () => {
    const { server, send } = await endpointWith((origin) => ({
      url: `${origin}/{{secret.path}}`,
      secrets: { path: "p-0123456789" },
      headers: { "X-Key": "h-0123456789" },
      user: "u",
      password: "w-0123456789",
      text: "{{text}}",
    }));
    const basic = Buffer.from("u:w-0123456789").toString("base64");
    server.answer = { status: 422, body: `p-0123456789 h-0123456789 w-0123456789 ${basic}` };
    expect(await send(message())).toEqual({
      status: "failed",
      reason: "status 422: [secret] [secret] [secret] [secret]",
    });
    expect(server.requests[0]?.headers["content-type"]).toBe("text/plain; charset=utf-8");
  });
});
