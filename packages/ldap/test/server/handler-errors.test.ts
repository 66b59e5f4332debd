import { describe, expect, it } from "vitest";
import { LdapError } from "../../src/error.ts";
import { ResultCode } from "../../src/result-code.ts";
import type { SearchOperation } from "../../src/server/index.ts";
import { eventually, start } from "./harness.ts";
import { bind, bindResponse, result, search } from "./raw-client.ts";

type Behaviour = (operation: SearchOperation) => void | Promise<void>;

/** Each search runs the behaviour of its `baseObject`; errors are gathered by message id. */
async function startWith(behaviours: Record<string, Behaviour>) {
  const errors: [messageId: number, error: string][] = [];
  const running = await start({
    handler: { search: (request, operation) => behaviours[request.baseObject]?.(operation) },
    observer: { handlerError: (_session, messageId, error) => void errors.push([messageId, String(error)]) },
  });
  return { ...running, errors };
}

const internalError = result("searchResultDone", ResultCode.other, "internal error");

describe("a handler that fails", () => {
  it("answers with the LdapError it throws, synchronously or not", async () => {
    const error = () =>
      new LdapError(ResultCode.noSuchObject, "no such entry", { matchedDn: "dc=com", referral: ["ldap://x/"] });
    const { client, errors } = await startWith({
      throws: () => {
        throw error();
      },
      rejects: () => Promise.reject(error()),
    });
    const raw = await client();
    const answer = {
      ...result("searchResultDone", ResultCode.noSuchObject, "no such entry"),
      matchedDn: "dc=com",
      referral: ["ldap://x/"],
    };
    raw.request(1, search("throws"));
    expect(await raw.next()).toEqual([1, answer]);
    raw.request(2, search("rejects"));
    expect(await raw.next()).toEqual([2, answer]);
    expect(errors).toEqual([]);
  });

  it("answers other (80) and tells the observer, and the client learns nothing of what went wrong", async () => {
    const { client, errors } = await startWith({
      throws: () => {
        throw new Error("the password of the database is hunter2");
      },
      rejects: () => Promise.reject(new Error("the database is away")),
      forgets: async () => {},
      "an impossible result": (operation) => operation.done(-1),
      "an impossible LdapError": () => {
        throw new LdapError(4_294_967_296);
      },
    });
    const raw = await client();
    const names = ["throws", "rejects", "forgets", "an impossible result", "an impossible LdapError"];
    for (const [index, name] of names.entries()) {
      raw.request(index + 1, search(name));
      expect(await raw.next()).toEqual([index + 1, internalError]);
    }
    expect(errors).toEqual([
      [1, "Error: the password of the database is hunter2"],
      [2, "Error: the database is away"],
      [3, "Error: The handler of the searchRequest settled without ending it: call end() or done()"],
      [4, "RangeError: -1 is not an integer from 0 to 2147483647"],
      [5, "RangeError: 4294967296 is not an integer from 0 to 2147483647"],
    ]);
  });

  it("sends nothing after the end, and the observer hears of it", async () => {
    const { client, errors } = await startWith({
      twice(operation) {
        operation.done();
        operation.done(ResultCode.busy);
        operation.entry({ objectName: "cn=late", attributes: [] });
      },
      async "then fails"(operation) {
        operation.done();
        await Promise.reject(new Error("too late to matter"));
      },
      fine: (operation) => operation.done(),
    });
    const raw = await client();
    raw.request(1, search("twice"));
    raw.request(2, search("then fails"));
    raw.request(3, search("fine"));
    expect(await raw.take(3)).toEqual([
      [1, result("searchResultDone")],
      [2, result("searchResultDone")],
      [3, result("searchResultDone")],
    ]);
    await eventually(() => errors.length === 3);
    const late = "Error: The searchRequest has ended already: a handler sends nothing after end() or done()";
    expect(errors).toEqual([
      [1, late],
      [1, late],
      [2, "Error: too late to matter"],
    ]);
  });

  it("leaves no part of an entry behind that cannot be encoded", async () => {
    const { client } = await startWith({
      broken(operation) {
        operation.entry({ objectName: "cn=good", attributes: [] });
        const values = [new Uint8Array(5), undefined as unknown as Uint8Array];
        operation.entry({ objectName: "cn=bad", attributes: [{ type: "cn", values }] });
      },
    });
    const raw = await client();
    raw.request(1, search("broken"));
    expect(await raw.take(2)).toEqual([
      [1, { type: "searchResultEntry", objectName: "cn=good", attributes: [] }],
      [1, internalError],
    ]);
  });

  it("makes the session anonymous when its bind fails", async () => {
    const { client } = await start({
      handler: {
        async bind(request, operation) {
          operation.session.authorization = { dn: request.name };
          throw new Error("after all");
        },
        search: (_request, operation) =>
          operation.done({ resultCode: 0, diagnosticMessage: operation.session.authorization.dn }),
      },
    });
    const raw = await client();
    raw.request(1, bind("uid=ann"));
    raw.request(2, search(""));
    expect(await raw.take(2)).toEqual([
      [1, bindResponse(ResultCode.other, "internal error")],
      [2, result("searchResultDone")],
    ]);
  });

  it("can drop the connection instead of answering", async () => {
    const reasons: string[] = [];
    const { client } = await start({
      handler: {
        search: (_request, operation) => operation.done(),
        async bind(_request, operation) {
          await null;
          operation.dropConnection();
        },
        compare: (_request, operation) => operation.session.destroy(),
      },
      observer: {
        connectionClosed: ({ reason }) => void reasons.push(reason),
        operationEnded: ({ outcome }) => void reasons.push(outcome),
        handlerError: (_session, _messageId, error) => void reasons.push(String(error)),
      },
    });
    const first = await client();
    first.request(1, search(""));
    first.request(2, bind("uid=ann"));
    expect(await first.untilClosed()).toEqual([[1, result("searchResultDone")]]);
    const second = await client();
    second.request(1, { type: "compareRequest", entry: "", attribute: "cn", value: new Uint8Array(1) });
    expect(await second.untilClosed()).toEqual([]);
    await eventually(() => reasons.length === 5);
    expect(reasons).toEqual(["answered", "disconnected", "dropped", "disconnected", "dropped"]);
  });

  it("keeps its own state with a session, across binds", async () => {
    interface Visits {
      count: number;
    }
    const { client } = await start<Visits>({
      handler: {
        bind: (_request, operation) => operation.end(),
        search(_request, operation) {
          operation.session.state ??= { count: 0 };
          operation.session.state.count++;
          operation.done({ resultCode: 0, diagnosticMessage: `visit ${operation.session.state.count}` });
        },
      },
    });
    const raw = await client();
    raw.request(1, search(""));
    raw.request(2, bind("", ""));
    raw.request(3, search(""));
    expect(await raw.take(3)).toEqual([
      [1, result("searchResultDone", 0, "visit 1")],
      [2, bindResponse()],
      [3, result("searchResultDone", 0, "visit 2")],
    ]);
  });
});
