import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";

const index = new URL("../../src/index.ts", import.meta.url).href;

/** A process that runs a service whose `drain`, `reload` and first moments are given as text. */
function launch(parts: { drain?: string; reload?: string; running?: string; start?: string }) {
  const program = `import { createLog, runService } from ${JSON.stringify(index)};
import { createServer } from "node:net";
const server = createServer();
await runService({
  logger: createLog().logger("service"),
  drainTimeoutMs: 500,
  service: {
    async start() {
      ${parts.start ?? ""}
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      setImmediate(() => { ${parts.running ?? ""} });
    },
    async reload() { ${parts.reload ?? ""} },
    async drain(signal) { ${parts.drain ?? "server.close();"} },
  },
});`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const messages: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    messages.push(...lines.map((line) => JSON.parse(line).message));
  });
  const closed = once(child, "close").then(([code, signal]) => ({ code, signal, messages }));
  const seen = (message: string) => expect.poll(() => messages, { timeout: 10_000 }).toContain(message);
  return { child, closed, seen };
}

describe("a service process", () => {
  it("ends by itself with 0 after SIGTERM", async () => {
    const { child, closed, seen } = launch({});
    await seen("ready");
    child.kill("SIGTERM");
    expect(await closed).toEqual({ code: 0, signal: null, messages: ["ready", "ending", "ended"] });
  });

  it("ends with 1 when its time for draining is up, whatever it still holds", async () => {
    const { child, closed, seen } = launch({ drain: "await new Promise(() => {});" });
    await seen("ready");
    child.kill("SIGTERM");
    expect(await closed).toEqual({
      code: 1,
      signal: null,
      messages: [
        "ready",
        "ending",
        "the time for draining is up; what is left is dropped",
        "ended",
        "something still held the process after the end",
      ],
    });
  });

  it("ends at once at the second signal", async () => {
    const { child, closed, seen } = launch({ drain: "await new Promise(() => {});" });
    await seen("ready");
    child.kill("SIGINT");
    await seen("ending");
    child.kill("SIGTERM");
    expect(await closed).toEqual({
      code: 143,
      signal: null,
      messages: ["ready", "ending", "ended at once, by a second signal"],
    });
  });

  it("survives SIGHUP, and a reload that fails", async () => {
    const { child, closed, seen } = launch({ reload: `throw new Error("bad file");` });
    await seen("ready");
    child.kill("SIGHUP");
    await seen("nothing was reloaded; what was loaded before goes on");
    child.kill("SIGTERM");
    expect((await closed).code).toBe(0);
  });

  it.each([
    ["an exception nobody catches", `throw new Error("bug");`, "uncaught exception"],
    ["a rejection nobody handles", `Promise.reject(new Error("bug"));`, "unhandled rejection"],
  ])("drains and ends with 1 after %s", async (_, running, message) => {
    const { closed } = launch({ running });
    const { code, messages } = await closed;
    expect([code, messages.filter((each) => each !== "ready")]).toEqual([1, [message, "ended"]]);
  });
});
