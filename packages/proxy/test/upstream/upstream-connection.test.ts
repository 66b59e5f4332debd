import { once } from "node:events";
import { connect } from "node:net";
import type { ResponseOp } from "@espalier/ldap";
import { until } from "@espalier/tests/lab";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeControl, readControls } from "../../src/frame/controls.ts";
import { readFrame } from "../../src/frame/read-frame.ts";
import { Latency } from "../../src/upstream/latency.ts";
import type { UpstreamLost } from "../../src/upstream/response-receiver.ts";
import { UpstreamConnection, type UpstreamConnectionOwner } from "../../src/upstream/upstream-connection.ts";
import { UpstreamUnavailable } from "../../src/upstream/upstream-error.ts";
import { frameOf, Recorder, search, simpleBind } from "./requests.ts";
import { bindResponse, entry, searchDone, type TestConnection, TestServer } from "./test-server.ts";

class Owner implements UpstreamConnectionOwner {
  readonly latency = new Latency();
  outstanding = 0;
  readonly ended: boolean[] = [];
  readonly losses: UpstreamLost[] = [];
  silentBinds = 0;
  requestEnded(_connection: UpstreamConnection, isAnswered: boolean): void {
    this.ended.push(isAnswered);
  }
  bindSilent(): void {
    this.silentBinds++;
  }
  closed(_connection: UpstreamConnection, lost: UpstreamLost): void {
    this.losses.push(lost);
  }
}

let server: TestServer;
let owner: Owner;
let connection: UpstreamConnection;
let peer: TestConnection;

beforeEach(async () => {
  server = await TestServer.listen(() => undefined);
  owner = new Owner();
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  connection = new UpstreamConnection(socket, owner, {
    backend: "a",
    maxMessageBytes: 1 << 20,
    silence: { timeoutMs: 1_600, keepAliveMs: 60_000 },
  });
  peer = await until("the server's side of the connection", () => server.connections[0]);
});

afterEach(async () => {
  connection.destroy({ code: "ERR_UPSTREAM_RETIRED", message: "the test is over" });
  await server[Symbol.asyncDispose]();
});

/** Resolves when the server has received `count` messages. */
function received(count: number) {
  return until(`${count} messages at the server`, () => peer.received.length >= count);
}

function send(messageId: number, base: string): { id: number; receiver: Recorder } {
  const receiver = new Recorder();
  return { id: connection.send(frameOf(messageId, search(base)), receiver), receiver };
}

