import { setTimeout as delay } from "node:timers/promises";
import { type BindResponse, type LdapMessage, passwordModifyRequest, type RequestOp, ResultCode } from "@espalier/ldap";
import { until, Wire } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { effective, passwords, RecordingServer } from "./recording-server.ts";
import { bindOf, dnOf, modifyOf, pageOf, searchOf } from "./requests.ts";

/** What a client does next. Only `pause` and `disconnect` wait for anything. */
type Action =
  | { readonly type: "bind"; readonly uid: string; readonly password: "right" | "wrong" | "empty" }
  | { readonly type: "anonymousBind" | "search" | "modify" | "page" | "unknown" | "changePassword" }
  | { readonly type: "abandon" | "pause" | "disconnect" }
  /** An administrator does: every connection to the server is to end. */
  | { readonly type: "drain" };

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Action>({ type: "search" }) },
  { weight: 3, arbitrary: fc.constant<Action>({ type: "modify" }) },
  { weight: 2, arbitrary: fc.constant<Action>({ type: "page" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "unknown" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "changePassword" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "anonymousBind" }) },
  { weight: 2, arbitrary: fc.constant<Action>({ type: "abandon" }) },
  { weight: 3, arbitrary: fc.constant<Action>({ type: "pause" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "disconnect" }) },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "drain" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("bind" as const),
      uid: fc.constantFrom("ann", "bob", "cid"),
      password: fc.constantFrom(
        "right" as const,
        "right" as const,
        "right" as const,
        "wrong" as const,
        "empty" as const,
      ),
    }),
  },
);

const clientCount = 4;
const anyStory = fc.array(fc.tuple(fc.nat(clientCount - 1), anyAction), { minLength: 10, maxLength: 60 });

/** What an operation may be executed as: who was bound by then, or nobody if that bind was not accepted. */
class Expectation {
  readonly #boundAs: string;
  readonly #wire: Wire;
  readonly #bindId: number;

  constructor(boundAs: string, wire: Wire, bindId: number) {
    this.#boundAs = boundAs;
    this.#wire = wire;
    this.#bindId = bindId;
  }

  get identities(): readonly string[] {
    const answer = this.#wire.received.find(
      ({ messageId, protocolOp }) => messageId === this.#bindId && protocolOp.type === "bindResponse",
    );
    // A client that went away did not read what became of its bind.
    if (answer === undefined) return [this.#boundAs, ""];
    return (answer.protocolOp as BindResponse).resultCode === 0 ? [this.#boundAs] : [""];
  }
}

/** One client, which never waits for an answer, and what the operations it sent must be executed as. */
class Actor {
  readonly #proxy: AssembledProxy;
  readonly #expected: Map<string, Expectation>;
  readonly #bindCodes: Map<LdapMessage["messageId"], number> = new Map();
  readonly #wires: Wire[] = [];
  readonly #name: string;
  #wire: Wire;
  #boundAs = "";
  #bindId = 0;
  #count = 0;
  #lastId = 0;

  constructor(proxy: AssembledProxy, wire: Wire, name: string, expected: Map<string, Expectation>) {
    this.#proxy = proxy;
    this.#wire = wire;
    this.#wires.push(wire);
    this.#name = name;
    this.#expected = expected;
  }

  async act(action: Action): Promise<void> {
    switch (action.type) {
      case "bind": {
        const right = passwords.get(dnOf(action.uid)) ?? "";
        const password = { right, wrong: "wrong", empty: "" }[action.password];
        this.#boundAs = action.password === "right" ? dnOf(action.uid) : "";
        const code = { right: 0, wrong: ResultCode.invalidCredentials, empty: ResultCode.unwillingToPerform };
        this.#bindId = this.#send(bindOf(dnOf(action.uid), password));
        this.#bindCodes.set(this.#bindId, code[action.password]);
        break;
      }
      case "anonymousBind":
        this.#boundAs = "";
        this.#bindId = this.#send(bindOf("", ""));
        this.#bindCodes.set(this.#bindId, 0);
        break;
      case "search":
        this.#send(searchOf(this.#target()));
        break;
      case "page":
        this.#send(searchOf(this.#target()), [pageOf(1)]);
        break;
      case "modify":
        this.#send(modifyOf(this.#target()));
        break;
      case "unknown":
        this.#send(searchOf(this.#target()), [
          { controlType: "1.2.3.4.5", criticality: true, controlValue: undefined },
        ]);
        break;
      case "changePassword": {
        // Of nobody it names: the server does it to whom it takes the client for.
        const newPasswd = Buffer.from("new");
        if (this.#boundAs !== "") {
          this.#send(passwordModifyRequest({ userIdentity: undefined, oldPasswd: undefined, newPasswd }));
        }
        break;
      }
      case "abandon":
        if (this.#lastId > 0) this.#send({ type: "abandonRequest", messageId: this.#lastId });
        break;
      case "drain":
        this.#proxy.backend(0).connections.drain();
        break;
      case "pause":
        await delay(3);
        break;
      case "disconnect":
        this.#wire[Symbol.dispose]();
        this.#wire = await Wire.connect(this.#proxy.url);
        this.#wires.push(this.#wire);
        this.#boundAs = "";
        this.#bindId = 0;
        this.#bindCodes.clear();
        break;
    }
  }

  /** Resolves when everything that is to be answered has been; `false` when the proxy has closed the connection. */
  async settled(): Promise<boolean> {
    const id = this.#send({ ...searchOf(this.#target()) });
    const answer = await this.#wire.answer(id, 10_000).catch(() => undefined);
    return answer !== undefined;
  }

