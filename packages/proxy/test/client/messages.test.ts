import { once } from "node:events";
import { ldapsearch, requirePrograms, until } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bind,
  connectTo,
  empty,
  listening,
  messagesOf,
  received,
  request,
  search,
  summary,
  unbind,
} from "./listening.ts";

describe("requests", () => {
  it("reach the session in their order, however the bytes arrive", async () => {
    const target = await listening();
    const conversation = Buffer.concat([
      request(1, bind("cn=ann")),
      request(2, search("cn=a")),
      request(3, { type: "abandonRequest", messageId: 2 }),
      request(4, search(`cn=${"long".repeat(300)}`)),
      request(5, unbind),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: conversation.length }), { maxLength: 12 }), async (cuts) => {
        const socket = await connectTo(target);
        const answers = received(socket);
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), conversation.length]) {
          socket.write(conversation.subarray(at, cut));
          at = cut;
          await new Promise((resolve) => setImmediate(resolve));
        }
        await answers;
        await until("the session to be closed", () => target.sessions.at(-1)?.log.includes("closed"));
        expect(target.sessions.at(-1)?.log).toEqual([
          "bind cn=ann",
          "search cn=a",
          "abandon 2",
          `search cn=${"long".repeat(300)}`,
          "unbind",
          "closed",
        ]);
      }),
      { numRuns: 25 },
    );
    expect(new Set(target.observed)).toEqual(new Set(["opened 127.0.0.1", "closed unbind"]));
  });

  it("reach the session also one byte at a time", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    const answers = received(socket);
    for (const byte of Buffer.concat([request(1, bind("cn=ann")), request(2, search("cn=a")), request(3, unbind)])) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answers).toEqual(["1 bindResponse success", "2 searchResultEntry", "2 searchResultDone success"]);
  });

  it("that arrive together are answered in one write", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    socket.write(Buffer.concat([1, 2, 3, 4, 5].map((id) => request(id, search("cn=a")))));
    const [chunk] = await once(socket, "data");
    expect(messagesOf(chunk).map(summary)).toEqual(
      [1, 2, 3, 4, 5].flatMap((id) => [`${id} searchResultEntry`, `${id} searchResultDone success`]),
    );
  });

  it("wait while the session may not receive, and go on when it says so", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    const answers = received(socket);
    socket.write(Buffer.concat([request(1, search("cn=hold")), request(2, search("cn=a"))]));
    const session = await until("the session", () => target.sessions[0]);
    await until("the request that holds", () => session.log.length > 0);
    const large = Buffer.concat(Array.from({ length: 400 }, (_, i) => request(i + 3, search("b".repeat(60_000)))));
    socket.write(large);
    await until("the client to feel it", () => socket.writableLength > 0);
    expect(session.log).toEqual(["search cn=hold"]);
    session.release();
    // The answers are as long as the requests: a client that is slow to take them is caught up with in between.
    const searches = () => session.log.filter((line) => line !== "caughtUp");
    await until("the rest", () => searches().length === 402);
    socket.end(request(403, unbind));
    expect(await answers).toHaveLength(1 + 2 * 401);
    expect(searches().slice(0, 3)).toEqual(["search cn=hold", "search cn=a", `search ${"b".repeat(60_000)}`]);
  });
});