describe("message ids, RFC 4511 §4.1.1.1", () => {
  it("are encoded in as many octets as the client's, and differ among all that are outstanding", async () => {
    const clientIds = [1, 1, 0x7f, 0x80, 0x80, 0x7fff, 0x8000, 0x7fffff, 0x800000, 0x7fffffff];
    const ids = clientIds.map((messageId, at) => send(messageId, `cn=${at}`).id);
    const width = (id: number) => (id < 0x80 ? 1 : id < 0x8000 ? 2 : id < 0x800000 ? 3 : 4);
    expect(ids.map(width)).toEqual(clientIds.map(width));
    expect(new Set(ids).size).toBe(ids.length);
    await received(ids.length);
    expect(peer.received.map(({ messageId }) => messageId)).toEqual(ids);
    expect(peer.received.map(({ protocolOp }) => "baseObject" in protocolOp && protocolOp.baseObject)).toEqual(
      clientIds.map((_, at) => `cn=${at}`),
    );
  });

  it("become wider when all of one octet are in use, and the message is written anew", async () => {
    const sent = Array.from({ length: 128 }, (_, at) => send(1, `cn=${at}`));
    await received(128);
    expect(sent.slice(0, 127).every(({ id }) => id < 0x80)).toBe(true);
    expect(sent[127]!.id).toBeGreaterThanOrEqual(0x80);
    for (const { id } of sent) peer.answer(id, searchDone());
    await Promise.all(sent.map(({ receiver }) => receiver.ended()));
    expect(sent.map(({ id, receiver }) => receiver.responses.every(({ messageId }) => messageId === id))).not.toContain(
      false,
    );
  });

  it("leave the frame that was sent as it was, so that it can be sent again", () => {
    const frame = frameOf(5, search("cn=a"));
    const before = Buffer.from(frame.bytes);
    connection.send(frame, new Recorder());
    connection.send(frame, new Recorder());
    expect(Buffer.from(frame.bytes)).toEqual(before);
  });

  it("rest after an abandon until the final response comes after all", async () => {
    const abandoned = send(1, "cn=late");
    connection.abandon(abandoned.id);
    const others = Array.from({ length: 126 }, (_, at) => send(1, `cn=${at}`));
    expect(others.map(({ id }) => id)).not.toContain(abandoned.id);
    expect(send(1, "cn=wide").id).toBeGreaterThanOrEqual(0x80);
    await received(129);
    peer.answer(abandoned.id, entry("cn=late"));
    peer.answer(abandoned.id, searchDone());
    peer.answer(others[0]!.id, searchDone());
    await others[0]!.receiver.ended();
    expect(abandoned.receiver.responses).toEqual([]);
    expect([send(1, "cn=x").id, send(1, "cn=y").id].sort()).toEqual([abandoned.id, others[0]!.id].sort());
  });

  it("that were abandoned are free again after a bind, which ends everything before it", async () => {
    const abandoned = Array.from({ length: 60 }, (_, at) => send(1, `cn=${at}`));
    for (const { id } of abandoned) connection.abandon(id);
    const bound = connection.request(simpleBind("cn=a", "secret"));
    await received(121);
    peer.answer(peer.received.at(-1)!.messageId, bindResponse());
    await bound;
    const ids = Array.from({ length: 127 }, (_, at) => send(1, `cn=${at}`).id);
    expect(ids.every((id) => id < 0x80)).toBe(true);
  });

  it("that were abandoned and never answered wear a connection out", () => {
    for (let at = 0; at < 64; at++) connection.abandon(send(1, `cn=${at}`).id);
    expect(connection.isRetiring).toBe(false);
    connection.abandon(send(1, "cn=x").id);
    expect(connection.lost?.code).toBe("ERR_UPSTREAM_RETIRED");
  });
});

