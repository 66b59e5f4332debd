import { describe, expect, it } from "vitest";
import { cancelRequest } from "../../src/extended/cancel.ts";
import { ResultCode } from "../../src/result-code.ts";
import type { OperationEnded } from "../../src/server/index.ts";
import { Gates, start } from "./harness.ts";
import { bind, bindResponse, extended, extendedResponse, result, search } from "./raw-client.ts";

const modify = { type: "modifyRequest", object: "cn=a", changes: [] } as const;

/** Searches and changes wait at a gate of their own name, or end when their signal says so. */
async function startGated() {
  const gates = new Gates();
  const ended: Pick<OperationEnded, "messageId" | "outcome" | "resultCode">[] = [];
  const running = await start({
    handler: {
      async search(request, operation) {
        await gates.pass(request.baseObject);
        if (operation.isCancelled) gates.open(`${request.baseObject} saw the abort`);
        operation.entry({ objectName: request.baseObject, attributes: [] });
        operation.done();
      },
      async modify(request, operation) {
        await gates.pass(request.object);
        operation.end();
      },
      async del(_request, operation) {
        await new Promise((_resolve, reject) => {
          operation.signal.addEventListener("abort", () => reject(operation.signal.reason));
          gates.pass("del");
        });
      },
    },
    observer: {
      operationEnded: ({ messageId, outcome, resultCode }) => void ended.push({ messageId, outcome, resultCode }),
    },
  });
  return { ...running, gates, ended };
}

describe("abandon (RFC 4511 §4.11)", () => {
  it("ends an operation without an answer, and what its handler still sends is dropped", async () => {
    const { client, gates, ended } = await startGated();
    const raw = await client();
    raw.request(1, search("cn=abandoned"));
    await gates.reached("cn=abandoned");
    raw.request(2, { type: "abandonRequest", messageId: 1 });
    raw.request(3, search("cn=other"));
    await gates.reached("cn=other");
    gates.open("cn=abandoned");
    await gates.pass("cn=abandoned saw the abort");
    gates.open("cn=other");
    expect(await raw.take(2)).toEqual([
      [3, { type: "searchResultEntry", objectName: "cn=other", attributes: [] }],
      [3, result("searchResultDone")],
    ]);
    expect(ended).toEqual([
      { messageId: 1, outcome: "abandoned", resultCode: undefined },
      { messageId: 3, outcome: "answered", resultCode: 0 },
    ]);
  });

  it("is ignored for a message id that is not in progress, also with a critical control", async () => {
    const { client, gates } = await startGated();
    const raw = await client();
    raw.request(1, { type: "abandonRequest", messageId: 99 }, [
      { controlType: "1.2.3.4", criticality: true, controlValue: undefined },
    ]);
    raw.request(2, search("cn=a"));
    gates.open("cn=a");
    expect(await raw.next()).toEqual([2, { type: "searchResultEntry", objectName: "cn=a", attributes: [] }]);
  });

  it("does not end a bind", async () => {
    const gates = new Gates();
    const { client } = await start({
      handler: {
        async bind(_request, operation) {
          await gates.pass("bind");
          operation.end(operation.isCancelled ? ResultCode.canceled : ResultCode.success);
        },
        search: (_request, operation) => operation.done(),
      },
    });
    const raw = await client();
    raw.request(1, bind("uid=ann"));
    await gates.reached("bind");
    raw.request(2, { type: "abandonRequest", messageId: 1 });
    raw.request(3, search(""));
    gates.open("bind");
    expect(await raw.take(2)).toEqual([
      [1, bindResponse()],
      [3, result("searchResultDone")],
    ]);
  });

  it("reaches an operation while a bind waits for it", async () => {
    const { client, gates } = await startGated();
    const raw = await client();
    raw.request(1, search("cn=endless"));
    await gates.reached("cn=endless");
    raw.request(2, { type: "abandonRequest", messageId: 1 });
    raw.request(3, bind("", ""));
    expect(await raw.next()).toEqual([3, bindResponse()]);
  });

  it("frees its place among maxOperationsInFlight only when the handler has returned", async () => {
    const gates = new Gates();
    const begun: string[] = [];
    const { client } = await start({
      limits: { maxOperationsInFlight: 1 },
      handler: {
        async search(request, operation) {
          begun.push(request.baseObject);
          await gates.pass(request.baseObject);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.request(1, search("cn=abandoned"));
    await gates.reached("cn=abandoned");
    raw.request(2, { type: "abandonRequest", messageId: 1 });
    raw.request(3, search("cn=next"));
    // Another connection's request that was sent later has been read: so has this one's.
    const other = await client();
    other.request(1, search("cn=other"));
    await gates.reached("cn=other");
    expect(begun).toEqual(["cn=abandoned", "cn=other"]);
    gates.open("cn=abandoned");
    gates.open("cn=next");
    expect(await raw.next()).toEqual([3, result("searchResultDone")]);
  });
});

describe("cancel (RFC 3909)", () => {
  it("ends a search with canceled and answers success", async () => {
    const { client, gates, ended } = await startGated();
    const raw = await client();
    raw.request(1, search("cn=a"));
    await gates.reached("cn=a");
    raw.request(2, cancelRequest(1));
    expect(await raw.take(2)).toEqual([
      [1, result("searchResultDone", ResultCode.canceled)],
      [2, extendedResponse()],
    ]);
    gates.open("cn=a");
    await gates.pass("cn=a saw the abort");
    expect(ended).toEqual([
      { messageId: 1, outcome: "cancelled", resultCode: ResultCode.canceled },
      { messageId: 2, outcome: "answered", resultCode: ResultCode.success },
    ]);
  });

  it("says noSuchOperation for what is not in progress, and for itself", async () => {
    const { client } = await startGated();
    const raw = await client();
    raw.request(1, cancelRequest(77));
    raw.request(2, cancelRequest(2));
    expect(await raw.take(2)).toEqual([
      [1, extendedResponse(ResultCode.noSuchOperation)],
      [2, extendedResponse(ResultCode.noSuchOperation)],
    ]);
  });

  it("says tooLate when a change was made all the same", async () => {
    const { client, gates } = await startGated();
    const raw = await client();
    raw.request(1, modify);
    await gates.reached("cn=a");
    raw.request(2, cancelRequest(1));
    raw.request(3, cancelRequest(1));
    raw.request(4, cancelRequest(2));
    expect(await raw.take(2)).toEqual([
      [3, extendedResponse(ResultCode.cannotCancel)],
      [4, extendedResponse(ResultCode.cannotCancel)],
    ]);
    gates.open("cn=a");
    expect(await raw.take(2)).toEqual([
      [1, result("modifyResponse")],
      [2, extendedResponse(ResultCode.tooLate)],
    ]);
  });

  it("says success when the handler of a change gave up because its signal was aborted", async () => {
    const { client, gates } = await startGated();
    const raw = await client();
    raw.request(1, { type: "delRequest", entry: "cn=a" });
    await gates.reached("del");
    raw.request(2, cancelRequest(1));
    expect(await raw.take(2)).toEqual([
      [1, result("delResponse", ResultCode.canceled)],
      [2, extendedResponse()],
    ]);
  });

  it("says protocolError for a request without a message id", async () => {
    const { client } = await startGated();
    const raw = await client();
    raw.request(1, extended("1.3.6.1.1.8"));
    expect(await raw.next()).toEqual([
      1,
      extendedResponse(ResultCode.protocolError, {
        diagnosticMessage: "The Cancel request has no value and needs one",
      }),
    ]);
  });
});
