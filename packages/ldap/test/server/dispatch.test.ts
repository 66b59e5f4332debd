import { describe, expect, it } from "vitest";
import { decodeWhoAmIResponse } from "../../src/extended/who-am-i.ts";
import type { Control, ExtendedResponse, RequestOp, ResponseOp } from "../../src/message/message.ts";
import { Oid } from "../../src/oid.ts";
import { ResultCode } from "../../src/result-code.ts";
import { start } from "./harness.ts";
import { bind, bindResponse, extended, extendedResponse, result, search } from "./raw-client.ts";

const critical = (controlType: string): Control => ({ controlType, criticality: true, controlValue: undefined });
const text = (value: string) => new TextEncoder().encode(value);

describe("which requests reach the handler", () => {
  it("answers what a handler has no method for as RFC 4511 says", async () => {
    const { client } = await start({ handler: {} });
    const requests: RequestOp[] = [
      search(""),
      { type: "compareRequest", entry: "", attribute: "cn", value: text("a") },
      { type: "addRequest", entry: "cn=a", attributes: [] },
      { type: "modifyRequest", object: "cn=a", changes: [] },
      { type: "delRequest", entry: "cn=a" },
      { type: "modifyDnRequest", entry: "cn=a", newRdn: "cn=b", deleteOldRdn: true, newSuperior: undefined },
      bind("", ""),
      bind("uid=ann"),
      {
        type: "bindRequest",
        version: 3,
        name: "",
        authentication: { type: "sasl", mechanism: "PLAIN", credentials: undefined },
      },
      extended("1.2.3.4", text("value")),
    ];
    const raw = await client();
    requests.forEach((request, index) => void raw.request(index + 1, request));
    const unwilling = [ResultCode.unwillingToPerform, "this server does not offer the operation"] as const;
    expect((await raw.take(requests.length)).map(([, op]) => op)).toEqual([
      result("searchResultDone", ...unwilling),
      result("compareResponse", ...unwilling),
      result("addResponse", ...unwilling),
      result("modifyResponse", ...unwilling),
      result("delResponse", ...unwilling),
      result("modifyDnResponse", ...unwilling),
      bindResponse(),
      bindResponse(ResultCode.authMethodNotSupported),
      bindResponse(ResultCode.authMethodNotSupported),
      extendedResponse(ResultCode.protocolError, {
        diagnosticMessage: "the extended operation 1.2.3.4 is not supported",
      }),
    ] satisfies ResponseOp[]);
  });

  it("refuses every LDAP version but 3 before the handler sees it", async () => {
    const { client } = await start({ handler: { bind: (_request, operation) => operation.end() } });
    const raw = await client();
    for (const version of [2, 4]) {
      raw.request(version, {
        type: "bindRequest",
        version,
        name: "uid=ann",
        authentication: { type: "simple", password: text("secret") },
      });
      expect(await raw.next()).toEqual([
        version,
        bindResponse(ResultCode.protocolError, `LDAP version ${version} is not supported; use version 3`),
      ]);
    }
  });

  it("refuses a critical control that the operation does not declare, and passes on what is not critical", async () => {
    const { client, server } = await start({
      handler: {
        supportedControls: { search: [Oid.pagedResults], modify: [Oid.assertion] },
        search(_request, operation) {
          operation.done({ resultCode: 0, diagnosticMessage: `${operation.controls.length} controls` });
        },
        compare: (_request, operation) => operation.end(ResultCode.compareTrue),
      },
    });
    const raw = await client();
    raw.request(1, search(""), [critical(Oid.pagedResults), { ...critical("1.2.3.4"), criticality: false }]);
    raw.request(2, search(""), [critical(Oid.assertion)]);
    raw.request(3, { type: "compareRequest", entry: "", attribute: "cn", value: text("a") }, [
      critical(Oid.pagedResults),
    ]);
    const refusal = (oid: string) => `the critical control ${oid} is not supported here`;
    expect(await raw.take(3)).toEqual([
      [1, result("searchResultDone", 0, "2 controls")],
      [2, result("searchResultDone", ResultCode.unavailableCriticalExtension, refusal(Oid.assertion))],
      [3, result("compareResponse", ResultCode.unavailableCriticalExtension, refusal(Oid.pagedResults))],
    ]);
    expect(server.supportedControls).toEqual([Oid.pagedResults, Oid.assertion]);
    expect(server.supportedExtensions).toEqual([Oid.cancel, Oid.whoAmI]);
  });

  it("ignores the criticality of a control on an unbind", async () => {
    const { client } = await start({ handler: {} });
    const raw = await client();
    raw.request(1, { type: "unbindRequest" }, [critical("1.2.3.4")]);
    expect(await raw.untilClosed()).toEqual([]);
  });

  it("answers Who am I? with the session's authorization", async () => {
    const { client } = await start({
      handler: {
        bind(request, operation) {
          operation.session.authorization = { dn: request.name };
          operation.end();
        },
      },
    });
    const raw = await client();
    const whoAmI = async (messageId: number) => {
      raw.request(messageId, extended(Oid.whoAmI));
      return decodeWhoAmIResponse((await raw.next())[1] as ExtendedResponse);
    };
    expect(await whoAmI(1)).toBe("");
    raw.request(2, bind("uid=ann,dc=example,dc=com"));
    await raw.next();
    expect(await whoAmI(3)).toBe("dn:uid=ann,dc=example,dc=com");
  });

  it("runs the handler's own extended operations by OID, Who am I? among them", async () => {
    const { client } = await start({
      handler: {
        extended: {
          [Oid.whoAmI]: (_request, operation) => operation.end({ resultCode: 0, responseValue: text("u:ann") }),
          "1.2.3.4": (request, operation) =>
            operation.end({ resultCode: 0, responseName: "1.2.3.5", responseValue: request.requestValue }),
        },
      },
    });
    const raw = await client();
    raw.request(1, extended(Oid.whoAmI));
    raw.request(2, extended("1.2.3.4", text("value")));
    const answers = await raw.take(2);
    expect(answers.map(([messageId, op]) => [messageId, { ...op, responseValue: undefined }])).toEqual([
      [1, extendedResponse(0)],
      [2, extendedResponse(0, { responseName: "1.2.3.5" })],
    ]);
    expect(answers.map(([, op]) => new TextDecoder().decode((op as ExtendedResponse).responseValue))).toEqual([
      "u:ann",
      "value",
    ]);
  });

  it("sends entries, references, intermediate responses, referrals and controls as the handler gives them", async () => {
    const { client } = await start({
      handler: {
        search(request, operation) {
          operation.entry(
            { objectName: request.baseObject, attributes: [{ type: "cn", values: [text("a"), text("b")] }] },
            [critical("1.1.1")],
          );
          operation.reference(["ldap://other/"]);
          operation.intermediate("1.2.3.4", text("state"));
          operation.done(
            {
              resultCode: ResultCode.referral,
              matchedDn: "dc=com",
              diagnosticMessage: "elsewhere",
              referral: ["ldap://x/"],
            },
            [critical("2.2.2")],
          );
        },
        compare: (_request, operation) => operation.end(ResultCode.compareFalse, [critical("3.3.3")]),
      },
    });
    const raw = await client();
    raw.request(5, search("cn=a"));
    raw.request(6, { type: "compareRequest", entry: "", attribute: "cn", value: text("a") });
    const plain = (bytes: Uint8Array | undefined) => bytes && [...bytes];
    const messages = [];
    for (let count = 0; count < 5; count++) messages.push(await raw.nextMessage());
    expect(
      JSON.parse(JSON.stringify(messages, (_key, value) => (value instanceof Uint8Array ? plain(value) : value))),
    ).toEqual([
      {
        messageId: 5,
        protocolOp: {
          type: "searchResultEntry",
          objectName: "cn=a",
          attributes: [{ type: "cn", values: [plain(text("a")), plain(text("b"))] }],
        },
        controls: [{ controlType: "1.1.1", criticality: true }],
      },
      { messageId: 5, protocolOp: { type: "searchResultReference", uris: ["ldap://other/"] }, controls: [] },
      {
        messageId: 5,
        protocolOp: { type: "intermediateResponse", responseName: "1.2.3.4", responseValue: plain(text("state")) },
        controls: [],
      },
      {
        messageId: 5,
        protocolOp: {
          type: "searchResultDone",
          resultCode: ResultCode.referral,
          matchedDn: "dc=com",
          diagnosticMessage: "elsewhere",
          referral: ["ldap://x/"],
        },
        controls: [{ controlType: "2.2.2", criticality: true }],
      },
      {
        messageId: 6,
        protocolOp: result("compareResponse", ResultCode.compareFalse),
        controls: [{ controlType: "3.3.3", criticality: true }],
      },
    ]);
  });
});