describe("a request", () => {
  it("goes out with others of the same turn in one write", async () => {
    const chunks: number[] = [];
    peer.socket.on("data", (chunk: Buffer) => chunks.push(chunk.length));
    let bytes = 0;
    for (let at = 0; at < 20; at++) {
      const frame = frameOf(1, search("cn=a"));
      bytes += frame.end;
      connection.send(frame, new Recorder());
    }
    await received(20);
    expect(chunks).toEqual([bytes]);
  });

  it("can be larger than what is written at once", async () => {
    const base = `cn=${"x".repeat(300_000)}`;
    const { id } = send(1, base);
    send(2, "cn=behind");
    await received(2);
    expect(peer.received[0]).toMatchObject({ messageId: id, protocolOp: { baseObject: base } });
    expect(peer.received[1]).toMatchObject({ protocolOp: { baseObject: "cn=behind" } });
  });

  it("carries the added control as its last", async () => {
    const control = {
      controlType: "2.16.840.1.113730.3.4.18",
      criticality: true,
      controlValue: Buffer.from("dn:cn=a"),
    };
    const receiver = new Recorder();
    const id = connection.send(frameOf(1, search("cn=a")), receiver, encodeControl(control));
    await received(1);
    expect(peer.received[0]!.messageId).toBe(id);
    expect(peer.received[0]!.controls).toMatchObject([{ controlType: control.controlType, criticality: true }]);
  });

  it("whose added control cannot be added leaves the connection as it was", async () => {
    const bytes = Buffer.concat([frameOf(1, simpleBind("", "")).bytes, Buffer.from("a005300100", "hex")]);
    bytes[1]! += 5;
    const frame = readFrame(bytes, 0, bytes.length);
    expect(() => readControls(frame)).toThrow();
    expect(() =>
      connection.send(
        frame,
        new Recorder(),
        encodeControl({ controlType: "1.2", criticality: false, controlValue: undefined }),
      ),
    ).toThrow();
    expect([connection.outstandingCount, connection.isBinding]).toEqual([0, false]);
  });

  it("gets its answer in order, final response last", async () => {
    const { id, receiver } = send(3, "cn=a");
    await received(1);
    peer.answer(id, entry("cn=1"));
    peer.answer(id, { type: "searchResultReference", uris: ["ldap://other"] });
    peer.answer(id, { type: "intermediateResponse", responseName: "1.2.3", responseValue: undefined });
    peer.answer(id, searchDone());
    await receiver.ended();
    expect(receiver.responses.map(({ op, isFinal }) => [op.type, isFinal])).toEqual([
      ["searchResultEntry", false],
      ["searchResultReference", false],
      ["intermediateResponse", false],
      ["searchResultDone", true],
    ]);
    expect(connection.outstandingCount).toBe(0);
    expect(owner).toMatchObject({ outstanding: 0, ended: [true] });
    expect(owner.latency.meanMs).toBeGreaterThan(0);
  });

  it("is not sent behind a bind", () => {
    void connection.request(simpleBind("cn=a", "secret")).catch(() => undefined);
    expect(() => send(1, "cn=a")).toThrow("A bind is outstanding");
  });

  it("keeps a bind away until it is answered or abandoned", async () => {
    const { id } = send(1, "cn=a");
    await expect(connection.request(simpleBind("cn=a", "secret"))).rejects.toThrow("abandon them before a bind");
    connection.abandon(id);
    void connection.request(simpleBind("cn=a", "secret")).catch(() => undefined);
    expect(connection.isBinding).toBe(true);
  });

  it("that has no response cannot be sent", () => {
    expect(() => connection.send(frameOf(1, { type: "unbindRequest" }), new Recorder())).toThrow("has no response");
  });

  it("of the proxy's own resolves with the whole answer", async () => {
    const answer = connection.request(search("cn=a"));
    await received(1);
    const { messageId } = peer.received[0]!;
    peer.answer(messageId, entry("cn=a"));
    peer.answer(messageId, searchDone(32), [{ controlType: "1.2.3", criticality: false, controlValue: undefined }]);
    expect(await answer).toEqual({
      before: [entry("cn=a")],
      result: searchDone(32),
      controls: [{ controlType: "1.2.3", criticality: false, controlValue: undefined }],
    });
  });

  it("of the proxy's own rejects when its answer cannot be read, and the connection ends", async () => {
    const answer = connection.request(search("cn=a"));
    await received(1);
    const id = peer.received[0]!.messageId;
    peer.socket.write(Buffer.from([0x30, 0x0a, 0x02, 0x02, id >> 8, id & 0xff, 0x65, 0x04, 0x0a, 0x01, 0x00, 0x04]));
    await expect(answer).rejects.toMatchObject({ lost: { code: "ERR_UPSTREAM_PROTOCOL" } });
    expect(connection.lost?.code).toBe("ERR_UPSTREAM_PROTOCOL");
  });
});

describe("a bind that is abandoned", () => {
  it("ends the connection: whose it is would not be known", async () => {
    const receiver = new Recorder();
    const id = connection.send(frameOf(1, simpleBind("cn=a", "secret")), receiver);
    await received(1);
    connection.abandon(id);
    expect(connection.lost?.code).toBe("ERR_UPSTREAM_RETIRED");
    expect(owner.outstanding).toBe(0);
    expect(receiver.losses).toEqual([]);
  });
});

