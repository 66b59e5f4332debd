import { connect } from "node:net";
import {
  decodeMessage,
  encodeMessage,
  noticeOfDisconnection,
  OpTag,
  type RequestOp,
  ResultCode,
  startTlsRequest,
} from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import { until, Wire } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { Refusals } from "../../src/dispatch/refusal.ts";
import { FrameReader } from "../../src/frame/frame-reader.ts";
import { peekResultCode } from "../../src/frame/peek.ts";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { passwords, RecordingServer } from "./recording-server.ts";
import { bindOf, dnOf, modifyOf, resultOf, searchOf, seenAs } from "./requests.ts";

async function lab(options: Omit<AssembledOptions, "urls"> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await RecordingServer.start());
  const proxy = stack.use(await AssembledProxy.start({ ...options, urls: [server.url] }));
  const client = stack.use(await Wire.connect(proxy.url));
  const owned = stack.move();
  return { server, proxy, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const never = new Promise<boolean>(() => {});
const send = (client: Wire, messageId: number, protocolOp: RequestOp): void =>
  client.send(encodeMessage({ messageId, protocolOp, controls: [] }));

describe("message ids", () => {
  test.each([1, 127, 128, 32_767, 32_768, 8_388_607, 8_388_608, 2_147_483_647])(
    "an answer has the id %i of its request, whatever it has upstream",
    async (id) => {
      await using all = await lab();
      all.server.entriesInAll = 3;
      for (let i = 0; i < 3; i++) {
        all.client.forget();
        send(all.client, id, searchOf("cn=1,dc=example,dc=com"));
        await all.client.answer(id);
        expect(all.client.received.map(({ messageId }) => messageId)).toEqual([id, id, id, id]);
      }
    },
  );

  test("more operations than there are ids of one octet, some abandoned, all get their own answers", async () => {
    await using all = await lab({ upstream: { sharedConnections: 1 } });
    const { client } = all;
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 90 }, (_, i) => i + 1);
      for (const id of ids) {
        send(client, id, searchOf(`cn=${round}-${id},dc=example,dc=com`));
        if (id % 10 === 0) client.sendRequest({ type: "abandonRequest", messageId: id });
      }
      for (const id of ids.filter((id) => id % 10 !== 0)) await client.answer(id);
      for (const { messageId, protocolOp } of client.received) {
        if (protocolOp.type !== "searchResultEntry") continue;
        expect(protocolOp.objectName).toBe(`cn=${round}-${messageId},dc=example,dc=com`);
      }
      // Those that were abandoned too late were answered all the same; wait them out before the ids come again.
      await seenAs(client, "cn=last,dc=example,dc=com");
      client.forget();
    }
  });

  test.each([
    ["that of an operation under way", 7, searchOf("cn=2,dc=example,dc=com")],
    ["that of an operation under way, for a bind", 7, bindOf("", "")],
    ["0", 0, searchOf("cn=2,dc=example,dc=com")],
  ] satisfies [string, number, RequestOp][])("the id %s ends the session with a notice", async (_what, id, request) => {
    await using all = await lab();
    all.server.gate = () => never;
    send(all.client, 7, searchOf("cn=1,dc=example,dc=com"));
    await until("the search to be under way", () => all.proxy.backend(0).connections.pending > 0);
    send(all.client, id, request);
    await all.client.closed();
    const notice = all.client.received.at(-1);
    const { diagnosticMessage } = (notice?.protocolOp ?? {}) as { diagnosticMessage?: string };
    expect(notice).toEqual(noticeOfDisconnection(ResultCode.protocolError, diagnosticMessage ?? ""));
  });
});

test.each([
  ["a response", { type: "searchResultReference", uris: [] }],
  ["an intermediate response", { type: "intermediateResponse", responseName: undefined, responseValue: undefined }],
] as const)("%s from a client ends the session with a notice", async (_what, protocolOp) => {
  await using all = await lab();
  all.client.send(encodeMessage({ messageId: 1, protocolOp, controls: [] }));
  await all.client.closed();
  expect(all.client.received.at(-1)?.protocolOp).toMatchObject({ resultCode: ResultCode.protocolError });
});

