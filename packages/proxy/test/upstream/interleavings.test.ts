/** Whatever the order of requests, abandons, answers, binds and losses: each receiver gets its own answers, whole, once. */
import { once } from "node:events";
import { connect } from "node:net";
import { encodeMessage, type LdapMessage } from "@espalier/ldap";
import { until } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Latency } from "../../src/upstream/latency.ts";
import { UpstreamConnection, type UpstreamConnectionOwner } from "../../src/upstream/upstream-connection.ts";
import { frameOf, Recorder, search, simpleBind } from "./requests.ts";
import { bindResponse, entry, searchDone, type TestConnection, TestServer } from "./test-server.ts";

/** Numbers choose among what there is at that moment. */
type Step =
  | { readonly do: "send"; readonly width: number; readonly count: number }
  | { readonly do: "bind" }
  | { readonly do: "abandon"; readonly which: number }
  | { readonly do: "entry"; readonly which: number }
  | { readonly do: "done"; readonly which: number }
  | { readonly do: "turn" }
  | { readonly do: "lose"; readonly how: "end" | "reset" | "destroy" };

const which = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("send"), width: fc.integer({ min: 1, max: 4 }), count: fc.nat(60) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("bind") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("abandon"), which }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("entry"), which }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("done"), which }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("turn") }) },
);
const steps = fc.tuple(
  fc.array(step, { maxLength: 60 }),
  fc.option(fc.record({ do: fc.constant("lose"), how: fc.constantFrom("end", "reset", "destroy") }), {
    nil: undefined,
  }),
);

const firstOfWidth = [1, 0x80, 0x8000, 0x800000];

interface Sent {
  readonly name: string;
  readonly id: number;
  readonly receiver: Recorder;
  isAbandoned: boolean;
}

/** The server's view: requests that it owes an answer, and the answers that it has given. */
class Model {
  readonly outstanding = new Map<number, { readonly name: string; readonly isBind: boolean }>();
  readonly seen = new Set<string>();
  readonly given = new Map<string, string[]>();
  readonly reused: number[] = [];

  receive({ messageId, protocolOp }: LdapMessage): void {
    if (protocolOp.type !== "searchRequest" && protocolOp.type !== "bindRequest") return;
    // A bind ends everything before it.
    if (protocolOp.type === "bindRequest") this.outstanding.clear();
    const name = protocolOp.type === "bindRequest" ? protocolOp.name : protocolOp.baseObject;
    if (this.outstanding.has(messageId)) this.reused.push(messageId);
    this.outstanding.set(messageId, { name, isBind: protocolOp.type === "bindRequest" });
    this.seen.add(name);
  }

  answer(peer: TestConnection, which: number, isFinal: boolean): void {
    const all = [...this.outstanding];
    const [id, { name, isBind }] = all[which % all.length]!;
    const given = this.given.get(name) ?? [];
    this.given.set(name, given);
    if (isFinal) {
      this.outstanding.delete(id);
      given.push("done");
      if (isBind) peer.answer(id, bindResponse(0, name));
      else
        peer.socket.write(
          encodeMessage({
            messageId: id,
            protocolOp: { ...searchDone(), diagnosticMessage: name } as never,
            controls: [],
          }),
        );
    } else if (!isBind) {
      given.push("entry");
      peer.answer(id, entry(name));
    }
  }
}

async function run([script, end]: readonly [readonly Step[], Step | undefined]): Promise<void> {
  const model = new Model();
  await using server = await TestServer.listen((message) => model.receive(message));
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const owner: UpstreamConnectionOwner = {
    latency: new Latency(),
    outstanding: 0,
    requestEnded: () => undefined,
    bindSilent: () => undefined,
    closed: () => undefined,
  };
  const connection = new UpstreamConnection(socket, owner, {
    backend: "a",
    maxMessageBytes: 1 << 20,
    silence: { timeoutMs: 60_000, keepAliveMs: 60_000 },
  });
  const peer = await until("the connection at the server", () => server.connections[0]);
  const all: Sent[] = [];
  const unanswered = () => all.filter(({ receiver, isAbandoned }) => !isAbandoned && !receiver.hasEnded);

  for (const each of end === undefined ? script : [...script, end]) {
    if (!connection.isOpen) break;
    switch (each.do) {
      case "send":
        for (let at = 0; at < each.count && !connection.isBinding; at++) {
          const receiver = new Recorder();
          const name = `cn=${all.length}`;
          const id = connection.send(frameOf(firstOfWidth[each.width - 1]!, search(name)), receiver);
          all.push({ name, id, receiver, isAbandoned: false });
        }
        break;
      case "bind":
        if (!connection.isBinding) {
          for (const sent of unanswered()) {
            sent.isAbandoned = true;
            connection.abandon(sent.id);
          }
          if (!connection.isOpen) break;
          const receiver = new Recorder();
          const name = `cn=${all.length}`;
          const id = connection.send(frameOf(1, simpleBind(name, "secret")), receiver);
          all.push({ name, id, receiver, isAbandoned: false });
        }
        break;
      case "abandon": {
        const candidates = unanswered();
        const chosen = candidates[each.which % Math.max(1, candidates.length)];
        if (chosen !== undefined && !connection.isBinding) {
          chosen.isAbandoned = true;
          connection.abandon(chosen.id);
        }
        break;
      }
      case "entry":
      case "done":
        if (model.outstanding.size > 0) model.answer(peer, each.which, each.do === "done");
        break;
      case "turn":
        for (let at = 0; at < 3; at++) await new Promise(setImmediate);
        break;
      case "lose":
        if (each.how === "end") peer.socket.end();
        else if (each.how === "reset") peer.socket.resetAndDestroy();
        else connection.destroy({ code: "ERR_UPSTREAM_RETIRED", message: "kicked" });
        break;
    }
  }

  if (end === undefined && connection.isOpen) {
    // Everything that arrived is answered, the abandoned too.
    await until("all answers", () => {
      while (model.outstanding.size > 0) model.answer(peer, 0, true);
      return unanswered().length === 0 || !connection.isOpen;
    });
  } else {
    await until("the end of the connection", () => !connection.isOpen);
  }

  expect(model.reused).toEqual([]);
  expect(connection.lost?.code).not.toBe("ERR_UPSTREAM_PROTOCOL");
  expect(owner.outstanding).toBe(0);
  for (const { name, id, receiver, isAbandoned } of all) {
    const { responses, losses } = receiver;
    // Its own answers, under its id, in the order in which they were given.
    expect(responses.every(({ messageId }) => messageId === id)).toBe(true);
    const names = responses.map(({ op }) =>
      op.type === "searchResultEntry" ? op.objectName : "diagnosticMessage" in op ? op.diagnosticMessage : "",
    );
    expect(names.every((each) => each === name)).toBe(true);
    const kinds = responses.map(({ isFinal }) => (isFinal ? "done" : "entry"));
    expect(kinds).toEqual((model.given.get(name) ?? []).slice(0, kinds.length));
    // Once: a final response, or the loss, or silence after an abandon.
    const isAnswered = kinds.at(-1) === "done";
    expect(kinds.filter((kind) => kind === "done").length + losses.length).toBe(isAbandoned && !isAnswered ? 0 : 1);
    if (isAnswered) expect(kinds).toEqual(model.given.get(name));
    // What "cannot have left" was never received.
    if (losses[0]?.sent === false) expect(model.seen.has(name)).toBe(false);
  }
  connection.destroy({ code: "ERR_UPSTREAM_RETIRED", message: "the test is over" });
}

it("gives each receiver its own answers once, and never an id that an answer may still come for", async () => {
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: 200 });
}, 120_000);