const extendedResponse = (resultCode: number): ResponseOp => ({
  ...{ type: "extendedResponse", resultCode, matchedDn: "", diagnosticMessage: "no", referral: [] },
  ...{ responseName: undefined, responseValue: undefined },
});

it("an extended response that refuses is the end of whatever was asked, as Samba has it", async () => {
  const { id, receiver } = send(9, "cn=a");
  const other = send(10, "cn=b");
  await received(2);
  peer.answer(id, extendedResponse(12));
  await receiver.ended();
  const refusal = { type: "searchResultDone", resultCode: 12, matchedDn: "", diagnosticMessage: "no", referral: [] };
  expect(receiver.responses).toEqual([{ messageId: id, op: refusal, isFinal: true }]);
  peer.answer(other.id, searchDone());
  await other.receiver.ended();
  expect([other.receiver.losses, connection.lost]).toEqual([[], undefined]);
});

describe("a backend that breaks the protocol", () => {
  it.each([
    ["an answer to nobody", (id: number) => peer.answer(id + 1, searchDone())],
    ["another kind of answer", (id: number) => peer.answer(id, bindResponse())],
    ["an extended response that is a success", (id: number) => peer.answer(id, extendedResponse(0))],
    [
      "an answer given twice",
      (id: number) => {
        connection.abandon(send(1, "cn=b").id);
        peer.answer(id + 1, searchDone());
        peer.answer(id + 1, searchDone());
      },
    ],
    ["bytes that are not LDAP", () => peer.socket.write("HTTP/1.1 400 Bad Request\r\n")],
    ["more than is taken", () => peer.socket.write(Buffer.from("308400200000", "hex"))],
  ])("by %s loses the connection, and requests learn of it once", async (_, breakIt) => {
    const { id, receiver } = send(9, "cn=a");
    await received(1);
    breakIt(id);
    await receiver.ended();
    expect(connection.lost?.code).toBe("ERR_UPSTREAM_PROTOCOL");
    expect(receiver.losses).toEqual([{ lost: connection.lost, sent: true }]);
    expect(owner.losses).toEqual([connection.lost]);
    expect(() => send(1, "cn=b")).toThrow(UpstreamUnavailable);
  });
});

describe("the end of a connection", () => {
  it("tells each request whether any byte of it may have left", async () => {
    const first = send(1, "cn=sent");
    await received(1);
    const second = send(2, "cn=kept");
    connection.destroy({ code: "ERR_UPSTREAM_RETIRED", message: "kicked" });
    expect(first.receiver.losses.map(({ sent }) => sent)).toEqual([true]);
    expect(second.receiver.losses.map(({ sent }) => sent)).toEqual([false]);
    expect(owner.outstanding).toBe(0);
  });

  it("knows what the backend never took, when it does not read", async () => {
    peer.socket.pause();
    const requests: Recorder[] = [];
    for (let at = 0; at < 2_000 && !connection.isCongested; at++) {
      requests.push(send(1, `cn=${"x".repeat(50_000)}`).receiver);
      if (at % 10 === 0) await new Promise(setImmediate);
    }
    expect(connection.isCongested).toBe(true);
    connection.destroy({ code: "ERR_UPSTREAM_HUNG", message: "it hangs" });
    const sent = requests.map(({ losses }) => losses[0]!.sent);
    expect(sent[0]).toBe(true);
    expect(sent.at(-1)).toBe(false);
    expect(sent.indexOf(false)).toBe(sent.lastIndexOf(true) + 1);
  });

  it("is told by the backend in a notice of disconnection, RFC 4511 §4.4.1", async () => {
    const { receiver } = send(1, "cn=a");
    await received(1);
    peer.answer(0, {
      ...{ type: "extendedResponse", resultCode: 52, matchedDn: "", diagnosticMessage: "going down", referral: [] },
      ...{ responseName: "1.3.6.1.4.1.1466.20036", responseValue: undefined },
    });
    await receiver.ended();
    expect(receiver.losses).toEqual([
      {
        lost: {
          code: "ERR_UPSTREAM_CLOSED",
          message: "The connection to a ended: it sent a notice of disconnection (unavailable: going down)",
        },
        sent: true,
      },
    ]);
  });

  it("comes after what is outstanding, with an unbind, when it retires", async () => {
    const { id, receiver } = send(1, "cn=a");
    connection.retire();
    expect([connection.isOpen, connection.isRetiring]).toEqual([true, true]);
    await received(1);
    peer.answer(id, searchDone());
    await receiver.ended();
    await received(2);
    expect(peer.received[1]!.protocolOp).toEqual({ type: "unbindRequest" });
    expect(owner.losses.map(({ code }) => code)).toEqual(["ERR_UPSTREAM_RETIRED"]);
  });

  it("waits for the holder when somebody has the connection alone", () => {
    connection.isExclusive = true;
    connection.retire();
    expect(connection.isOpen).toBe(true);
    connection.released();
    expect(connection.isOpen).toBe(false);
  });

  it("is told to the holder of a lease, who also gets other unsolicited notifications", async () => {
    const unsolicited: number[] = [];
    const ends: UpstreamLost[] = [];
    connection.onUnsolicited = (frame) => unsolicited.push(frame.messageId);
    connection.onClose = (lost) => ends.push(lost);
    peer.answer(0, {
      ...{ type: "extendedResponse", resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] },
      ...{ responseName: "1.3.6.1.1.21.4", responseValue: undefined },
    });
    peer.socket.end();
    await until("the end", () => !connection.isOpen);
    expect(unsolicited).toEqual([0]);
    expect(ends).toEqual([connection.lost]);
  });
});

