import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../src/error.ts";
import { cancelRequest, decodeCancelRequest } from "../../src/extended/cancel.ts";
import { isNoticeOfDisconnection, noticeOfDisconnection } from "../../src/extended/notice-of-disconnection.ts";
import {
  decodePasswordModifyRequest,
  decodePasswordModifyResponse,
  passwordModifyRequest,
  passwordModifyResponse,
} from "../../src/extended/password-modify.ts";
import { startTlsRequest, startTlsResponse } from "../../src/extended/start-tls.ts";
import { decodeSyncInfo, type SyncInfo, syncInfoResponse } from "../../src/extended/sync-info.ts";
import { decodeWhoAmIResponse, whoAmIRequest, whoAmIResponse } from "../../src/extended/who-am-i.ts";
import { decodeMessage } from "../../src/message/decode.ts";
import { encodeMessage, encodeProtocolOp } from "../../src/message/encode.ts";
import type { LdapResult } from "../../src/message/message.ts";
import { hex, utf8, wire } from "../ber/wire.ts";
import { anyInteger, anyOctets, anyResult, anyText, optional, record } from "../message/arbitrary.ts";

const success: LdapResult = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };
const badMessage = expect.objectContaining({ name: "ParseError", code: "ERR_MESSAGE" });

describe("StartTLS (RFC 4511 §4.14)", () => {
  it("is a request of nothing but its name (OpenLDAP)", () => {
    expect(hex(encodeProtocolOp(startTlsRequest))).toBe(hex(wire("77 18 80 16 '1.3.6.1.4.1.1466.20037'")));
  });

  it("is answered under the same name", () => {
    expect(startTlsResponse({ ...success, resultCode: 52 })).toEqual({
      type: "extendedResponse",
      resultCode: 52,
      matchedDn: "",
      diagnosticMessage: "",
      referral: [],
      responseName: "1.3.6.1.4.1.1466.20037",
      responseValue: undefined,
    });
  });
});

describe("Who am I? (RFC 4532)", () => {
  it("is a request of nothing but its name (OpenLDAP)", () => {
    expect(hex(encodeProtocolOp(whoAmIRequest))).toBe(hex(wire("77 19 80 17 '1.3.6.1.4.1.4203.1.11.3'")));
  });

  it.each([
    ["dn:cn=admin,dc=x", "78 19 0a 01 00 04 00 04 00 8b 10 'dn:cn=admin,dc=x'"],
    ["", "78 09 0a 01 00 04 00 04 00 8b 00"],
  ])("is answered with the authzId '%s' as it is (slapd)", (authzId, bytes) => {
    const response = whoAmIResponse(success, authzId);
    expect(hex(encodeProtocolOp(response))).toBe(hex(wire(bytes)));
    expect(decodeWhoAmIResponse(response)).toBe(authzId);
  });

  it("refuses an answer without a value, or one that is not UTF-8", () => {
    expect(() => decodeWhoAmIResponse({ ...whoAmIResponse(success, ""), responseValue: undefined })).toThrow(
      badMessage,
    );
    expect(() => decodeWhoAmIResponse({ ...whoAmIResponse(success, ""), responseValue: wire("c3 28") })).toThrow(
      badMessage,
    );
  });
});

describe("Password Modify (RFC 3062)", () => {
  it("has an identity and two passwords (OpenLDAP)", () => {
    const request = {
      userIdentity: "uid=bob,dc=x",
      oldPasswd: utf8("old"),
      newPasswd: utf8("new"),
    };
    const op = passwordModifyRequest(request);
    expect(hex(encodeProtocolOp(op))).toBe(
      hex(
        wire(`77 35 80 17 '1.3.6.1.4.1.4203.1.11.1'
          81 1a 30 18 80 0c 'uid=bob,dc=x' 81 03 'old' 82 03 'new'`),
      ),
    );
    expect(decodePasswordModifyRequest(op)).toStrictEqual(request);
  });

  it("may have no value at all: a new password for oneself, made up by the server (OpenLDAP)", () => {
    expect(
      decodePasswordModifyRequest({
        type: "extendedRequest",
        requestName: "1.3.6.1.4.1.4203.1.11.1",
        requestValue: undefined,
      }),
    ).toStrictEqual({ userIdentity: undefined, oldPasswd: undefined, newPasswd: undefined });
  });

  it("is answered with the password that was made up (slapd)", () => {
    const response = passwordModifyResponse(success, utf8("8lf1WDUa"));
    expect(hex(encodeProtocolOp(response))).toBe(hex(wire("78 15 0a 01 00 04 00 04 00 8b 0c 30 0a 80 08 '8lf1WDUa'")));
    expect(decodePasswordModifyResponse(response)).toEqual(utf8("8lf1WDUa"));
  });

  it("is answered with nothing when the password was the client's (slapd)", () => {
    const response = passwordModifyResponse(success, undefined);
    expect(hex(encodeProtocolOp(response))).toBe(hex(wire("78 07 0a 01 00 04 00 04 00")));
    expect(decodePasswordModifyResponse(response)).toBeUndefined();
  });

  it("is decoded as it was encoded", () => {
    const anyRequest = record({
      userIdentity: optional(anyText),
      oldPasswd: optional(anyOctets),
      newPasswd: optional(anyOctets),
    });
    fc.assert(
      fc.property(anyRequest, anyResult, optional(anyOctets), (request, result, genPasswd) => {
        expect(decodePasswordModifyRequest(passwordModifyRequest(request))).toStrictEqual(request);
        expect(decodePasswordModifyResponse(passwordModifyResponse(result, genPasswd))).toStrictEqual(genPasswd);
      }),
    );
  });
});