describe("a connection", () => {
  it("is closed for its session exactly once when the client leaves, without a word or with a reset", async () => {
    const target = await listening();
    for (const leave of ["end", "resetAndDestroy", "destroy"] as const) {
      const socket = await connectTo(target);
      socket.write(request(1, search("cn=wait")));
      await until("the search", () => target.sessions.at(-1)?.log.includes("search cn=wait"));
      socket[leave]();
      await empty(target);
      expect(target.sessions.at(-1)?.log).toEqual(["search cn=wait", "closed"]);
    }
    expect(target.observed.filter((line) => line.startsWith("closed"))).toEqual(Array(3).fill("closed client"));
  });

  it("ends with a notice of disconnection when the session finds the protocol broken", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    socket.write(Buffer.concat([request(1, search("cn=a")), request(2, search("cn=bad")), request(3, search("cn=b"))]));
    expect(await received(socket)).toEqual([
      "1 searchResultEntry",
      "1 searchResultDone success",
      "0 extendedResponse protocolError: message id 0 is not for requests",
    ]);
    await empty(target);
    expect(target.sessions[0]?.log).toEqual(["search cn=a", "search cn=bad", "closed"]);
    expect(target.observed).toEqual([
      "opened 127.0.0.1",
      "protocolError message id 0 is not for requests",
      "closed protocolError",
    ]);
  });

  it("alone ends when its session has a defect", async () => {
    const target = await listening();
    const bystander = await connectTo(target);
    const socket = await connectTo(target);
    socket.write(request(1, search("cn=defect")));
    expect(await received(socket)).toEqual([
      "0 extendedResponse other: an internal error; the log of the proxy says more",
    ]);
    expect(target.observed).toContain("sessionError TypeError: undefined is not a function");
    bystander.write(request(1, search("cn=a")));
    const [chunk] = await once(bystander, "data");
    expect(messagesOf(chunk).map(summary)).toEqual(["1 searchResultEntry", "1 searchResultDone success"]);
  });

  it.each([
    [
      "something else than LDAP",
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      "An LDAP message begins with tag 0x30 and not with 0x47",
    ],
    [
      "an indefinite length",
      Buffer.from("3080020101", "hex"),
      "The length of an LDAP message is definite and has at most 4 octets",
    ],
    [
      "a length of 5 octets",
      Buffer.from("30850000000001", "hex"),
      "The length of an LDAP message is definite and has at most 4 octets",
    ],
    [
      "a message over 64 KiB while it is anonymous",
      Buffer.from("3084000100000201", "hex"),
      "An LDAP message of 65542 bytes is more than the 65536 allowed",
    ],
    ["no message id", Buffer.from("30020500", "hex"), expect.stringContaining("")],
    [
      "an operation longer than its message",
      Buffer.from("300602010142 7f00".replace(" ", ""), "hex"),
      expect.stringContaining(""),
    ],
  ])(
    "that sends %s gets a notice of disconnection, and nothing of it reaches the session",
    async (_what, bytes, text) => {
      const target = await listening();
      const socket = await connectTo(target);
      socket.write(bytes);
      const [notice, ...others] = await received(socket);
      const [, code, message] = /^0 extendedResponse (\w+): (.+)$/.exec(notice ?? "") ?? [];
      expect({ code, message, others }).toEqual({ code: "protocolError", message: text, others: [] });
      await empty(target);
      expect(target.sessions[0]?.log).toEqual(["closed"]);
      expect(target.observed.at(-1)).toBe("closed protocolError");
    },
  );

  it("survives whatever strangers send, and is there for who comes next", async () => {
    const target = await listening();
    const sound = Buffer.concat([request(1, bind("cn=ann")), request(2, search("cn=a"))]);
    const damaged = fc
      .tuple(fc.nat({ max: sound.length - 1 }), fc.nat({ max: 255 }))
      .map(([at, byte]) => Buffer.from(sound.with(at, byte)));
    const random = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(damaged, random), { minLength: 1, maxLength: 3 }), async (chunks) => {
        const stranger = await connectTo(target);
        const answers = received(stranger);
        for (const chunk of chunks) stranger.write(chunk);
        stranger.end();
        await answers;
        await empty(target);
        const socket = await connectTo(target);
        const served = received(socket);
        socket.write(Buffer.concat([request(1, search("cn=a")), request(2, unbind)]));
        expect(await served).toEqual(["1 searchResultEntry", "1 searchResultDone success"]);
        await empty(target);
        expect(target.sessions.every(({ log }) => log.filter((line) => line === "closed").length === 1)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("that is authenticated may send larger messages", async () => {
    const target = await listening({ limits: { maxAnonymousMessageBytes: 1000, maxMessageBytes: 2000 } });
    const socket = await connectTo(target);
    const answers = received(socket);
    socket.write(Buffer.concat([request(1, bind("cn=ann")), request(2, search("x".repeat(1500)))]));
    socket.write(request(3, search("x".repeat(2500))));
    expect(await answers).toEqual([
      "1 bindResponse success",
      "2 searchResultEntry",
      "2 searchResultDone success",
      expect.stringMatching(/^0 extendedResponse protocolError: An LDAP message of \d+ bytes is more than the 2000/),
    ]);
  });

  it("is kicked by its id, with a notice", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    await until("the connection", () => target.sessions.length === 1);
    const { id } = target.sessions[0]!.transport;
    expect([target.listeners.kick(id), target.listeners.kick(id + 1)]).toEqual([true, false]);
    expect(await received(socket)).toEqual(["0 extendedResponse unavailable: an administrator closed the session"]);
    await empty(target);
    expect(target.observed).toEqual(["opened 127.0.0.1", "closed kicked"]);
  });

  it("says where it comes from and where it came in", async () => {
    const target = await listening();
    const socket = await connectTo(target);
    const { transport } = await until("the session", () => target.sessions[0]);
    const { id, address, port, localAddress, localPort, via, listener, tls } = transport;
    expect({ id, address, port, localAddress, localPort, via, listener, tls }).toEqual({
      id: 1,
      address: "127.0.0.1",
      port: socket.localPort,
      localAddress: "127.0.0.1",
      localPort: target.port,
      via: undefined,
      listener: target.url,
      tls: undefined,
    });
  });

  it("over IPv6 to a listener of both families has its IPv4 address when it is one", async () => {
    const target = await listening({ host: "::" });
    await connectTo({ host: "127.0.0.1", port: target.port });
    await connectTo({ host: "::1", port: target.port });
    await until("both", () => target.sessions.length === 2);
    expect(target.sessions.map(({ transport }) => [transport.address, transport.listener])).toEqual([
      ["127.0.0.1", `ldap://[::]:${target.port}`],
      ["::1", `ldap://[::]:${target.port}`],
    ]);
  });
});

requirePrograms({ ldapsearch: "ldap-utils" })("OpenLDAP's ldapsearch", () => {
  it("binds, searches and unbinds", async () => {
    const target = await listening();
    const options = ["-D", "cn=ann", "-w", "secret"];
    expect(await ldapsearch(target.url, { base: "dc=example,dc=com", scope: "base", options })).toEqual({
      resultCode: 0,
      entries: [{ dn: "dc=example,dc=com", attributes: { description: ["x".repeat(16)] } }],
      diagnostics: "",
    });
    await empty(target);
    expect(target.sessions[0]?.log).toEqual(["bind cn=ann", "search dc=example,dc=com", "unbind", "closed"]);
  });
});
