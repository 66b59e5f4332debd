import { createECDH, createPublicKey, type ECDH, randomBytes, verify } from "node:crypto";
import {
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@espalier/tests/lab";
import fc from "fast-check";
import ece from "http_ece";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { pushPayload } from "../../src/channels/web-push.ts";
import { encryptPush, maxPlaintextBytes } from "../../src/channels/web-push-encryption.ts";
import { type Endpoint, type EndpointAnswer, type ReceivedRequest, startEndpoint, surroundings } from "./endpoint.ts";
import { longText, message } from "./messages.ts";
import { createVapidKeys } from "./vapid-keys.ts";

const describe = requirePrograms({ openssl: "openssl" });
const never = new AbortController().signal;

/** A browser, as far as a push service and an application see it. */
class Browser {
  readonly ecdh: ECDH = createECDH("prime256v1");
  readonly auth = randomBytes(16);
  constructor() {
    this.ecdh.generateKeys();
  }
  subscription(endpoint: string): object {
    return {
      endpoint,
      keys: { p256dh: this.ecdh.getPublicKey("base64url"), auth: this.auth.toString("base64url") },
    };
  }
  read(body: Buffer): unknown {
    const plaintext = ece.decrypt(body, { version: "aes128gcm", privateKey: this.ecdh, authSecret: this.auth });
    return JSON.parse(plaintext.toString("utf8"));
  }
}

describe("Web Push", () => {
  let directory: TemporaryDirectory;
  let certificate: ServerCertificate;

  beforeAll(async () => {
    directory = await temporaryDirectory("web-push");
    certificate = await (await createCertificateAuthority(directory.path)).issue("push", ["127.0.0.1"]);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  async function pushTo(browsers: readonly Browser[]) {
    const server = await startEndpoint(certificate);
    const { privateKey, publicKey } = createVapidKeys();
    const config = channelConfig.parse({
      kind: "web-push",
      vapid: { subject: "mailto:admin@example.com", privateKey },
      subscriptions: browsers.map((browser, index) => browser.subscription(`${server.origin}/push/browser-${index}`)),
      ca: certificate.authority,
    });
    const channel = createChannel(config, surroundings({ publicUrl: "https://notify.example" }));
    onTestFinished(async () => {
      await channel.close();
      await server[Symbol.asyncDispose]();
    });
    return { server, channel, publicKey };
  }

  function answering(server: Endpoint, byBrowser: readonly EndpointAnswer[]): void {
    server.answer = ({ path }: ReceivedRequest) => byBrowser[Number(path.split("-").at(-1))]!;
  }

  it("is decrypted by another implementation of RFC 8188 and 8291", async () => {
    const browser = new Browser();
    const { server, channel } = await pushTo([browser]);
    server.answer = { status: 201 };
    const actions = [{ label: "Approve", url: "https://notify.example/a" }];
    expect(await channel.send(message({ actions }), never)).toEqual({
      status: "delivered",
      detail: "1 of 1 subscriptions",
    });
    const [request] = server.requests;
    expect(browser.read(request!.body)).toEqual({
      title: message().title,
      tag: message().deliveryId,
      status: "problem",
      severity: "high",
      body: message().text,
      url: "https://notify.example",
      actions,
    });
    const { ttl, urgency, topic, "content-encoding": encoding } = request!.headers;
    expect({ ttl, urgency, encoding }).toEqual({ ttl: "86400", urgency: "high", encoding: "aes128gcm" });
    expect(topic).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it("encrypts as the example of RFC 8291 §5 does", () => {
    const decode = (text: string) => Buffer.from(text, "base64url");
    const encrypted = encryptPush(
      Buffer.from("When I grow up, I want to be a watermelon"),
      {
        p256dh: decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        auth: decode("BTBZMqHH6r4Tts7J_aSIgg"),
      },
      decode("DGv6ra1nlYgDCS1FRnbzlw"),
      decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    );
    expect(encrypted.toString("base64url")).toBe(
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    );
  });

  it("says who sends, signed for this push service, RFC 8292", async () => {
    const { server, channel, publicKey } = await pushTo([new Browser()]);
    await channel.send(message(), never);
    const [, token = "", key = ""] =
      /^vapid t=([^,]+), k=(.+)$/.exec(server.requests[0]!.headers.authorization ?? "") ?? [];
    const [header = "", claims = "", signature = ""] = token.split(".");
    const json = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    const { exp, ...others } = json(claims);
    expect(json(header)).toEqual({ typ: "JWT", alg: "ES256" });
    expect(others).toEqual({ aud: server.origin, sub: "mailto:admin@example.com" });
    const hours = (exp * 1_000 - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11);
    expect(hours).toBeLessThan(24);
    expect(Buffer.from(key, "base64url").equals(publicKey)).toBe(true);
    const point = {
      kty: "EC",
      crv: "P-256",
      x: publicKey.subarray(1, 33).toString("base64url"),
      y: publicKey.subarray(33).toString("base64url"),
    };
    expect(
      verify(
        "sha256",
        Buffer.from(`${header}.${claims}`),
        { key: createPublicKey({ key: point, format: "jwk" }), dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
  });

  it("goes to the browsers that have not got it when it is tried again", async () => {
    const { server, channel } = await pushTo([new Browser(), new Browser()]);
    answering(server, [{ status: 201 }, { status: 503, headers: { "retry-after": "9" } }]);
    expect(await channel.send(message(), never)).toEqual({
      status: "retry",
      reason: "status 503",
      retryAfterMs: 9_000,
      slowDown: true,
    });
    answering(server, [{ status: 201 }, { status: 201 }]);
    expect(await channel.send(message({ attempt: 2 }), never)).toMatchObject({ status: "delivered" });
    expect(server.requests.map(({ path }) => path).toSorted()).toEqual([
      "/push/browser-0",
      "/push/browser-1",
      "/push/browser-1",
    ]);
    const topics = new Set(server.requests.map(({ headers }) => headers.topic));
    expect(topics.size).toBe(1);
  });

  it("leaves out subscriptions that have ended, and is disabled when none is left", async () => {
    const { server, channel } = await pushTo([new Browser(), new Browser()]);
    answering(server, [{ status: 410 }, { status: 201 }]);
    expect(await channel.send(message(), never)).toEqual({ status: "delivered", detail: "1 of 2 subscriptions" });
    answering(server, [{ status: 500 }, { status: 404, body: "no /push/browser-1" }]);
    expect(await channel.send(message({ deliveryId: "b" }), never)).toEqual({
      status: "disabled",
      reason: "status 404: no [secret]",
    });
    expect(await channel.send(message({ deliveryId: "c" }), never)).toEqual({
      status: "disabled",
      reason: "every subscription has ended: subscribe again",
    });
    expect(server.requests).toHaveLength(3);
  });

  it("fits into what push services take, whatever is in it", () => {
    const browser = new Browser();
    const keys = { p256dh: browser.ecdh.getPublicKey(), auth: browser.auth };
    fc.assert(
      fc.property(longText, longText, fc.integer({ min: 0, max: 9_000 }), (title, text, length) => {
        const actions = [{ label: "Approve", url: `https://notify.example/${"x".repeat(length)}` }];
        const payload = pushPayload(message({ title, text, actions }), "https://notify.example");
        const encrypted = encryptPush(payload, keys, randomBytes(16), randomBytes(32));
        expect(encrypted.length).toBeLessThanOrEqual(4_096);
        expect(browser.read(encrypted)).toMatchObject({ tag: message().deliveryId });
      }),
      { numRuns: 30 },
    );
    expect(() => encryptPush(Buffer.alloc(maxPlaintextBytes + 1), keys, randomBytes(16), randomBytes(32))).toThrow(
      "more than 3993 bytes",
    );
  });
});
