import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorText, outcomeOfError, outcomeOfResponse, parseRetryAfter } from "../../src/channels/http-outcome.ts";
import { excerpt, secretHider, urlSecrets } from "../../src/channels/secrets.ts";

const rules = { failed: [400], disabled: [410] };
const now = Date.UTC(2026, 0, 1);

function outcome(status: number, { body = "", headers = {} } = {}) {
  return outcomeOfResponse({ status, headers, body }, rules, (text) => text, now);
}

describe("what an answer means for a delivery", () => {
  it("has delivered with 2xx, given up with what the rules name, and goes on with all else", () => {
    const outcomes = [200, 202, 204, 299, 400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504].map((status) => [
      status,
      outcome(status),
    ]);
    const slow = (status: number) => ({ status: "retry", reason: `status ${status}`, slowDown: true });
    const retry = (status: number) => ({ status: "retry", reason: `status ${status}` });
    expect(Object.fromEntries(outcomes)).toEqual({
      200: { status: "delivered", detail: "status 200" },
      202: { status: "delivered", detail: "status 202" },
      204: { status: "delivered", detail: "status 204" },
      299: { status: "delivered", detail: "status 299" },
      400: { status: "failed", reason: "status 400" },
      401: retry(401),
      403: retry(403),
      404: retry(404),
      408: retry(408),
      410: { status: "disabled", reason: "status 410" },
      429: slow(429),
      500: retry(500),
      502: slow(502),
      503: slow(503),
      504: slow(504),
    });
  });

  it("says of a redirect that none is followed, without the address that it goes to", () => {
    expect(outcome(302, { headers: { location: "https://other.example/secret" } })).toEqual({
      status: "retry",
      reason: "status 302, a redirect, and none is followed: configure its target",
    });
  });

  it("waits as long as Retry-After says, in seconds or until a date, and a day at most", () => {
    const wait = (value: string) => parseRetryAfter(value, now);
    expect({
      seconds: wait("120"),
      fraction: wait(" 0.5 "),
      date: wait("Thu, 01 Jan 2026 00:01:00 GMT"),
      past: wait("Wed, 31 Dec 2025 00:00:00 GMT"),
      long: wait("99999999"),
      negative: wait("-5"),
      text: wait("soon"),
      hex: wait("0x10"),
      empty: wait(""),
    }).toEqual({
      seconds: 120_000,
      fraction: 500,
      date: 60_000,
      past: 0,
      long: 86_400_000,
      negative: undefined,
      text: undefined,
      hex: undefined,
      empty: undefined,
    });
    expect(outcome(429, { headers: { "retry-after": "7" } })).toEqual({
      status: "retry",
      reason: "status 429",
      retryAfterMs: 7_000,
      slowDown: true,
    });
  });

  it("repeats the beginning of the answer in one line", () => {
    expect(outcome(400, { body: `{"error":\r\n "no\u0000t\u202e this"}` })).toEqual({
      status: "failed",
      reason: 'status 400: {"error": "no t this"}',
    });
    expect(outcome(500, { body: "x".repeat(1_000) })).toMatchObject({ reason: `status 500: ${"x".repeat(199)}…` });
  });

  it("tries again after any error, and says what each address of the endpoint did", () => {
    const signal = new AbortController().signal;
    const error = new AggregateError([
      new Error("connect ECONNREFUSED ::1:1"),
      new Error("connect ETIMEDOUT 1.1.1.1:1"),
    ]);
    expect(outcomeOfError(error, (text) => text, signal)).toEqual({
      status: "retry",
      reason: "connect ECONNREFUSED ::1:1; connect ETIMEDOUT 1.1.1.1:1",
    });
    expect(errorText(Object.assign(new Error(""), { code: "EPIPE" }))).toBe("EPIPE");
    expect(outcomeOfError(error, (text) => text, AbortSignal.abort())).toEqual({
      status: "retry",
      reason: "stopped before there was an answer",
    });
  });
});

describe("secrets in what a peer says", () => {
  it("are hidden as they are, percent-encoded, in JSON, and in base64", () => {
    const secret = 'p"ss wörd/1';
    const hide = secretHider([secret, ""]);
    const spellings = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      Buffer.from(secret).toString("base64"),
      Buffer.from(secret).toString("base64url"),
    ];
    expect(spellings.map(hide)).toEqual(["[secret]", "[secret]", '"[secret]"', "[secret]", "[secret]"]);
  });

  it("are hidden wherever they stand", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 12 }), fc.string(), (before, secret, after) => {
        expect(secretHider([secret])(`${before}${secret}${after}`)).not.toContain(secret);
      }),
    );
  });

  it("are all that stands behind the host of a webhook's URL", () => {
    const hide = secretHider(
      urlSecrets(new URL("https://hooks.example/services/T0000/B0000/abcdefgh%2Fijkl?key=0123456789")),
    );
    expect(hide("POST /services/T0000/B0000/abcdefgh%2Fijkl?key=0123456789, abcdefgh/ijkl, 0123456789, services")).toBe(
      "POST [secret], [secret], [secret], [secret]",
    );
    expect(urlSecrets(new URL("https://hooks.example/"))).toEqual([]);
  });

  it("leave one short line", () => {
    expect(excerpt("  a\n\tb\u0007c ")).toBe("a b c");
  });
});
