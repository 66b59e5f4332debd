import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LdapClient, LdapClientError } from "../../src/client/index.ts";
import { MessageBuffer } from "../../src/client/message-buffer.ts";
import { syncRequestControl } from "../../src/controls/content-sync.ts";
import { noticeOfDisconnection } from "../../src/extended/notice-of-disconnection.ts";
import { decodeMessage } from "../../src/message/decode.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import type { LdapMessage, ProtocolOp } from "../../src/message/message.ts";
import { collect } from "../support/collect.ts";
import { startRelay } from "../support/relay.ts";
import { base, describeWithSlapd, type Slapd, startSlapd, userCount, userDn, userPassword } from "../support/slapd.ts";
import { startTcpServer } from "../support/tcp-server.ts";

const done = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };
/** A search that goes on for ever: the server waits for changes. */
const persistent = {
  controls: [syncRequestControl({ mode: "refreshAndPersist", cookie: undefined, reloadHint: false })],
};
const rootDse = { baseObject: "", scope: "baseObject" } as const;

describeWithSlapd("the end of a connection, against slapd", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());

  it("ends gracefully by unbind: what is outstanding rejects, and so does every later call", async () => {
    const client = await LdapClient.connect({ url: slapd.url });
    const closed = once(client, "close");
    const outstanding = client.whoAmI();
    const unbound = client.unbind();
    await expect(outstanding).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await unbound;
    expect(await closed).toEqual([client.closeReason]);
    await expect(client.whoAmI()).rejects.toMatchObject({
      code: "ERR_CLOSED",
      message: `The connection to ${slapd.url} was unbound by this side.`,
    });
    await client.unbind();
  });

  it("ends abruptly by destroy", async () => {
    const client = await LdapClient.connect({ url: slapd.url });
    const outstanding = client.whoAmI();
    client.destroy();
    await expect(outstanding).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  it("closes when the server sends a message larger than allowed", async () => {
    const client = await LdapClient.connect({ url: slapd.url, maxMessageBytes: 100 });
    await expect(client.searchAll({ ...rootDse, attributes: ["+"] })).rejects.toMatchObject({
      code: "ERR_PROTOCOL",
      cause: { code: "ERR_MESSAGE_TOO_LARGE" },
    });
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_PROTOCOL" });
  });

  it("gives what had come of a search when the network fails, and then the failure", async () => {
    await using relay = await startRelay(slapd.port);
    const client = await LdapClient.connect({ url: relay.url });
    const search = client.search({ baseObject: base }, persistent);
    let items = 0;
    const read = async () => {
      for await (const item of search) {
        items += 1;
        if (item.type === "intermediateResponse") relay.cut();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    expect(items).toBe(userCount + 3);
    await expect(client.compare(base, "dc", "example")).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
  });

  it("gives up a bind that is aborted together with its connection", async () => {
    const client = await LdapClient.connect({ url: slapd.url });
    const controller = new AbortController();
    const bind = client.bind(userDn(1), userPassword(1), { signal: controller.signal });
    controller.abort();
    await expect(bind).rejects.toBe(controller.signal.reason);
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_ABANDONED" });
  });

  it("ends a search whose server is killed in the middle, and everything else with it", async () => {
    const own = await startSlapd();
    const client = await LdapClient.connect({ url: own.url });
    const search = client.search({ baseObject: base }, persistent);
    expect((await search.next()).value?.type).toBe("searchResultEntry");
    const failed = expect(collect(search)).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: expect.stringMatching(/Connect again\.$/),
    });
    await own.kill();
    await failed;
    await expect(client.bind(userDn(1), userPassword(1))).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await own.stop();
  });
});

