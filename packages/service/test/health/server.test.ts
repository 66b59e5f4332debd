import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CheckResult, HealthServer } from "../../src/index.ts";
import { createHealth, createLog, startHealthServer } from "../../src/index.ts";

async function start(options: { metrics?: () => Promise<string> } = {}) {
  const lines: string[] = [];
  const health = createHealth({ version: "1.2.3", now: () => new Date(0) });
  const server = await startHealthServer({
    listen: { host: "127.0.0.1", port: 0 },
    health,
    metrics: options.metrics ?? (async () => "espalier_test_total 1\n"),
    logger: createLog({ destination: (line) => lines.push(line) }).logger("health"),
  });
  onTestFinished(() => server.close());
  const get = async (path: string, method = "GET", body?: string) => {
    const url = `http://127.0.0.1:${server.address.port}${path}`;
    const response = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
    return { statusCode: response.status, headers: response.headers, body: await response.text() };
  };
  return { health, server, get, lines };
}

/** What comes back for raw bytes, until the server closes. */
async function exchange({ address }: HealthServer, request: string): Promise<string> {
  const socket = connect(address.port, address.host);
  socket.write(request);
  return text(socket);
}

describe("the listener for health and metrics", () => {
  it("is alive, and ready when the service is, with the reason when not", async () => {
    const { get, health } = await start();
    const answers = async () =>
      [await get("/livez"), await get("/readyz?verbose")].map(({ statusCode, body }) => [statusCode, JSON.parse(body)]);
    expect(await answers()).toEqual([
      [200, { status: "alive" }],
      [503, { status: "not ready", reason: "starting" }],
    ]);
    health.setReady();
    expect((await answers())[1]).toEqual([200, { status: "ready" }]);
    health.setNotReady("draining");
    expect((await answers())[1]).toEqual([503, { status: "not ready", reason: "draining" }]);
  });

  it("answers health with 200 while healthy or degraded, and 503 when unhealthy", async () => {
    const { get, health } = await start();
    let status: CheckResult["status"] = "ok";
    health.register("database", () => ({ status, rows: 200 }));
    const since = "1970-01-01T00:00:00.000Z";
    const report = (overall: string, check: object) => ({
      status: overall,
      timestamp: since,
      version: "1.2.3",
      checks: { database: check },
    });
    const found = async () => {
      const { statusCode, body } = await get("/health");
      return [statusCode, JSON.parse(body)];
    };
    expect(await found()).toEqual([200, report("healthy", { status: "ok", rows: 200 })]);
    status = "degraded";
    expect(await found()).toEqual([200, report("degraded", { status: "degraded", rows: 200, since })]);
    status = "error";
    expect(await found()).toEqual([503, report("unhealthy", { status: "error", rows: 200, since })]);
  });

  it("gives metrics in the text format", async () => {
    const { get } = await start();
    const { statusCode, headers, body } = await get("/metrics");
    expect([statusCode, headers.get("content-type"), body]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
      "espalier_test_total 1\n",
    ]);
  });

  it("knows no other path and no other method, and lets nothing be stored or sniffed", async () => {
    const { get } = await start();
    const paths = ["/", "/metrics/", "/livez%00", "//health", "/__proto__", "/constructor"];
    expect(await Promise.all(paths.map(async (path) => (await get(path)).statusCode))).toEqual(paths.map(() => 404));
    const refused = await get("/health", "POST", "body");
    expect([refused.statusCode, refused.headers.get("allow"), refused.headers.get("connection")]).toEqual([
      405,
      "GET, HEAD",
      "close",
    ]);
    const { headers } = await get("/livez");
    expect([headers.get("cache-control"), headers.get("x-content-type-options"), headers.get("x-powered-by")]).toEqual([
      "no-store",
      "nosniff",
      null,
    ]);
  });

  it("answers HEAD with the headers alone", async () => {
    const { get } = await start();
    const [head, full] = [await get("/livez", "HEAD"), await get("/livez")];
    expect([head.statusCode, head.body, head.headers.get("content-length")]).toEqual([
      200,
      "",
      String(full.body.length),
    ]);
  });

  it("says nothing of an error but that the log has it", async () => {
    const { get, lines } = await start({ metrics: () => Promise.reject(new Error("secret place /etc/x")) });
    const { statusCode, body } = await get("/metrics");
    expect([statusCode, JSON.parse(body)]).toEqual([500, { error: "internal error; the log says more" }]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "ERROR", path: "/metrics", error: { message: "secret place /etc/x" } },
    ]);
  });

  it("refuses headers that are too large, and what is not HTTP", async () => {
    const { server, get } = await start();
    expect(await exchange(server, `GET /livez HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(9000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(await exchange(server, "\x16\x03\x01\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await get("/livez")).statusCode).toBe(200);
  });

  it("closes a connection that does not finish its request", { timeout: 15_000 }, async () => {
    const { server } = await start();
    expect(await exchange(server, "GET /livez HTTP/1.1\r\nhost:")).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("takes no more than 64 connections", async () => {
    const { server } = await start();
    const sockets = Array.from({ length: 70 }, () => connect(server.address.port, server.address.host));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const closed = sockets.map((socket) => once(socket, "close").catch(() => {}));
    let count = 0;
    for (const each of closed) each.then(() => (count += 1));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    await expect.poll(() => count).toBe(6);
  });

  it("ends at once, also with connections open", async () => {
    const { server } = await start();
    const socket = connect(server.address.port, server.address.host);
    await once(socket, "connect");
    const closed = once(socket.resume(), "close");
    await server.close();
    await closed;
  });

  it("says why it cannot listen", async () => {
    const { server, health } = await start();
    const again = startHealthServer({
      listen: server.address,
      health,
      metrics: async () => "",
      logger: createLog({ destination: () => {} }).logger("health"),
    });
    await expect(again).rejects.toThrow("EADDRINUSE");
  });
});
