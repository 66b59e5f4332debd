/** Verifiers of webhooks: each accepts what its scheme says, over the raw octets, and nothing else. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { HubVerifier } from "../../src/hooks/hub.ts";
import { StandardVerifier } from "../../src/hooks/standard.ts";
import { TokenVerifier } from "../../src/hooks/token.ts";
import type { InboundRequest } from "../../src/hooks/verifier.ts";

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

function request(headers: Readonly<Record<string, string>>, body: string | Uint8Array = "{}"): InboundRequest {
  return {
    header: (name) => headers[name],
    body: typeof body === "string" ? Buffer.from(body) : body,
    receivedMs: nowMs,
  };
}

const failure = (of: string) => ({ isAuthentic: false, failure: of });
const secretOf = (fill: number) => `whsec_${Buffer.alloc(24, fill).toString("base64")}`;

describe("Standard Webhooks 1.0.0", () => {
  const [first, second] = [secretOf(1), secretOf(2)];
  const sent = (secret: string, body: string, { id = "msg_1", atMs = nowMs } = {}) => ({
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(atMs / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, new Date(atMs), body),
  });
  const verifier = new StandardVerifier([{ value: first }]);

  it("accepts what the reference library signs, and names the delivery by the signed id", () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (body, id) => {
        expect(verifier.verify(request(sent(first, body, { id }), body))).toEqual({
          isAuthentic: true,
          deliveryId: id,
        });
      }),
    );
  });

  it("refuses a body of which any bit has changed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 0, max: 7 }), (octets, at, bit) => {
        const text = Buffer.from(octets).toString("latin1");
        const headers = sent(first, text);
        const changed = Buffer.from(text);
        changed[at % changed.length]! ^= 1 << bit;
        expect(verifier.verify(request(headers, changed))).toEqual(failure("wrong_credentials"));
      }),
    );
  });

  it.each([
    ["another secret", sent(second, "{}"), "wrong_credentials"],
    ["another id than the signed one", { ...sent(first, "{}"), "webhook-id": "msg_2" }, "wrong_credentials"],
    ["a timestamp five minutes and a second old", sent(first, "{}", { atMs: nowMs - 301_000 }), "stale_timestamp"],
    ["a timestamp that far ahead", sent(first, "{}", { atMs: nowMs + 301_000 }), "stale_timestamp"],
    [
      "a fresh timestamp beside an old signature",
      { ...sent(first, "{}", { atMs: nowMs - 200_000 }), "webhook-timestamp": String(nowMs / 1000) },
      "wrong_credentials",
    ],
    ["a timestamp that is no number", { ...sent(first, "{}"), "webhook-timestamp": "now" }, "malformed_credentials"],
    ["no signature", { ...sent(first, "{}"), "webhook-signature": "" }, "wrong_credentials"],
    [
      "the tag of the other kind",
      { ...sent(first, "{}"), "webhook-signature": sent(first, "{}")["webhook-signature"].replace("v1,", "v1a,") },
      "wrong_credentials",
    ],
    ["no headers at all", {}, "missing_credentials"],
  ])("refuses %s", (_, headers, expected) => {
    expect(verifier.verify(request(headers))).toEqual(failure(expected));
  });

  it("accepts either secret, and either signature, while a secret is replaced, and the old one no more after its end", () => {
    const rotating = new StandardVerifier([{ value: first, untilMs: nowMs + 1 }, { value: second }]);
    expect(rotating.verify(request(sent(first, "{}")))).toMatchObject({ isAuthentic: true });
    expect(rotating.verify(request(sent(second, "{}")))).toMatchObject({ isAuthentic: true });
    const both = `${sent(secretOf(9), "{}")["webhook-signature"]} ${sent(second, "{}")["webhook-signature"]}`;
    expect(rotating.verify(request({ ...sent(first, "{}"), "webhook-signature": both }))).toMatchObject({
      isAuthentic: true,
    });
    const over = new StandardVerifier([{ value: first, untilMs: nowMs }, { value: second }]);
    expect(over.verify(request(sent(first, "{}")))).toEqual(failure("wrong_credentials"));
    expect(new StandardVerifier([{ value: first, untilMs: nowMs }]).verify(request(sent(first, "{}")))).toEqual(
      failure("no_live_secret"),
    );
  });

  it("accepts an ed25519 signature (v1a) by the public key, and by no other", () => {
    const [ours, others] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
    const raw = ours.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    const asymmetric = new StandardVerifier([{ value: `whpk_${raw.toString("base64")}` }]);
    const signedBy = ({ privateKey }: typeof ours, body: string) => ({
      "webhook-id": "msg_1",
      "webhook-timestamp": String(nowMs / 1000),
      "webhook-signature": `v1a,${sign(null, Buffer.from(`msg_1.${nowMs / 1000}.${body}`), privateKey).toString("base64")}`,
    });
    expect(asymmetric.verify(request(signedBy(ours, "{}")))).toEqual({ isAuthentic: true, deliveryId: "msg_1" });
    expect(asymmetric.verify(request(signedBy(others, "{}")))).toEqual(failure("wrong_credentials"));
    expect(asymmetric.verify(request(signedBy(ours, "{}"), "{ }"))).toEqual(failure("wrong_credentials"));
  });

  it.each([
    ["no prefix", "c2VjcmV0c2VjcmV0c2VjcmV0"],
    ["too few octets", "whsec_c2hvcnQ="],
    ["a public key of another length", "whpk_c2hvcnQ="],
  ])("refuses to be configured with %s, and does not repeat it", (_, value) => {
    expect(() => new StandardVerifier([{ value }])).toThrow(/^must (be|have) (?!.*c2)/);
  });
});

describe("X-Hub-Signature-256", () => {
  const signature = (secret: string, body: Uint8Array | string) => ({
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  });
  const verifier = new HubVerifier([{ value: "old", untilMs: nowMs + 1 }, { value: "new" }]);

  it("accepts what either live secret signed, over the octets as they came", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom("old", "new"), (body, secret) => {
        expect(verifier.verify(request(signature(secret, body), body))).toEqual({ isAuthentic: true });
      }),
    );
  });

  it("accepts the digest in capitals", () => {
    const { "x-hub-signature-256": header } = signature("new", "{}");
    expect(verifier.verify(request({ "x-hub-signature-256": `sha256=${header.slice(7).toUpperCase()}` }))).toEqual({
      isAuthentic: true,
    });
  });

  it.each([
    ["another secret", signature("other", "{}"), "wrong_credentials"],
    ["another body", signature("new", "{ }"), "wrong_credentials"],
    [
      "half a digest",
      { "x-hub-signature-256": signature("new", "{}")["x-hub-signature-256"].slice(0, 39) },
      "malformed_credentials",
    ],
    ["SHA-1", { "x-hub-signature-256": `sha1=${"0".repeat(40)}` }, "malformed_credentials"],
    ["an empty header", { "x-hub-signature-256": "" }, "malformed_credentials"],
    [
      "no header, whatever the User-Agent says",
      { "user-agent": "ParticleBot/1.1", authorization: "Bearer new" },
      "missing_credentials",
    ],
  ])("refuses %s", (_, headers, expected) => {
    expect(verifier.verify(request(headers))).toEqual(failure(expected));
  });
});

describe("a static token", () => {
  const verifier = new TokenVerifier({ secrets: [{ value: "t0ken" }] });
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

  it.each([
    ["Bearer", { authorization: "Bearer t0ken" }],
    ["bearer, in small letters", { authorization: "bearer t0ken" }],
    ["Basic, with any name", basic("particle:t0ken")],
  ])("is accepted as %s", (_, headers) => {
    expect(verifier.verify(request(headers))).toEqual({ isAuthentic: true });
  });

  it.each([
    ["another", { authorization: "Bearer t0keN" }, "wrong_credentials"],
    ["the beginning of it", { authorization: "Bearer t0ke" }, "wrong_credentials"],
    ["none", { authorization: "" }, "missing_credentials"],
    ["another scheme", { authorization: "Digest t0ken" }, "malformed_credentials"],
    ["Basic without a password", basic("t0ken"), "malformed_credentials"],
    ["the token as Basic's name", basic("t0ken:"), "wrong_credentials"],
  ])("is refused: %s", (_, headers, expected) => {
    expect(verifier.verify(request(headers))).toEqual(failure(expected));
  });

  it("may have spaces", () => {
    const spaced = new TokenVerifier({ secrets: [{ value: "two words" }] });
    expect(spaced.verify(request({ authorization: "Bearer two words" }))).toEqual({ isAuthentic: true });
    expect(spaced.verify(request(basic("particle:two words")))).toEqual({ isAuthentic: true });
    expect(spaced.verify(request({ authorization: "Bearer two" }))).toEqual(failure("wrong_credentials"));
  });

  it("stands alone in a header of one's own", () => {
    const own = new TokenVerifier({ secrets: [{ value: "t0ken" }], headerName: "x-api-key" });
    expect(own.verify(request({ "x-api-key": "t0ken" }))).toEqual({ isAuthentic: true });
    expect(own.verify(request({ authorization: "Bearer t0ken" }))).toEqual(failure("missing_credentials"));
  });
});