describe("connecting", () => {
  it("says where it could not connect", async () => {
    const server = await startTcpServer(() => {});
    await server[Symbol.asyncDispose]();
    await expect(LdapClient.connect({ url: server.url })).rejects.toMatchObject({
      name: "LdapClientError",
      code: "ERR_CONNECT",
      message: expect.stringMatching(
        /^Cannot connect to ldap:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.* Is the server running there\?$/,
      ),
    });
  });

  it("gives up after connectTimeoutMs when the server accepts and never says a word", async () => {
    await using server = await startTcpServer(() => {});
    const url = server.url.replace("ldap:", "ldaps:");
    await expect(LdapClient.connect({ url, connectTimeoutMs: 100 })).rejects.toMatchObject({
      code: "ERR_CONNECT_TIMEOUT",
    });
    await expect(LdapClient.connect({ url: server.url, startTls: true, connectTimeoutMs: 100 })).rejects.toMatchObject({
      code: "ERR_CONNECT_TIMEOUT",
    });
  });

  it("gives up on a signal", async () => {
    await using server = await startTcpServer(() => {});
    const url = server.url.replace("ldap:", "ldaps:");
    const reason = new Error("not needed any more");
    await expect(LdapClient.connect({ url, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("refuses StartTLS on an ldaps connection", async () => {
    await expect(LdapClient.connect({ url: "ldaps://127.0.0.1", startTls: true })).rejects.toThrow(TypeError);
  });
});

describe("a server that does not speak LDAP properly", () => {
  const reply = (...messages: LdapMessage[]) => Buffer.concat(messages.map(encodeMessage));
  const searchDone = (messageId: number): LdapMessage => ({
    messageId,
    protocolOp: { type: "searchResultDone", ...done },
    controls: [],
  });

  it.each([
    ["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n"), "ERR_BER_TAG"],
    ["an indefinite length", Buffer.from("3080", "hex"), "ERR_BER_LENGTH"],
    ["a length of 4 GiB", Buffer.from("3084ffffffff", "hex"), "ERR_MESSAGE_TOO_LARGE"],
    ["a message that holds nothing", Buffer.from("3000", "hex"), "ERR_BER_TRUNCATED"],
    [
      "an answer of another kind",
      reply({ messageId: 1, protocolOp: { type: "addResponse", ...done }, controls: [] }),
      "ERR_MESSAGE",
    ],
    ["an unsolicited search result", reply(searchDone(0)), "ERR_MESSAGE"],
  ])("%s closes the connection", async (_what, bytes, code) => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.write(bytes)));
    const client = await LdapClient.connect({ url: server.url });
    const closed = once(client, "close");
    await expect(client.searchAll(rootDse)).rejects.toMatchObject({ code: "ERR_PROTOCOL", cause: { code } });
    await closed;
  });

  it("an extended response that refuses ends whatever was asked, as Samba has it", async () => {
    const refusal = {
      ...done,
      resultCode: 12,
      diagnosticMessage: "no",
      responseName: undefined,
      responseValue: undefined,
    };
    await using server = await startTcpServer((socket) =>
      socket.on("data", (bytes) => {
        const { messageId } = decodeMessage(bytes);
        socket.write(reply({ messageId, protocolOp: { type: "extendedResponse", ...refusal }, controls: [] }));
      }),
    );
    await using client = await LdapClient.connect({ url: server.url });
    for (const [ask, type] of [
      [() => client.searchAll(rootDse), "searchResultDone"],
      [() => client.del(base), "delResponse"],
      [() => client.whoAmI(), "extendedResponse"],
    ] as const) {
      await expect(ask()).rejects.toMatchObject({ resultCode: 12, result: { type, diagnosticMessage: "no" } });
    }
  });

  it("one byte at a time is slow and nothing worse", async () => {
    const entry: LdapMessage = {
      messageId: 1,
      protocolOp: {
        type: "searchResultEntry",
        objectName: "",
        attributes: [{ type: "o", values: [Uint8Array.of(1, 2)] }],
      },
      controls: [],
    };
    await using server = await startTcpServer((socket) => {
      const bytes = reply(entry, searchDone(1));
      const writeFrom = (index: number) => {
        if (index < bytes.length) socket.write(bytes.subarray(index, index + 1), () => writeFrom(index + 1));
      };
      socket.once("data", () => writeFrom(0));
    });
    await using client = await LdapClient.connect({ url: server.url });
    const { entries } = await client.searchAll(rootDse);
    expect(entries.map((entry) => entry.values("o"))).toEqual([[Uint8Array.of(1, 2)]]);
  });

  it("answers to what was abandoned, or never asked, go to nobody", async () => {
    const sent: [number, ProtocolOp][] = [];
    await using server = await startTcpServer((socket) => {
      const input = new MessageBuffer(1000);
      socket.on("data", (chunk) => {
        input.push(chunk);
        for (let bytes = input.next(); bytes !== undefined; bytes = input.next()) {
          const { messageId, protocolOp } = decodeMessage(bytes);
          sent.push([messageId, protocolOp]);
          if (protocolOp.type !== "compareRequest") continue;
          // The abandoned search and one that never was are answered first, then the request of now.
          const compareResponse = { type: "compareResponse", ...done, resultCode: 6 } as const;
          socket.write(reply(searchDone(1), searchDone(99), { messageId, protocolOp: compareResponse, controls: [] }));
        }
      });
    });
    await using client = await LdapClient.connect({ url: server.url });
    await expect(client.searchAll(rootDse, { timeoutMs: 50 })).rejects.toMatchObject({ code: "ERR_OPERATION_TIMEOUT" });
    expect((await client.compare("", "o", "x")).matches).toBe(true);
    expect(sent.map(([messageId, { type }]) => [messageId, type])).toEqual([
      [1, "searchRequest"],
      [2, "abandonRequest"],
      [3, "compareRequest"],
    ]);
    expect(sent[1]?.[1]).toEqual({ type: "abandonRequest", messageId: 1 });
  });

  it("an operation abandoned by its id rejects", async () => {
    await using server = await startTcpServer(() => {});
    const client = await LdapClient.connect({ url: server.url });
    const search = client.search(rootDse);
    const next = search.next();
    client.abandon(search.messageId!);
    await expect(next).rejects.toMatchObject({ code: "ERR_ABANDONED" });
    client.destroy();
  });

  it("a notice of disconnection ends everything with its reason", async () => {
    const notice = noticeOfDisconnection(52, "going down");
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.write(reply(notice))));
    const client = await LdapClient.connect({ url: server.url });
    const notified = once(client, "unsolicitedNotification");
    const error: unknown = await client.whoAmI().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(LdapClientError);
    expect(error).toMatchObject({
      code: "ERR_NOTICE_OF_DISCONNECTION",
      message: `${server.url} ended the connection: unavailable: going down.`,
      cause: { name: "LdapError", resultCode: 52, diagnosticMessage: "going down" },
    });
    expect(await notified).toEqual([notice.protocolOp]);
  });

  it("a bind that is not answered ends the connection: whose session it is would not be known", async () => {
    await using server = await startTcpServer(() => {});
    const client = await LdapClient.connect({ url: server.url, operationTimeoutMs: 50 });
    await expect(client.bind("cn=a", "b")).rejects.toMatchObject({ code: "ERR_OPERATION_TIMEOUT" });
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_OPERATION_TIMEOUT" });
  });

  it("a referral is an error that has the URLs", async () => {
    const referral = ["ldap://elsewhere.example/"];
    const message: LdapMessage = {
      messageId: 1,
      protocolOp: { type: "delResponse", ...done, resultCode: 10, referral },
      controls: [],
    };
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.write(reply(message))));
    await using client = await LdapClient.connect({ url: server.url });
    await expect(client.del("o=a")).rejects.toMatchObject({ name: "LdapError", resultCode: 10, referral });
  });
});
