import { describe, expect, it } from "vitest";
import type { Filter } from "../../src/filter/filter.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import { ResultCode } from "../../src/result-code.ts";
import type { CloseReason } from "../../src/server/index.ts";
import { eventually, Gates, start } from "./harness.ts";
import { type Answer, bind, bindResponse, notice, result, search } from "./raw-client.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const protocolError = (diagnosticMessage: string): Answer[] => [notice(ResultCode.protocolError, diagnosticMessage)];

const answering = { search: (_request: unknown, operation: { done(): void }) => operation.done() };

describe("bytes that are not what they should be", () => {
  it.each([
    ["a byte that begins no message", "ff", "An LDAP message begins with tag 0x30 and not with 0xff"],
    ["text of another protocol", "474554202f20", "An LDAP message begins with tag 0x30 and not with 0x47"],
    ["an indefinite length", "30 80", "The length of an LDAP message is definite and has at most 4 octets"],
    [
      "a length of five octets",
      "30 85 0000000001",
      "The length of an LDAP message is definite and has at most 4 octets",
    ],
    ["message id 0", "30 05 020100 42 00", undefined],
    ["a message id that is negative", "30 05 0201ff 4a 00", "An integer is not between 0 and 2147483647"],
    ["a tag that is no operation", "30 05 020101 5f 00", "0x5f is not the tag of an LDAP operation"],
    ["a response", "30 0c 020101 65 07 0a0100 0400 0400", "a searchResultDone is not a request"],
    ["a request whose structure is wrong", "30 08 020101 63 03 020100", "Expected tag 0x04 and found 0x02"],
  ])("closes with a notice of disconnection on %s", async (_what, bytes, diagnosticMessage) => {
    const { client, port: _port } = await start({ handler: answering });
    const raw = await client();
    raw.send(hex(bytes));
    const expected = diagnosticMessage === undefined ? [] : protocolError(diagnosticMessage);
    expect(await raw.untilClosed()).toEqual(expected);
  });

  it("closes with a notice on a request with message id 0", async () => {
    const { client } = await start({ handler: answering });
    const raw = await client();
    raw.request(0, search(""));
    expect(await raw.untilClosed()).toEqual(protocolError("message id 0 is not for requests"));
  });

  it("closes with a notice on a message id that is in progress, and answers what came before", async () => {
    const gates = new Gates();
    const { client } = await start({
      handler: {
        search: async (request, operation) => {
          await gates.pass(request.baseObject);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.request(1, search("cn=a"));
    await gates.reached("cn=a");
    raw.request(1, search("cn=b"));
    expect(await raw.untilClosed()).toEqual(protocolError("message id 1 is that of an operation in progress"));
  });

  it("answers protocolError to a request that is well-formed BER and yet not that request (RFC 4511 §4.1.1)", async () => {
    const { client } = await start({ handler: answering });
    const raw = await client();
    const bytes = encodeMessage({ messageId: 1, protocolOp: search("cn=a"), controls: [] });
    const wrongScope = Uint8Array.from(bytes);
    wrongScope[wrongScope.indexOf(0x0a) + 2] = 9;
    raw.send(wrongScope);
    raw.request(2, search("cn=a"));
    expect(await raw.take(2)).toEqual([
      [1, result("searchResultDone", ResultCode.protocolError, "9 is not a value of scope; use 0 to 2")],
      [2, result("searchResultDone")],
    ]);
  });

  it("makes a session anonymous whose bind cannot be read", async () => {
    const { client } = await start({
      handler: {
        bind(request, operation) {
          operation.session.authorization = { dn: request.name };
          operation.end();
        },
        search: (_request, operation) =>
          operation.done({ resultCode: 0, diagnosticMessage: operation.session.authorization.dn }),
      },
    });
    const raw = await client();
    raw.request(1, bind("uid=ann"));
    raw.request(2, search(""));
    // A name that is not UTF-8.
    raw.send(hex("30 10 020103 60 0b 020103 0402 c328 8002 7878"));
    raw.request(4, search(""));
    const answers = await raw.take(4);
    expect(
      answers.map(([messageId, op]) => [messageId, "diagnosticMessage" in op ? op.diagnosticMessage : ""]),
    ).toEqual([
      [1, ""],
      [2, "uid=ann"],
      [3, expect.stringContaining("UTF-8")],
      [4, ""],
    ]);
    expect(answers[2]?.[1]).toMatchObject({ type: "bindResponse", resultCode: ResultCode.protocolError });
  });

  it("answers protocolError to a filter that is deeper or larger than the limits", async () => {
    const { client } = await start({ limits: { maxFilterDepth: 5, maxFilterItems: 10 }, handler: answering });
    const raw = await client();
    const item: Filter = { type: "present", attribute: "cn" };
    let deep: Filter = item;
    for (let depth = 0; depth < 5; depth++) deep = { type: "not", filter: deep };
    raw.request(1, search("", { filter: deep }));
    raw.request(2, search("", { filter: { type: "or", filters: Array<Filter>(10).fill(item) } }));
    raw.request(3, search("", { filter: { type: "or", filters: Array<Filter>(9).fill(item) } }));
    expect(await raw.take(3)).toEqual([
      [1, result("searchResultDone", ResultCode.protocolError, "The filter is nested deeper than 5")],
      [2, result("searchResultDone", ResultCode.protocolError, "The filter has more than 10 items")],
      [3, result("searchResultDone")],
    ]);
  });

  it("reads messages one byte at a time, in arbitrary pieces, and many in one piece", async () => {
    const { client } = await start({
      handler: {
        bind: (_request, operation) => operation.end(),
        search: (request, operation) => operation.done({ resultCode: 0, matchedDn: request.baseObject }),
      },
    });
    const messages = [
      { messageId: 1, protocolOp: bind("uid=ann"), controls: [] },
      { messageId: 2, protocolOp: search("cn=short"), controls: [] },
      { messageId: 3, protocolOp: search(`cn=${"long".repeat(500)}`), controls: [] },
      { messageId: 4, protocolOp: search("cn=last"), controls: [] },
    ];
    const bytes = Buffer.concat(messages.map((message) => encodeMessage(message)));
    const expected: Answer[] = [
      [1, bindResponse()],
      [2, { ...result("searchResultDone"), matchedDn: "cn=short" } as Answer[1]],
      [3, { ...result("searchResultDone"), matchedDn: `cn=${"long".repeat(500)}` } as Answer[1]],
      [4, { ...result("searchResultDone"), matchedDn: "cn=last" } as Answer[1]],
    ];
    for (const pieceBytes of [1, 2, 3, 7, 100, 1000, bytes.length]) {
      const raw = await client();
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        raw.send(bytes.subarray(at, at + pieceBytes));
        // Gives the piece a packet of its own.
        if (pieceBytes < 100) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await raw.take(4)).toEqual(expected);
      raw.destroy();
    }
  });

  it("goes on serving after 1,000 connections that sent garbage", async () => {
    const reasons: CloseReason[] = [];
    const { client, server } = await start({
      handler: answering,
      observer: { connectionClosed: ({ reason }) => void reasons.push(reason) },
    });
    let seed = 1;
    const garbage = (byteCount: number) =>
      Uint8Array.from({ length: byteCount }, () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed >> 16;
      });
    const valid = encodeMessage({ messageId: 1, protocolOp: search("cn=a"), controls: [] });
    const sendGarbage = async (index: number) => {
      const raw = await client();
      const bytes = Uint8Array.from(valid);
      // Every third is a message with one byte changed, every third one cut short: both get past the first checks.
      if (index % 3 === 0) bytes[index % bytes.length] = garbage(1)[0]!;
      raw.send(index % 3 === 1 ? garbage(1 + (index % 200)) : index % 3 === 2 ? bytes.subarray(0, index % 30) : bytes);
      raw.socket.end();
      await raw.closed;
    };
    for (let index = 0; index < 1000; index += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, offset) => sendGarbage(index + offset)));
    }
    await eventually(() => server.connections === 0);
    expect(reasons).toHaveLength(1000);
    const raw = await client();
    raw.request(1, search("cn=a"));
    expect(await raw.next()).toEqual([1, result("searchResultDone")]);
  });
});
