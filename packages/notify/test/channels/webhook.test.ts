import { generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it, onTestFinished } from "vitest";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { wellFormedJson } from "../../src/channels/http-channel.ts";
import { parseSigningKey, signatures } from "../../src/channels/standard-webhooks.ts";
import { webhookPayload } from "../../src/channels/webhook.ts";
import { type Endpoint, startEndpoint, surroundings } from "./endpoint.ts";
import { longText, message, storedEvent } from "./messages.ts";

const never = new AbortController().signal;
const first = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const second = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

async function webhookTo(secrets: readonly string[]): Promise<{
  readonly server: Endpoint;
  readonly send: (attempt?: number) => Promise<unknown>;
}> {
  const server = await startEndpoint();
  const config = channelConfig.parse({ kind: "webhook", url: `${server.origin}/hooks/abcdefgh`, secrets });
  const channel = createChannel(config, surroundings());
  onTestFinished(async () => {
    await channel.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, send: (attempt = 1) => channel.send(message({ attempt }), never) };
}

function headersOf(server: Endpoint, index = 0): Record<string, string> {
  return server.requests[index]!.headers as Record<string, string>;
}

/** An ed25519 key as Standard Webhooks writes it, the public key behind the private one. */
function asymmetricKey(): { readonly secret: string; readonly short: string; readonly publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  const seed = Buffer.from(jwk.d!, "base64url");
  const both = Buffer.concat([seed, Buffer.from(jwk.x!, "base64url")]);
  return { secret: `whsk_${both.toString("base64")}`, short: `whsk_${seed.toString("base64")}`, publicKey };
}

describe("a webhook", () => {
  it("is verified by the library of Standard Webhooks", async () => {
    const { server, send } = await webhookTo([first]);
    expect(await send()).toEqual({ status: "delivered", detail: "status 200" });
    const [request] = server.requests;
    const verified = new Webhook(first).verify(request!.text, headersOf(server));
    expect(verified).toEqual({
      type: "backend.down",
      timestamp: "2026-01-02T03:04:05.678Z",
      data: {
        deliveryId: message().deliveryId,
        status: "problem",
        severity: "high",
        title: message().title,
        text: message().text,
        actions: [],
        events: [
          {
            id: storedEvent().id,
            type: "backend.down",
            severity: "high",
            subject: "ldap1.example.com:636",
            source: "proxy",
            time: "2026-01-02T03:04:05.678Z",
            data: { reason: "ECONNREFUSED" },
          },
        ],
      },
    });
    expect(() => new Webhook(second).verify(request!.text, headersOf(server))).toThrow("No matching signature");
    expect(() => new Webhook(first).verify(`${request!.text} `, headersOf(server))).toThrow("No matching signature");
  });

  it("has the delivery's id and the same bytes in every attempt", async () => {
    const { server, send } = await webhookTo([first]);
    await send(1);
    await send(2);
    const [one, two] = server.requests;
    expect(one!.headers["webhook-id"]).toBe(message().deliveryId);
    expect(two!.headers["webhook-id"]).toBe(message().deliveryId);
    expect(two!.body.equals(one!.body)).toBe(true);
  });

  it("is signed with both secrets while one replaces the other", async () => {
    const { server, send } = await webhookTo([first, second]);
    await send();
    const [request] = server.requests;
    for (const secret of [first, second]) {
      expect(new Webhook(secret).verify(request!.text, headersOf(server))).toMatchObject({ type: "backend.down" });
    }
  });

  it("is signed with ed25519 too, where there is such a key", async () => {
    const { secret, short, publicKey } = asymmetricKey();
    const { server, send } = await webhookTo([first, secret, short]);
    await send();
    const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": all } = headersOf(server);
    const [v1, ...v1a] = all!.split(" ");
    expect(v1).toMatch(/^v1,/);
    expect(v1a).toHaveLength(2);
    for (const signature of v1a) {
      const [version, encoded = ""] = signature.split(",");
      const signed = Buffer.from(`${id}.${timestamp}.${server.requests[0]!.text}`);
      expect([version, verify(null, signed, publicKey, Buffer.from(encoded, "base64"))]).toEqual(["v1a", true]);
    }
  });

  it("is tried again after anything but 2xx, and no more after 410", async () => {
    const { server, send } = await webhookTo([first]);
    server.answer = { status: 400, body: `bad ${first} at /hooks/abcdefgh` };
    expect(await send()).toEqual({ status: "retry", reason: "status 400: bad [secret] at [secret]" });
    server.answer = { status: 410 };
    expect(await send()).toEqual({ status: "disabled", reason: "status 410" });
    server.answer = { status: 503, headers: { "retry-after": "120" } };
    expect(await send()).toEqual({ status: "retry", reason: "status 503", retryAfterMs: 120_000, slowDown: true });
  });

  it("names several types of events a digest", () => {
    const events = [storedEvent(), storedEvent({ type: "tier.degraded", time: Date.UTC(2026, 0, 3) })];
    expect(webhookPayload(message({ events }))).toMatchObject({
      type: "notification.digest",
      timestamp: "2026-01-03T00:00:00.000Z",
    });
  });

  it("is verified whatever is in it", () => {
    const key = parseSigningKey(first);
    fc.assert(
      fc.property(fc.uuid(), longText, (id, text) => {
        const body = wellFormedJson(webhookPayload(message({ text })));
        const timestamp = Math.floor(Date.now() / 1_000);
        const headers = {
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": signatures([key], id, timestamp, body),
        };
        expect(new Webhook(first).verify(body, headers)).toMatchObject({ data: { text: text.toWellFormed() } });
      }),
      { numRuns: 20 },
    );
  });

  it("refuses keys that are none, without repeating them", () => {
    const problems = ["whsec_AAAA", "whsk_AAAA", "plain-secret", `whsec_${"!".repeat(40)}`].map((text) => {
      try {
        return parseSigningKey(text);
      } catch (error) {
        return (error as Error).message;
      }
    });
    const form = "must be whsec_ or whsk_ and base64: `whsec_$(openssl rand -base64 32)` makes one";
    expect(problems).toEqual([
      "has 3 bytes, and Standard Webhooks asks for 24 to 64",
      "has 3 bytes, and an ed25519 key has 32, or 64 with its public key",
      form,
      form,
    ]);
  });
});