test("an abandoned operation is abandoned at the backend too, and its answer goes nowhere", async () => {
  await using all = await lab();
  const aborted: string[] = [];
  let isAtBackend = false;
  all.server.gate = (operation, target) => {
    isAtBackend = true;
    operation.signal.addEventListener("abort", () => void aborted.push(target));
    return target.includes("held") ? never : true;
  };
  const held = all.client.sendRequest(searchOf("cn=held,dc=example,dc=com"));
  await until("the search to be at the backend", () => isAtBackend);
  all.client.sendRequest({ type: "abandonRequest", messageId: held });
  await until("the search to be abandoned", () => aborted.length > 0);
  await seenAs(all.client, "cn=next,dc=example,dc=com");
  expect(all.client.received.filter(({ messageId }) => messageId === held)).toEqual([]);
  expect(all.proxy.records.map(({ operation, resultCode }) => [operation, resultCode])).toEqual([
    ["search", undefined],
    ["abandon", undefined],
    ["search", 0],
  ]);
});

test("when a client is gone its searches are abandoned and its writes go on", async () => {
  await using all = await lab();
  const aborted: string[] = [];
  const go = Promise.withResolvers<boolean>();
  all.server.gate = (operation, target) => {
    operation.signal.addEventListener("abort", () => void aborted.push(target));
    return go.promise;
  };
  const ann = dnOf("ann");
  using client = await Wire.connect(all.proxy.url);
  expect(await client.bind(ann, passwords.get(ann) ?? "")).toBe(0);
  client.sendRequest(searchOf("cn=search,dc=example,dc=com"));
  client.sendRequest(modifyOf("cn=modify,dc=example,dc=com"));
  await until("both to be under way", () => all.proxy.backend(0).connections.pending === 2);
  client[Symbol.dispose]();
  await until("the search to be abandoned", () => aborted.length > 0);
  go.resolve(true);
  await until("the write to be executed", () => all.server.of("cn=modify,dc=example,dc=com").length > 0);
  expect(aborted).toEqual(["cn=search,dc=example,dc=com"]);
});

describe("the root DSE", () => {
  test("is answered by the proxy: user attributes, operational ones, those that are named, or none", async () => {
    await using all = await lab();
    const attributesOf = async (attributes: string[], filter = "objectClass") => {
      const request = searchOf("", { attributes, filter: { type: "present", attribute: filter } });
      const { entries } = await all.client.search(request);
      return entries.map((entry) => entry.attributes.map(({ type }) => type));
    };
    expect(await attributesOf([])).toEqual([["objectClass"]]);
    expect(await attributesOf(["+"])).toEqual([["namingContexts", "supportedLDAPVersion"]]);
    expect(await attributesOf(["*", "+"])).toEqual([["objectClass", "namingContexts", "supportedLDAPVersion"]]);
    expect(await attributesOf(["NAMINGCONTEXTS"])).toEqual([["namingContexts"]]);
    expect(await attributesOf(["1.1"])).toEqual([[]]);
    expect(await attributesOf([], "uid")).toEqual([]);
    expect(all.server.executed).toEqual([]);
  });

  test("of Active Directory, which has no object class, is read with (objectClass=*), and whole", async () => {
    const rootDse = [
      attribute("defaultNamingContext", "DC=example,DC=com"),
      attribute("namingContexts", "DC=example,DC=com"),
    ];
    await using all = await lab({ rootDse });
    const filter = { type: "present", attribute: "objectClass" } as const;
    for (const [attributes, types] of [
      [[], ["defaultNamingContext", "namingContexts"]],
      [["*"], ["defaultNamingContext", "namingContexts"]],
      [["defaultNamingContext", "objectClass"], ["defaultNamingContext"]],
    ] as const) {
      const { entries } = await all.client.search(searchOf("", { attributes: [...attributes], filter }));
      expect(entries.map((entry) => entry.attributes.map(({ type }) => type))).toEqual([types]);
    }
  });

  test("a critical control that the proxy does not know is refused there", async () => {
    await using all = await lab();
    const control = { controlType: "1.2.3.4.5", criticality: true, controlValue: undefined };
    expect(await resultOf(all.client, searchOf(""), [control])).toMatchObject({
      resultCode: ResultCode.unavailableCriticalExtension,
    });
    expect(await resultOf(all.client, searchOf(""), [{ ...control, criticality: false }])).toMatchObject({
      resultCode: 0,
    });
  });
});

test("StartTLS without a certificate is not offered", async () => {
  await using all = await lab();
  expect(await resultOf(all.client, startTlsRequest)).toEqual({
    ...{ resultCode: ResultCode.protocolError, diagnosticMessage: Refusals.tlsNotOffered.text },
  });
});

