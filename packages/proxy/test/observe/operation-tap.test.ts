import { Oid, type ProtocolOp } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTapRecord, OperationTap, type TapRecord } from "../../src/observe/operation-tap.ts";
import { Tap } from "../../src/observe/tap.ts";
import { anyPlacedFrame } from "../frame/arbitrary-frame.ts";
import { attribute, frame, ipv4Client, ipv6Client, searchFor, secret, secretMessages } from "./conversation.ts";

const noon = Date.parse("2026-03-01T12:00:00.123Z");
const result = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };

/** What a tap gives for one message. */
function tapped(protocolOp: ProtocolOp, direction: "request" | "response" = "request", client = ipv4Client): TapRecord {
  const records: TapRecord[] = [];
  const tap = new OperationTap(
    (record) => records.push(record),
    () => noon,
  );
  tap[direction](client, frame(2, protocolOp));
  expect(records).toHaveLength(1);
  return records[0]!;
}

describe("a tap", () => {
  it("shows a message as a record that JSON can hold", () => {
    const record = tapped(searchFor("(&(uid=ann)(userPassword=x))"));
    expect(JSON.parse(JSON.stringify(record))).toStrictEqual({
      time: "2026-03-01T12:00:00.123Z",
      connectionId: 7,
      address: "10.0.5.7",
      port: 40_000,
      isEncrypted: false,
      direction: "request",
      messageId: 2,
      operation: "searchRequest",
      content: {
        base: "dc=example,dc=com",
        scope: "wholeSubtree",
        filter: "(&(uid=ann)(userPassword=[secret]))",
        attributes: ["cn", "userPassword"],
      },
    });
  });

  it.each<[ProtocolOp, "request" | "response", string]>([
    [
      { type: "bindRequest", version: 3, name: "cn=a", authentication: { type: "simple", password: Buffer.from("x") } },
      "request",
      '→ 2 bindRequest version=3 name="cn=a" authentication=simple password="[secret]"',
    ],
    [
      { type: "bindRequest", version: 3, name: "", authentication: { type: "simple", password: new Uint8Array(0) } },
      "request",
      '→ 2 bindRequest version=3 name="" authentication=simple password=""',
    ],
    [
      { type: "bindResponse", ...result, resultCode: 49, diagnosticMessage: "no", serverSaslCreds: undefined },
      "response",
      "← 2 bindResponse result=invalidCredentials diagnosticMessage=no",
    ],
    [
      {
        type: "searchResultEntry",
        objectName: "uid=ann",
        attributes: [attribute("cn", "Ann", "\xff"), { type: "jpegPhoto", values: [Uint8Array.of(0xff, 0xd8)] }],
      },
      "response",
      '← 2 searchResultEntry dn="uid=ann" attributes=[{"type":"cn","values":["Ann","ÿ"]},{"type":"jpegPhoto","values":[":: /9g="]}]',
    ],
    [
      {
        type: "modifyRequest",
        object: "uid=ann",
        changes: [{ operation: "replace", modification: attribute("userPassword", "x") }],
      },
      "request",
      '→ 2 modifyRequest dn="uid=ann" changes=[{"replace":"userPassword","values":["[secret]"]}]',
    ],
    [{ type: "unbindRequest" }, "request", "→ 2 unbindRequest"],
    [{ type: "abandonRequest", messageId: 1 }, "request", "→ 2 abandonRequest abandonedId=1"],
    [
      { type: "extendedRequest", requestName: Oid.whoAmI, requestValue: undefined },
      "request",
      "→ 2 extendedRequest oid=1.3.6.1.4.1.4203.1.11.3",
    ],
    [
      { type: "delRequest", entry: "cn=\u001b[2J\u202e\r\nx" },
      "request",
      '→ 2 delRequest dn="cn=\\u001b[2J\\u202e\\r\\nx"',
    ],
  ])("shows it to a person on one line: %j", (op, direction, line) => {
    expect(formatTapRecord(tapped(op, direction))).toBe(`12:00:00.123 #7 10.0.5.7:40000 clear ${line}`);
  });

  it("says which connections are in clear text, and writes IPv6 so that the port can be told", () => {
    const line = formatTapRecord(tapped({ type: "unbindRequest" }, "request", ipv6Client));
    expect(line).toBe("12:00:00.123 #8 [2001:db8::7]:40001 → 2 unbindRequest");
  });

  it.each(Object.entries(secretMessages))("never shows the secret of %s", (_, original) => {
    const shown: string[] = [];
    const tap = new OperationTap((record) => shown.push(JSON.stringify(record), formatTapRecord(record)));
    tap.request(ipv4Client, original);
    tap.response(ipv4Client, original);
    expect(shown).toHaveLength(4);
    for (const text of shown) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("base64").slice(0, 8));
    }
  });

  it("shows any message on one line without control characters", () => {
    const tap = (check: (line: string) => void) => new OperationTap((record) => check(formatTapRecord(record)));
    fc.assert(
      fc.property(anyPlacedFrame, ({ frame }) => {
        let lines = 0;
        tap((line) => {
          lines++;
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        }).request(ipv4Client, frame);
        expect(lines).toBe(1);
      }),
    );
  });
});

describe("taps", () => {
  it("see what passes while they are subscribed, and nobody is asked for frames without them", () => {
    const tap = new Tap();
    const seen: string[] = [];
    const unbind = frame(2, { type: "unbindRequest" });
    expect(tap.isTapped).toBe(false);
    const end = tap.subscribe(new OperationTap(({ operation }) => seen.push(operation)));
    expect(tap.isTapped).toBe(true);
    tap.request(ipv4Client, unbind);
    end();
    tap.request(ipv4Client, unbind);
    expect(tap.isTapped).toBe(false);
    expect(seen).toStrictEqual(["unbindRequest"]);
  });
});
