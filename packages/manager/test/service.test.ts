/** The service as a whole over one real slapd: what its parts share, from the paths it answers to its end. */
import { connect } from "node:net";
import {
  clustersConfig,
  createHealth,
  createLog,
  createMetrics,
  openEventStore,
  storeSection,
} from "@espalier/service";
import {
  ManagerClient,
  requirePrograms,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { apiRoutes } from "../src/api/routes.ts";
import { managerSection } from "../src/config.ts";
import { legacyRoutes } from "../src/legacy/routes.ts";
import { ManagerService } from "../src/service.ts";
import { managerStoreMigrations } from "../src/store-migrations.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const base = "dc=example,dc=com";
const ldif = [
  `dn: ${base}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example`,
  `dn: uid=ann,${base}\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann\nsn: Ann\nuserPassword: secret of ann`,
  "",
].join("\n\n");

describe("the manager", () => {
  let slapd: Slapd;
  let directory: TemporaryDirectory;
  const running = new Set<AsyncDisposable>();
  let lines: Record<string, unknown>[] = [];

  beforeAll(async () => {
    slapd = await startSlapd({ ldif });
    directory = await temporaryDirectory("manager-service");
  });
  afterEach(async () => {
    for (const each of running) await each[Symbol.asyncDispose]();
    running.clear();
    lines = [];
  });
  afterAll(async () => {
    await slapd[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function start(config: object = {}, port = slapd.port) {
    const log = createLog({ destination: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    const metrics = createMetrics();
    const health = createHealth({ version: "1.2.3" });
    const store = await openEventStore({
      config: storeSection.schema.parse({ url: `sqlite:${directory.file(`${Math.random()}.db`)}` }),
      migrations: managerStoreMigrations,
      logger: log.logger("store"),
      metrics,
    });
    const clusters = (changes: object = {}) =>
      clustersConfig.parse([
        { name: "production", host: "127.0.0.1", port, base_dn: base, bind_dn: slapd.rootDn, ...changes },
      ]);
    const managerConfig = managerSection.schema.parse({
      listen: "127.0.0.1:0",
      keyFile: directory.file("manager.key"),
      ...config,
    });
    const service = new ManagerService({
      ...{ config: managerConfig, clusters: clusters(), log: log.logger("manager"), health, metrics, version: "1.2.3" },
      openStore: async () => store,
    });
    await service.start(new AbortController().signal);
    const end = async (timeoutMs = 5_000) => {
      running.delete(disposable);
      await service.drain(AbortSignal.timeout(timeoutMs));
      await store.close();
    };
    const disposable = { [Symbol.asyncDispose]: () => end() };
    running.add(disposable);
    const url = `http://127.0.0.1:${service.address?.port}${managerConfig.contextPath}`;
    const signIn = (name = slapd.rootDn, password = slapd.rootPassword) =>
      ManagerClient.signIn(url, { cluster: "production", name, password });
    return { url, service, store, metrics, health, signIn, end, clusters, managerConfig };
  }

  /** What is answered to bytes as they are, which no client would send. */
  function sendRaw(url: string, path: string): Promise<string> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`),
      );
      let text = "";
      socket.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      socket.once("end", () => resolve(text)).once("error", reject);
    });
  }

  it("does nothing for who has not signed in, but for what signing in takes", async () => {
    const { url } = await start({ rateLimits: { strangers: 100_000 } });
    const stranger = new ManagerClient(url, {});
    const tables = [
      ["/api/v1", apiRoutes],
      ["", legacyRoutes],
    ] as const;
    const open: string[] = [];
    for (const [prefix, table] of tables) {
      for (const key of Object.keys(table)) {
        const [method, path = ""] = key.split(" ");
        const { status, body } = await stranger.ask<{ readonly code?: string; readonly detail?: string }>(
          `${method} ${prefix}${path.replaceAll("{cluster}", "production").replaceAll(/\{\w+\}/g, "x")}`,
        );
        const isRefused = status === 401 && (body.code === "not_signed_in" || body.detail === "Sign in first.");
        if (!isRefused) open.push(`${method} ${prefix}${path}`);
      }
    }
    expect(open).toEqual([
      "GET /api/v1/session/options",
      "POST /api/v1/session",
      "GET /api/v1/session/oidc/{provider}",
      "GET /api/v1/session/oidc/{provider}/callback",
      "POST /api/connection/connect",
    ]);
  });

  it("tells how many sessions are open, and keeps their connections to the directory", async () => {
    const { url, signIn, metrics } = await start();
    const count = async () => /^espalier_manager_sessions (\d+)$/m.exec(await metrics.text())?.[1];
    expect(await count()).toBe("0");
    const [ann] = [await signIn(`uid=ann,${base}`, "secret of ann"), await signIn()];
    await ann.get("GET /api/v1/clusters/production");
    expect(await count()).toBe("2");
    const health = (await (await fetch(`${url}/health`)).json()) as {
      readonly checks: { readonly connection_pool: { readonly pool_size: number } };
    };
    expect(health.checks.connection_pool.pool_size).toBeGreaterThanOrEqual(1);
    await ann.get("DELETE /api/v1/session");
    expect(await count()).toBe("1");
  });

  it("gives nobody a file, however its path is written", async () => {
    const { url } = await start();
    for (const path of [
      "/..%2f..%2f.secrets/encryption.key",
      "/../../etc/hostname",
      "//etc/hostname",
      "/static/%2e%2e/%2e%2e/etc/hostname",
      "/api/v1/..%2f..%2f..%2fetc/hostname",
    ]) {
      expect((await sendRaw(url, path)).split("\r\n")[0], path).toMatch(/^HTTP\/1\.1 40[04] /);
    }
  });

  it("answers what is not there as problems below the API, and without details elsewhere", async () => {
    const { url } = await start();
    const below = await fetch(`${url}/api/v1/nothing`);
    expect({ status: below.status, type: below.headers.get("content-type"), body: await below.json() }).toEqual({
      status: 404,
      type: "application/problem+json; charset=utf-8",
      body: {
        ...{ type: "about:blank", status: 404, code: "not_found" },
        title: "There is no such route: /api/v1/docs has those that there are.",
      },
    });
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });

  it("serves everything below its context path, the cookie, the document and the page included", async () => {
    const { url, signIn } = await start({ contextPath: "/ldap" });
    expect(url).toMatch(/\/ldap$/);
    const root = await signIn();
    expect((await root.ask("GET /api/v1/clusters")).status).toBe(200);
    expect((await root.ask("GET /api/clusters/list")).status).toBe(200);
    const signedIn = await fetch(`${url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ cluster: "production", name: "ann", password: "secret of ann" }),
    });
    expect(signedIn.headers.get("set-cookie")).toMatch(/; Path=\/ldap;/);
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toMatchObject({ context_path: "/ldap" });
    const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { servers: unknown };
    expect(document.servers).toEqual([{ url: "/ldap/api/v1" }]);
    const page = await fetch(`${url}/api/v1/docs`);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(await page.text()).toContain('<a href="/ldap/api/v1/openapi.json">');
    expect((await fetch(url.replace(/\/ldap$/, "/api/v1/openapi.json"))).status).toBe(404);
  });

  it("lets pages of origins that are named in, and of no other", async () => {
    const { url } = await start({ allowedOrigins: ["https://ldap.example.com"] });
    const from = (origin: string) =>
      fetch(`${url}/api/v1/session/options`, { headers: { origin } }).then(({ headers }) =>
        headers.get("access-control-allow-origin"),
      );
    expect(await from("https://ldap.example.com")).toBe("https://ldap.example.com");
    expect(await from("https://elsewhere.example.com")).toBeNull();
  });

  it("writes a line for each request by the old names, without its query, and counts it by its route", async () => {
    const { signIn, metrics } = await start();
    const root = await signIn();
    await root.ask(`GET /api/v1/clusters/production/entry?dn=${encodeURIComponent(`uid=ann,${base}`)}`);
    await root.ask("GET /nothing/of/the/kind");
    const line = await until("the line", () => lines.find(({ path }) => path === "/api/v1/clusters/production/entry"));
    expect(line).toEqual({
      timestamp: expect.any(String),
      ...{ level: "INFO", logger: "manager.http", message: "request" },
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ...{ method: "GET", path: "/api/v1/clusters/production/entry", client_ip: "127.0.0.1" },
      ...{ status_code: 200, duration_ms: expect.any(Number) },
    });
    expect(line.duration_ms).toBeGreaterThan(0);
    const text = await metrics.text();
    expect(text).toContain(
      'espalier_manager_http_requests_total{method="GET",route="/api/v1/clusters/{cluster}/entry",status_code="200"} 1',
    );
    expect(text).toContain('route="unknown",status_code="404"} 1');
    expect(text).not.toContain("of/the/kind");
  });

  it("health tells strangers that a cluster does not answer, and why only those who have signed in", async () => {
    const { url, signIn, service, clusters, managerConfig } = await start();
    const root = await signIn();
    await service.reload({ config: managerConfig, clusters: clusters({ port: 1 }) });
    const answer = await until("the loss to be seen", async () => {
      const health = await fetch(`${url}/health`);
      return health.status === 503 && ((await health.json()) as Record<string, unknown>);
    });
    expect(answer).toMatchObject({
      status: "unhealthy",
      checks: { config: { status: "ok", clusters_count: 1 }, ldap: { status: "failed", cluster: "production" } },
    });
    expect(JSON.stringify(answer)).not.toContain("error");
    const known = await root.ask<{ checks: { ldap: { error: string } } }>("GET /health");
    expect(known.body.checks.ldap.error).toContain("127.0.0.1:1");
  });

  it("a reload takes other clusters, and sessions go on", async () => {
    const { signIn, service, clusters, managerConfig } = await start();
    const root = await signIn();
    await service.reload({ config: managerConfig, clusters: clusters({ description: "another", readonly: true }) });
    const cluster = await root.ask<Record<string, unknown>>("GET /api/v1/clusters/production");
    expect(cluster.body).toMatchObject({ description: "another", isReadOnly: true, isConnected: true });
    const refused = await root.ask<{ code: string }>(`DELETE /api/v1/clusters/production/entry?dn=uid=ann,${base}`);
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 403, code: "read_only" });
  });

  it("ends streams of events at once, and finishes what else is under way", async () => {
    const { signIn, end } = await start();
    const root = await signIn();
    const events = await root.fetch("GET /api/v1/events/stream");
    expect(events.status).toBe(200);
    const startedAt = performance.now();
    await end(10_000);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it("closes connections that send their body too slowly", async () => {
    // The whole quarter of a minute is what is tested.
    const { url } = await start();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.once("close", resolve).once("error", resolve));
    socket.write(
      "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: text/ldif\r\nContent-Length: 100000\r\n\r\ndn: ",
    );
    socket.resume();
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});