test("what the firewall refuses reaches no backend, and the log has the rule", async () => {
  await using all = await lab({ firewall: { readOnly: true, rules: [{ name: "no compare", deny: ["compare"] }] } });
  expect(await resultOf(all.client, modifyOf("cn=1,dc=example,dc=com"))).toMatchObject({
    resultCode: ResultCode.unwillingToPerform,
  });
  const compare = { type: "compareRequest", entry: "cn=1", attribute: "cn", value: Buffer.from("1") } as const;
  expect(await resultOf(all.client, compare)).toMatchObject({ resultCode: ResultCode.unwillingToPerform });
  expect(await seenAs(all.client, "cn=1,dc=example,dc=com")).toBe("");
  expect(all.proxy.records.map(({ operation, refusedBy, rule }) => ({ operation, refusedBy, rule }))).toEqual([
    { operation: "modify", refusedBy: "firewall", rule: "read-only" },
    { operation: "compare", refusedBy: "firewall", rule: "no compare" },
    { operation: "search", refusedBy: undefined, rule: undefined },
  ]);
});

describe("a client that reads nothing of a large answer", () => {
  /** Some 9 MB: more than sockets and buffers hold on the way. */
  const entries = 120_000;
  const maxPendingBytes = 1024 * 1024;

  test.each(["", "ann"])(
    "harms nobody on the connections it shares, bound as '%s', and its own answer waits",
    async (uid) => {
      await using all = await lab({
        client: { maxPendingBytes },
        upstream: { sharedConnections: 1 },
      });
      all.server.entriesInAll = entries;
      const read = readSlowly(all.proxy.url, uid);
      await until("the large answer to begin", () => all.server.of("cn=large,dc=example,dc=com").length > 0);
      all.server.entriesInAll = 1;
      using bystander = await Wire.connect(all.proxy.url);
      for (let i = 0; i < 20; i++) expect(await seenAs(bystander, `cn=${i},dc=example,dc=com`)).toBe("");
      for (const connection of all.proxy.listeners.connections()) {
        expect(connection.pendingBytes).toBeLessThan(maxPendingBytes);
      }
      // It takes it up again, and gets all of it.
      expect(await read.go()).toEqual({ entries, resultCode: 0 });
    },
  );
});

test("a drained client gets its answers, then the notice", async () => {
  await using all = await lab();
  const go = Promise.withResolvers<boolean>();
  all.server.gate = () => go.promise;
  const id = all.client.sendRequest(searchOf("cn=1,dc=example,dc=com"));
  await until("the search to be under way", () => all.proxy.backend(0).connections.pending > 0);
  const drained = all.proxy.listeners.drain(5_000);
  go.resolve(true);
  expect((await all.client.answer(id)).last.protocolOp).toMatchObject({ resultCode: 0 });
  await all.client.closed();
  expect(await drained).toBe(0);
  expect(all.client.received.at(-1)?.messageId).toBe(0);
});

test("a request that cannot be read ends the session, and nothing of it reaches a backend", async () => {
  await using all = await lab();
  const good = encodeMessage({ messageId: 1, protocolOp: bindOf(dnOf("ann"), "x"), controls: [] });
  expect(decodeMessage(good).messageId).toBe(1);
  // The kind of authentication: neither simple nor sasl.
  const bad = Uint8Array.from(good);
  bad[bad.length - 3] = 0x85;
  all.client.send(bad);
  await all.client.closed();
  expect(all.client.received.at(-1)?.protocolOp).toMatchObject({ resultCode: ResultCode.protocolError });
  expect(all.server.binds).toEqual([]);
});

/** A client that sends a search for everything, and reads what comes only from `go` on. */
function readSlowly(url: string, uid: string): { go(): Promise<{ entries: number; resultCode: number }> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  const requests = [searchOf("cn=large,dc=example,dc=com")] as RequestOp[];
  if (uid !== "") requests.unshift(bindOf(dnOf(uid), passwords.get(dnOf(uid)) ?? ""));
  for (const [index, protocolOp] of requests.entries()) {
    socket.write(encodeMessage({ messageId: index + 1, protocolOp, controls: [] }));
  }
  return {
    async go() {
      let entries = 0;
      let resultCode: number | undefined;
      const reader = new FrameReader({
        ...{ mayRead: true, maxMessageBytes: 1024 * 1024 },
        accept(frame) {
          if (frame.opTag === OpTag.searchResultEntry) entries++;
          else if (frame.opTag === OpTag.searchResultDone) resultCode = peekResultCode(frame);
        },
      });
      for await (const chunk of socket) {
        reader.read(chunk as Buffer);
        if (resultCode !== undefined) return { entries, resultCode };
      }
      throw new Error(`The proxy closed the connection after ${entries} entries`);
    },
  };
}