describe("reading", () => {
  it("stops for the one large result of a lane, and goes on where it stopped", async () => {
    const { id, receiver } = send(1, "cn=a");
    expect(connection.pause()).toBe(false);
    connection.makeLane();
    expect(connection.pause()).toBe(true);
    await received(1);
    for (let at = 0; at < 3; at++) peer.answer(id, entry(`cn=${at}`));
    peer.answer(id, searchDone());
    await new Promise(setImmediate);
    expect(receiver.responses).toEqual([]);
    connection.resume();
    await receiver.ended();
    expect(receiver.responses.length).toBe(4);
    expect(connection.isLane).toBe(false);
  });

  it("stops between two messages of one chunk", async () => {
    const { id, receiver } = send(1, "cn=a");
    connection.makeLane();
    const response = receiver.response.bind(receiver);
    receiver.response = (frame, isFinal) => {
      response(frame, isFinal);
      connection.pause();
    };
    await received(1);
    peer.socket.cork();
    for (let at = 0; at < 3; at++) peer.answer(id, entry(`cn=${at}`));
    peer.answer(id, searchDone());
    peer.socket.uncork();
    for (let at = 1; at <= 4; at++) {
      await until(`message ${at}`, () => receiver.responses.length === at);
      connection.resume();
    }
    expect(receiver.responses.at(-1)?.isFinal).toBe(true);
    expect(connection.mayRead).toBe(true);
  });

  it("rests for a turn again and again in a large result, so that other connections have theirs", async () => {
    const { id, receiver } = send(1, "cn=a");
    const perTurn = [0];
    const response = receiver.response.bind(receiver);
    receiver.response = (frame, isFinal) => {
      if (perTurn.at(-1) === 0) setImmediate(() => void perTurn.push(0));
      perTurn[perTurn.length - 1]! += frame.end - frame.start;
      response(frame, isFinal);
    };
    await received(1);
    connection.makeLane();
    connection.pause();
    peer.socket.cork();
    for (let at = 0; at < 3_000; at++) peer.answer(id, entry(`cn=${"x".repeat(1_000)}`));
    peer.answer(id, searchDone());
    peer.socket.uncork();
    // As much as the kernel holds.
    await until("it to wait to be read", () => peer.socket.bytesWritten - peer.socket.writableLength > 1 << 20);
    connection.resume();
    await receiver.ended();
    expect(receiver.responses).toHaveLength(3_001);
    expect(Math.max(...perTurn)).toBeLessThan(256 * 1024);
  });

  it("does not stop while others wait for answers on the same connection", () => {
    send(1, "cn=a");
    send(2, "cn=b");
    connection.makeLane();
    expect(connection.pause()).toBe(false);
  });

  it("goes on by itself when the result is abandoned", async () => {
    const { id } = send(1, "cn=a");
    connection.makeLane();
    connection.pause();
    connection.abandon(id);
    const other = send(2, "cn=b");
    await received(3);
    peer.answer(id, entry("cn=late"));
    peer.answer(other.id, searchDone());
    await other.receiver.ended();
    expect(other.receiver.responses.length).toBe(1);
  });
});