  /** Binds have to be answered as they deserve, or not at all; `busy` is for want of connections. */
  checkBinds(): void {
    for (const { messageId, protocolOp } of this.#wire.received) {
      if (protocolOp.type !== "bindResponse" || protocolOp.resultCode === ResultCode.busy) continue;
      expect(protocolOp.resultCode).toBe(this.#bindCodes.get(messageId));
    }
  }

  [Symbol.dispose](): void {
    for (const wire of this.#wires) wire[Symbol.dispose]();
  }

  #target(): string {
    const target = `cn=${this.#name}-${this.#count++},dc=example,dc=com`;
    this.#expected.set(target, new Expectation(this.#boundAs, this.#wire, this.#bindId));
    return target;
  }

  #send(op: RequestOp, controls: Parameters<Wire["sendRequest"]>[1] = []): number {
    this.#lastId = this.#wire.sendRequest(op, controls);
    return this.#lastId;
  }
}

describe.each(["session", "proxyauthz", "identity"] as const)("in mode %s", (mode) => {
  const fewConnections: Omit<AssembledOptions, "urls"> = {
    mode,
    limits: { queueTimeoutMs: 150 },
    upstream: { maxConnections: 6, sharedConnections: 1, bindConnections: 1 },
  };

  test("no operation is ever executed as anyone but its client, whatever clients do at the same time", async () => {
    await fc.assert(
      fc.asyncProperty(anyStory, fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }), async (story, delaysMs) => {
        await using server = await RecordingServer.start();
        let turn = 0;
        server.gate = async () => {
          await delay(delaysMs[turn++ % delaysMs.length]);
          return true;
        };
        await using proxy = await AssembledProxy.start({ ...fewConnections, urls: [server.url] });
        const expected = new Map<string, Expectation>();
        const actors: Actor[] = [];
        using cleanup = new DisposableStack();
        for (let i = 0; i < clientCount; i++) {
          const wire = await Wire.connect(proxy.url);
          actors.push(cleanup.use(new Actor(proxy, wire, `client${i}`, expected)));
        }
        for (const [client, action] of story) await actors[client]?.act(action);
        await Promise.all(actors.map((actor) => actor.settled()));

        for (const actor of actors) actor.checkBinds();
        const times = new Map<string, number>();
        for (const { operation, target, as } of server.executed) {
          if (operation === "passwordModify") {
            // A password is changed of who asked for it, never of the proxy's account.
            expect(passwords.has(target) && target !== "cn=proxy,dc=example,dc=com").toBe(true);
            continue;
          }
          expect(expected.get(target)?.identities).toContain(as);
          times.set(target, (times.get(target) ?? 0) + 1);
        }
        // Nothing was lost here, so nothing was sent twice.
        expect([...times.values()].filter((count) => count > 1)).toEqual([]);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  }, 240_000);

  test("the same holds while the backends drop connections at any moment, and no write is executed twice", async () => {
    await fc.assert(
      fc.asyncProperty(anyStory, fc.array(fc.nat(9), { minLength: 1, maxLength: 20 }), async (story, moods) => {
        await using one = await RecordingServer.start();
        await using two = await RecordingServer.start();
        let turn = 0;
        for (const server of [one, two]) {
          server.gate = async (operation, target) => {
            const mood = moods[turn++ % moods.length] ?? 0;
            // A bind that comes during the delay changes what the connection is, and not as whom this operation is executed.
            const as = effective(operation);
            await delay(mood % 3);
            if (mood < 8) return true;
            // Also when it has been executed, and only the answer is missing.
            if (mood === 9 && operation.request.type === "modifyRequest") {
              const connection = operation.session.id;
              server.executed.push({ connection, operation: "modify", target, as });
            }
            operation.dropConnection();
            return false;
          };
        }
        await using proxy = await AssembledProxy.start({ ...fewConnections, urls: [one.url, two.url] });
        const expected = new Map<string, Expectation>();
        const actors: Actor[] = [];
        using cleanup = new DisposableStack();
        for (let i = 0; i < clientCount; i++) {
          const wire = await Wire.connect(proxy.url);
          actors.push(cleanup.use(new Actor(proxy, wire, `client${i}`, expected)));
        }
        for (const [client, action] of story) await actors[client]?.act(action).catch(() => undefined);
        await Promise.all(actors.map((actor) => actor.settled()));

        const writes = new Map<string, number>();
        for (const { operation, target, as } of [...one.executed, ...two.executed]) {
          if (operation === "passwordModify") {
            expect(target).not.toBe("cn=proxy,dc=example,dc=com");
            continue;
          }
          expect(expected.get(target)?.identities).toContain(as);
          if (operation === "modify") writes.set(target, (writes.get(target) ?? 0) + 1);
        }
        expect([...writes.values()].filter((count) => count > 1)).toEqual([]);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 240_000);

  test("what a client leased is there for the next one when it has gone", async () => {
    await using server = await RecordingServer.start();
    await using proxy = await AssembledProxy.start({
      mode,
      urls: [server.url],
      upstream: { maxConnections: 3, sharedConnections: 1, bindConnections: 1 },
    });
    for (let round = 0; round < 12; round++) {
      using client = await Wire.connect(proxy.url);
      const uid = round % 2 === 0 ? "ann" : "bob";
      expect(await client.bind(dnOf(uid), passwords.get(dnOf(uid)) ?? "")).toBe(0);
      const { entries } = await client.search(searchOf(`cn=${round},dc=example,dc=com`), [pageOf(1)]);
      expect(entries).toHaveLength(1);
    }
    await until("the clients to be gone", () => proxy.listeners.size === 0);
    expect(server.executed.map(({ as }) => as)).toEqual(
      Array.from({ length: 12 }, (_, round) => dnOf(round % 2 === 0 ? "ann" : "bob")),
    );
    expect(server.connections).toBeLessThanOrEqual(3);
  });
});
