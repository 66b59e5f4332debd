import { existsSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { createLog } from "@espalier/service";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../../../../tests/lab/temporary-directory.ts";
import { until } from "../../../../tests/lab/until.ts";
import { askProxy, ControlError, type ControlMessage, tapProxy } from "../../src/control/control-client.ts";
import { type Controlled, ControlServer } from "../../src/control/control-server.ts";
import { ControlRefusal } from "../../src/control/protocol.ts";

const lines: string[] = [];
const log = createLog({ destination: (line) => lines.push(line) }).logger("control");

/** Answers with what it was asked, and taps what `send` is given. */
function echo(): Controlled & { send: ((piece: ControlMessage) => void) | undefined } {
  return {
    send: undefined,
    answer(request) {
      if (request.command === "weight" && request.backend === "nobody")
        throw new ControlRefusal("There is no backend nobody.");
      if (request.command === "hygiene") throw new Error("secret detail");
      return { request };
    },
    tap(_form, send) {
      this.send = send;
      return () => {
        this.send = undefined;
      };
    },
  };
}

async function withSocket(
  controlled: Controlled,
  use: (path: string, server: ControlServer) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryDirectory("control");
  const path = folder.file("proxy.sock");
  const server = new ControlServer(path, controlled, log);
  await server.listen();
  try {
    await use(path, server);
  } finally {
    await server.close();
  }
}

/** What the socket answers to bytes of anybody's. */
async function answersTo(path: string, text: string): Promise<unknown[]> {
  const socket = createConnection({ path });
  let received = "";
  socket.setEncoding("utf8").on("data", (more: string) => (received += more));
  socket.write(text);
  const wanted = text.split("\n").length - 1;
  await until("the answers", () => received.split("\n").length > wanted);
  socket.destroy();
  return received
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("the control socket", () => {
  it("answers requests in their order, and may be used by its owner only", async () => {
    await withSocket(echo(), async (path) => {
      expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
      expect(await askProxy(path, { command: "status" })).toEqual({ ok: true, request: { command: "status" } });
      expect(await answersTo(path, '{"command":"drain","backend":"a"}\n{"command":"status"}\n')).toEqual([
        { ok: true, request: { command: "drain", backend: "a" } },
        { ok: true, request: { command: "status" } },
      ]);
    });
  });

  it.each([
    ["no JSON", "status", /^That is no JSON/],
    ["an unknown command", '{"command":"stop"}', /^That is no request: command: /],
    ["a backend without a name", '{"command":"drain"}', /^That is no request: backend: /],
    ["a weight that is none", '{"command":"weight","backend":"a","weight":-1}', /^That is no request: weight: /],
    ["a key that is not known", '{"command":"status","json":true}', /^That is no request: /],
  ])("refuses %s in a sentence, and goes on", async (_, line, error) => {
    await withSocket(echo(), async (path) => {
      expect(await answersTo(path, `${line}\n{"command":"status"}\n`)).toEqual([
        { ok: false, error: expect.stringMatching(error) },
        { ok: true, request: { command: "status" } },
      ]);
    });
  });

  it("passes a refusal on as it is, and of an internal error only that there was one", async () => {
    await withSocket(echo(), async (path) => {
      await expect(askProxy(path, { command: "weight", backend: "nobody", weight: 1 })).rejects.toThrow(
        new ControlError("There is no backend nobody."),
      );
      await expect(askProxy(path, { command: "hygiene" })).rejects.toThrow(
        new ControlError("An internal error; the proxy's log says more."),
      );
      expect(lines.join("")).toContain("secret detail");
    });
  });

  it("closes a connection that sends a line without an end", async () => {
    await withSocket(echo(), async (path) => {
      const socket = createConnection({ path }).on("error", () => {});
      socket.write("x".repeat(100_000));
      await until("the socket is closed", () => socket.destroyed || socket.readableEnded);
    });
  });

  it("sends a tap every piece, until its reader leaves", async () => {
    const controlled = echo();
    await withSocket(controlled, async (path) => {
      const seen: ControlMessage[] = [];
      const reading = new AbortController();
      const ended = (async () => {
        for await (const piece of tapProxy(path, { command: "tap", form: "messages" }, reading.signal))
          seen.push(piece);
      })();
      await until("the tap is open", () => controlled.send !== undefined);
      controlled.send!({ message: 1 });
      controlled.send!({ message: 2 });
      await until("both pieces", () => seen.length === 2);
      expect(seen).toEqual([{ message: 1 }, { message: 2 }]);
      reading.abort();
      await ended;
      await until("the tap has ended", () => controlled.send === undefined);
    });
  });

  it("drops pieces that a tap's reader does not take, and says how many", async () => {
    const controlled = echo();
    await withSocket(controlled, async (path) => {
      const socket = createConnection({ path });
      socket.write('{"command":"tap","form":"messages"}\n');
      await until("the tap is open", () => controlled.send !== undefined);
      const piece = { message: "x".repeat(100_000) };
      for (let i = 0; i < 200; i++) controlled.send!(piece);
      let received = "";
      socket.setEncoding("utf8").on("data", (text: string) => (received += text));
      const count = () => received.split("\n").length - 1;
      await until("what was kept", () => {
        const before = count();
        controlled.send!({ message: "last" });
        return before > 40 && received.includes('"dropped"');
      });
      const { dropped } = received
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { dropped?: number })
        .find((each) => each.dropped !== undefined)!;
      const kept = received.split("\n").filter((line) => line.includes("xxx")).length;
      expect(kept).toBeLessThan(60);
      expect(dropped).toBeGreaterThanOrEqual(200 - kept);
      socket.destroy();
    });
  });

  it("is handed over to a second process without a moment in between, and stays when the first ends", async () => {
    const first = echo();
    await withSocket(first, async (path, server) => {
      const second = new ControlServer(path, { ...echo(), answer: () => ({ by: "second" }) }, log);
      await second.listen();
      expect(await askProxy(path, { command: "status" })).toEqual({ ok: true, by: "second" });
      await server.close();
      expect(await askProxy(path, { command: "status" })).toEqual({ ok: true, by: "second" });
      await second.close();
      expect(existsSync(path)).toBe(false);
    });
  });

  it("says what to do where it cannot be made", async () => {
    // Node says EACCES where a folder is missing.
    await expect(new ControlServer("/nowhere/proxy.sock", echo(), log).listen()).rejects.toThrow(
      "proxy.control: the control socket /nowhere/proxy.sock cannot be made (EACCES): name a path in a folder that this user may write, or off",
    );
  });

  it("says what to do where no proxy answers", async () => {
    await using folder = await temporaryDirectory("control");
    await expect(askProxy(folder.file("none.sock"), { command: "status" })).rejects.toThrow(
      /^No proxy answers on .*none\.sock \(ENOENT\): start one, or name the socket of proxy\.control with --socket or -c\.$/,
    );
  });
});
