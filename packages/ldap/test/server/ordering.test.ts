import { describe, expect, it } from "vitest";
import { anonymous } from "../../src/server/index.ts";
import { Gates, start } from "./harness.ts";
import { bind, bindResponse, result, search } from "./raw-client.ts";

describe("the order of operations on one connection", () => {
  it("answers pipelined requests of a synchronous handler in order", async () => {
    const { client } = await start({
      handler: { search: (request, operation) => operation.done({ resultCode: 32, matchedDn: request.baseObject }) },
    });
    const raw = await client();
    raw.send(
      { messageId: 1, protocolOp: search("cn=a"), controls: [] },
      { messageId: 2, protocolOp: search("cn=b"), controls: [] },
      { messageId: 70_000, protocolOp: search("cn=c"), controls: [] },
    );
    expect(await raw.take(3)).toEqual([
      [1, { ...result("searchResultDone", 32), matchedDn: "cn=a" }],
      [2, { ...result("searchResultDone", 32), matchedDn: "cn=b" }],
      [70_000, { ...result("searchResultDone", 32), matchedDn: "cn=c" }],
    ]);
  });

  it("answers asynchronous operations as they end", async () => {
    const gates = new Gates();
    const { client } = await start({
      handler: {
        async search(request, operation) {
          await gates.pass(request.baseObject);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.request(1, search("cn=slow"));
    raw.request(2, search("cn=quick"));
    await gates.reached("cn=quick");
    gates.open("cn=quick");
    expect(await raw.next()).toEqual([2, result("searchResultDone")]);
    gates.open("cn=slow");
    expect(await raw.next()).toEqual([1, result("searchResultDone")]);
  });

  it("lets a handler answer later from a callback, without a promise", async () => {
    const { client } = await start({
      handler: { search: (_request, operation) => void setImmediate(() => operation.done()) },
    });
    const raw = await client();
    raw.request(1, search(""));
    expect(await raw.next()).toEqual([1, result("searchResultDone")]);
  });

  it("begins a bind when all before it has ended, and nothing behind it until it is answered (RFC 4511 §4.2.1)", async () => {
    const gates = new Gates();
    const begun: string[] = [];
    const { client } = await start({
      handler: {
        async bind(request, operation) {
          begun.push(`bind ${request.name}`);
          await gates.pass("bind");
          operation.session.authorization = { dn: request.name };
          operation.end();
        },
        async search(request, operation) {
          begun.push(`search ${request.baseObject} as ${operation.session.authorization.dn || "anonymous"}`);
          if (request.baseObject === "cn=before") await gates.pass("before");
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.send(
      { messageId: 1, protocolOp: search("cn=before"), controls: [] },
      { messageId: 2, protocolOp: bind("uid=ann"), controls: [] },
      { messageId: 3, protocolOp: search("cn=behind"), controls: [] },
      { messageId: 4, protocolOp: search("cn=last"), controls: [] },
    );
    await gates.reached("before");
    expect(begun).toEqual(["search cn=before as anonymous"]);
    gates.open("before");
    await gates.reached("bind");
    expect(begun).toEqual(["search cn=before as anonymous", "bind uid=ann"]);
    gates.open("bind");
    expect(await raw.take(4)).toEqual([
      [1, result("searchResultDone")],
      [2, bindResponse()],
      [3, result("searchResultDone")],
      [4, result("searchResultDone")],
    ]);
    expect(begun).toEqual([
      "search cn=before as anonymous",
      "bind uid=ann",
      "search cn=behind as uid=ann",
      "search cn=last as uid=ann",
    ]);
  });

  it("makes the session anonymous when a bind begins, and leaves it so when the bind fails", async () => {
    const seen: string[] = [];
    const { client } = await start({
      handler: {
        bind(request, operation) {
          seen.push(operation.session.authorization === anonymous ? "anonymous" : "bound");
          operation.session.authorization = { dn: request.name };
          operation.end(request.name === "uid=ann" ? 0 : 49);
        },
        search(_request, operation) {
          seen.push(operation.session.authorization.dn);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.request(1, bind("uid=ann"));
    raw.request(2, search(""));
    raw.request(3, bind("uid=mallory"));
    raw.request(4, search(""));
    expect(await raw.take(4)).toEqual([
      [1, bindResponse()],
      [2, result("searchResultDone")],
      [3, bindResponse(49)],
      [4, result("searchResultDone")],
    ]);
    expect(seen).toEqual(["anonymous", "uid=ann", "anonymous", ""]);
  });

  it("leaves requests past maxOperationsInFlight unread until one has ended, and loses none", async () => {
    const gates = new Gates();
    let running = 0;
    let most = 0;
    const { client } = await start({
      limits: { maxOperationsInFlight: 3 },
      handler: {
        async search(request, operation) {
          most = Math.max(most, ++running);
          await gates.pass(request.baseObject);
          running--;
          operation.done();
        },
      },
    });
    const raw = await client();
    for (let id = 1; id <= 20; id++) raw.request(id, search(`cn=${id}`));
    for (let id = 1; id <= 20; id++) {
      await gates.reached(`cn=${id}`);
      gates.open(`cn=${id}`);
      expect(await raw.next()).toEqual([id, result("searchResultDone")]);
    }
    expect(most).toBe(3);
  });

  it("reads nothing behind an unbind (RFC 4511 §4.3)", async () => {
    const begun: string[] = [];
    const { client } = await start({
      handler: {
        search(request, operation) {
          begun.push(request.baseObject);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.send(
      { messageId: 1, protocolOp: search("cn=before"), controls: [] },
      { messageId: 2, protocolOp: { type: "unbindRequest" }, controls: [] },
      { messageId: 3, protocolOp: search("cn=behind"), controls: [] },
    );
    expect(await raw.untilClosed()).toEqual([[1, result("searchResultDone")]]);
    expect(begun).toEqual(["cn=before"]);
  });

  it("aborts what is in progress when the client unbinds or goes away", async () => {
    const gates = new Gates();
    const reasons: string[] = [];
    const { client } = await start({
      handler: {
        async search(request, operation) {
          operation.signal.addEventListener("abort", () => gates.open(request.baseObject));
          await gates.pass(request.baseObject);
          reasons.push(`${request.baseObject} ${operation.isCancelled}`);
          operation.done();
        },
      },
      observer: { operationEnded: ({ outcome }) => void reasons.push(outcome) },
    });
    const first = await client();
    first.request(1, search("cn=unbind"));
    await gates.reached("cn=unbind");
    first.request(2, { type: "unbindRequest" });
    expect(await first.untilClosed()).toEqual([]);
    const second = await client();
    second.request(1, search("cn=reset"));
    await gates.reached("cn=reset");
    second.socket.resetAndDestroy();
    await gates.pass("cn=reset");
    expect(reasons).toEqual(["disconnected", "cn=unbind true", "disconnected", "cn=reset true"]);
  });
});