describe("Cancel (RFC 3909)", () => {
  it("names the message to cancel (OpenLDAP)", () => {
    expect(hex(encodeProtocolOp(cancelRequest(5)))).toBe(hex(wire("77 14 80 0b '1.3.6.1.1.8' 81 05 30 03 02 01 05")));
    fc.assert(
      fc.property(anyInteger, (messageId) => {
        expect(decodeCancelRequest(cancelRequest(messageId))).toBe(messageId);
      }),
    );
  });

  it.each([
    ["no value", undefined],
    ["an empty value", ""],
    ["another type", "30 03 04 01 05"],
    ["a negative id", "30 03 02 01 ff"],
    ["bytes behind the value", "30 03 02 01 05 00"],
  ])("refuses %s", (_, bytes) => {
    const requestValue = bytes === undefined ? undefined : wire(bytes);
    expect(() => decodeCancelRequest({ ...cancelRequest(1), requestValue })).toThrow(badMessage);
  });

  it("refuses a request of another name", () => {
    expect(() => decodeCancelRequest(whoAmIRequest)).toThrow(badMessage);
  });
});

describe("notice of disconnection (RFC 4511 §4.4.1)", () => {
  it("has message id 0 and its name", () => {
    const notice = noticeOfDisconnection(52, "going down");
    expect(hex(encodeMessage(notice))).toBe(
      hex(wire("30 2e 02 01 00 78 29 0a 01 34 04 00 04 0a 'going down' 8a 16 '1.3.6.1.4.1.1466.20036'")),
    );
    expect(isNoticeOfDisconnection(decodeMessage(encodeMessage(notice)))).toBe(true);
  });

  it("is told from other messages", () => {
    const notice = noticeOfDisconnection(52, "");
    expect([
      isNoticeOfDisconnection({ ...notice, messageId: 1 }),
      isNoticeOfDisconnection({ ...notice, protocolOp: startTlsResponse(success) }),
      isNoticeOfDisconnection({ ...notice, protocolOp: { type: "unbindRequest" } }),
    ]).toEqual([false, false, false]);
  });
});

describe("Sync Info Message (RFC 4533 §2.5)", () => {
  const uuid = "2a c8 95 ea 7a 49 10 41 8f 4e d5 5b 2b e9 1d d3";
  const vectors: [string, string, SyncInfo][] = [
    ["newcookie", "80 01 'c'", { type: "newCookie", cookie: utf8("c") }],
    [
      "refreshDelete, whose refreshDone is the DEFAULT TRUE (slapd)",
      "a1 09 04 07 'rid=000'",
      { type: "refreshDelete", cookie: utf8("rid=000"), refreshDone: true },
    ],
    [
      "refreshPresent that goes on with another phase",
      "a2 03 01 01 00",
      { type: "refreshPresent", cookie: undefined, refreshDone: false },
    ],
    [
      "syncIdSet of entries present",
      `a3 14 31 12 04 10 ${uuid}`,
      { type: "syncIdSet", cookie: undefined, refreshDeletes: false, syncUuids: [wire(uuid)] },
    ],
    [
      "syncIdSet of entries deleted",
      `a3 1a 04 01 'c' 01 01 ff 31 12 04 10 ${uuid}`,
      { type: "syncIdSet", cookie: utf8("c"), refreshDeletes: true, syncUuids: [wire(uuid)] },
    ],
  ];

  it.each(vectors)("%s", (_, bytes, info) => {
    const response = syncInfoResponse(info);
    expect(response.responseName).toBe("1.3.6.1.4.1.4203.1.9.1.4");
    expect(hex(response.responseValue!)).toBe(hex(wire(bytes)));
    expect(decodeSyncInfo({ ...response, responseValue: wire(bytes) })).toStrictEqual(info);
  });

  it.each([
    ["no value", undefined],
    ["an empty value", ""],
    ["an unknown choice", "a4 00"],
    ["a UUID of one octet", "a3 05 31 03 04 01 00"],
    ["bytes behind the value", "80 00 00"],
  ])("refuses %s", (_, bytes) => {
    const responseValue = bytes === undefined ? undefined : wire(bytes);
    const response = { type: "intermediateResponse", responseName: "1.3.6.1.4.1.4203.1.9.1.4", responseValue } as const;
    expect(() => decodeSyncInfo(response)).toThrow(badMessage);
  });

  it("refuses an intermediate response of another name", () => {
    expect(() =>
      decodeSyncInfo({ type: "intermediateResponse", responseName: undefined, responseValue: undefined }),
    ).toThrow(badMessage);
  });
});

describe("hostile values of extended operations end in a ParseError or a value", () => {
  it("whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (value) => {
        for (const decode of [
          () => decodeCancelRequest({ ...cancelRequest(1), requestValue: value }),
          () =>
            decodePasswordModifyRequest({
              ...cancelRequest(1),
              requestName: "1.3.6.1.4.1.4203.1.11.1",
              requestValue: value,
            }),
          () => decodePasswordModifyResponse({ ...whoAmIResponse(success, ""), responseValue: value }),
          () => decodeWhoAmIResponse({ ...whoAmIResponse(success, ""), responseValue: value }),
          () => decodeSyncInfo({ ...syncInfoResponse({ type: "newCookie", cookie: value }), responseValue: value }),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(error).toBeInstanceOf(ParseError);
          }
        }
      }),
    );
  });
});