describe("silence", () => {
  it("is met with a probe on the same connection, and one without an answer ends it", async () => {
    const { receiver } = send(1, "cn=a");
    const startMs = Math.ceil(performance.now());
    connection.judge(startMs);
    connection.judge(startMs + 300);
    expect(peer.received.length).toBeLessThanOrEqual(1);
    connection.judge(startMs + 400);
    await received(2);
    expect(peer.received[1]!.protocolOp).toMatchObject({ type: "searchRequest", baseObject: "", attributes: ["1.1"] });
    connection.judge(startMs + 1_300);
    expect(connection.isOpen).toBe(true);
    connection.judge(startMs + 1_400);
    expect(receiver.losses).toMatchObject([{ lost: { code: "ERR_UPSTREAM_HUNG" }, sent: true }]);
  });

  it("is no hang while the probes are answered", async () => {
    server.onMessage = ({ messageId, protocolOp }) => {
      if (protocolOp.type === "searchRequest" && protocolOp.baseObject === "") peer.answer(messageId, searchDone());
    };
    const { id, receiver } = send(1, "cn=long");
    const startMs = Math.ceil(performance.now());
    for (let ms = 0; ms < 20_000; ms += 100) {
      connection.judge(startMs + ms);
      await new Promise(setImmediate);
      const probes = peer.received.length - 1;
      if (probes > 0) await until("the answer", () => connection.outstandingCount === 1);
    }
    expect(connection.isOpen).toBe(true);
    peer.answer(id, searchDone());
    await receiver.ended();
    expect(receiver.losses).toEqual([]);
    // Less and less often: 0.4, 0.8, 1.6, … seconds apart.
    expect(peer.received.length).toBeLessThan(10);
  });

  it("of a bind is not probed, but asked about elsewhere", () => {
    void connection.request(simpleBind("cn=a", "secret")).catch(() => undefined);
    const startMs = Math.ceil(performance.now());
    connection.judge(startMs);
    connection.judge(startMs + 400);
    expect(owner.silentBinds).toBe(1);
    connection.backendAnswered(startMs + 400);
    connection.judge(startMs + 900);
    expect([owner.silentBinds, connection.isOpen]).toEqual([1, true]);
    connection.judge(startMs + 1_200);
    expect(owner.silentBinds).toBe(2);
  });

  it("of an idle connection is broken now and then", async () => {
    const startMs = Math.ceil(performance.now());
    connection.judge(startMs + 59_000);
    connection.judge(startMs + 60_001);
    await received(1);
    expect(peer.received[0]!.protocolOp).toMatchObject({ type: "searchRequest", baseObject: "" });
    expect(connection.outstandingCount).toBe(0);
  });

  it("does not count while this process did not run", () => {
    send(1, "cn=a");
    const startMs = Math.ceil(performance.now());
    connection.judge(startMs);
    connection.judge(startMs + 400);
    connection.forgiveSilence(10_000);
    connection.judge(startMs + 10_400);
    expect(connection.isOpen).toBe(true);
  });
});
