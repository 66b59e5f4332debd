import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { encodeMessage, Oid } from "@espalier/ldap";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  freePort,
  requirePrograms,
  type ServerCertificate,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseProxyHeader } from "../../src/client/proxy-header.ts";
import { Connector, type ConnectorOptions } from "../../src/upstream/connector.ts";
import { Latency } from "../../src/upstream/latency.ts";
import { UpstreamConnection } from "../../src/upstream/upstream-connection.ts";
import type { UpstreamUnavailable } from "../../src/upstream/upstream-error.ts";
import { search } from "./requests.ts";
import { TestServer } from "./test-server.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

function options(url: string, changes: Partial<ConnectorOptions> = {}): ConnectorOptions {
  return {
    name: "a",
    url,
    startTls: false,
    tls: { verify: true },
    connectTimeoutMs: 5_000,
    resolveIntervalMs: 30_000,
    sendsProxyHeader: false,
    ...changes,
  };
}

/** The answer to a root DSE search on a new connection. */
async function ask(changed: ConnectorOptions): Promise<{ resultCode: number; socket: Socket }> {
  const { socket } = await new Connector(changed).connect();
  const connection = new UpstreamConnection(
    socket,
    { latency: new Latency(), outstanding: 0, requestEnded() {}, bindSilent() {}, closed() {} },
    { backend: "a", maxMessageBytes: 1 << 20, silence: { timeoutMs: 5_000, keepAliveMs: 60_000 } },
  );
  const { result } = await connection.request(search());
  connection.destroy({ code: "ERR_UPSTREAM_RETIRED", message: "the test is over" });
  return { resultCode: result.resultCode, socket };
}

async function failure(changed: ConnectorOptions): Promise<UpstreamUnavailable["lost"]> {
  const error = await new Connector(changed).connect().then(
    () => undefined,
    (error: UpstreamUnavailable) => error,
  );
  return error!.lost;
}

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

describe("connecting", () => {
  let directory: TemporaryDirectory;
  let authority: CertificateAuthority;
  let certificate: ServerCertificate;
  let otherName: ServerCertificate;
  let ca: string;
  let slapd: Slapd;

  beforeAll(async () => {
    directory = await temporaryDirectory("connecting");
    authority = await createCertificateAuthority(directory.path);
    certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
    otherName = await authority.issue("other", ["ldap.example.com"]);
    ca = await readFile(authority.certificate, "utf8");
    const ldif = "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n";
    slapd = await startSlapd({ ldif, certificate });
  });

  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  it("to slapd by ldap, ldaps and StartTLS", async () => {
    const tls = { ca, verify: true };
    expect((await ask(options(slapd.url))).resultCode).toBe(0);
    const secure = await ask(options(slapd.ldapsUrl!, { tls }));
    expect([secure.resultCode, secure.socket instanceof TLSSocket]).toEqual([0, true]);
    const started = await ask(options(slapd.url, { tls, startTls: true }));
    expect([started.resultCode, started.socket instanceof TLSSocket]).toEqual([0, true]);
  });

  it("refuses a certificate of an authority that is not trusted", async () => {
    for (const changes of [{ url: slapd.ldapsUrl! }, { url: slapd.url, startTls: true }]) {
      const lost = await failure(options(changes.url, changes));
      expect(lost.code).toBe("ERR_UPSTREAM_TLS");
      expect(lost.message).toContain("authority that signed");
    }
  });

  it("takes any certificate where it is not verified", async () => {
    expect((await ask(options(slapd.ldapsUrl!, { tls: { verify: false } }))).resultCode).toBe(0);
  });

  it("refuses a certificate of another name, and takes it for the name that is expected", async () => {
    await using server = await tlsServer(otherName);
    const lost = await failure(options(server.url, { tls: { ca, verify: true } }));
    expect(lost).toMatchObject({ code: "ERR_UPSTREAM_TLS", message: expect.stringContaining("Name the backend") });
    const tls = { ca, verify: true, servername: "ldap.example.com" };
    const { socket } = await new Connector(options(server.url, { tls })).connect();
    socket.destroy();
  });

  it("shows a client certificate", async () => {
    const cert = await readFile(otherName.certificate, "utf8");
    const key = await readFile(otherName.privateKey, "utf8");
    await using server = await tlsServer(certificate, {
      requestCert: true,
      rejectUnauthorized: true,
      ca,
      maxVersion: "TLSv1.2",
    });
    const established = await new Connector(options(server.url, { tls: { ca, cert, key, verify: true } })).connect();
    established.socket.destroy();
    expect((await failure(options(server.url, { tls: { ca, verify: true } }))).code).toBe("ERR_UPSTREAM_TLS");
  });

  it("resumes the TLS session of an earlier connection", async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await using server = await tlsServer(certificate, { maxVersion });
      const connector = new Connector(options(server.url, { tls: { ca, verify: true } }));
      const isResumed = async () => {
        const { socket } = await connector.connect();
        const secure = socket as TLSSocket;
        // Tickets of TLS 1.3 come behind the handshake, to whoever reads.
        const greeting = once(secure, "data");
        secure.resume();
        await greeting;
        const isReused = secure.isSessionReused();
        setTimeout(() => secure.destroy(), 100);
        return isReused;
      };
      expect(await isResumed()).toBe(false);
      await until(`a session of ${maxVersion} to be resumed`, isResumed);
    }
  });

  it("ends when StartTLS is refused", async () => {
    await using plain = await startSlapd({
      ldif: "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n",
    });
    const lost = await failure(options(plain.url, { startTls: true, tls: { ca, verify: true } }));
    expect(lost.code).toBe("ERR_UPSTREAM_TLS");
    expect(lost.message).toMatch(/StartTLS with a \(127\.0\.0\.1:\d+\) failed: the server answered protocolError/);
  });

  it("ends when clear text follows the consent to StartTLS", async () => {
    const consent = encodeMessage({
      messageId: 1,
      protocolOp: {
        ...{ type: "extendedResponse", resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] },
        ...{ responseName: Oid.startTls, responseValue: undefined },
      },
      controls: [],
    });
    await using server = await scripted((socket) =>
      socket.once("data", () => socket.write(Buffer.concat([consent, consent]))),
    );
    const lost = await failure(options(server.url, { startTls: true, tls: { ca, verify: true } }));
    expect(lost).toMatchObject({ code: "ERR_UPSTREAM_TLS", message: expect.stringContaining("clear text") });
  });

  it.each([
    ["ldaps", { startTls: false }],
    ["ldap", { startTls: true }],
  ])("ends in time when a server of %s accepts and never speaks", async (scheme, changes) => {
    await using server = await scripted(() => undefined);
    const startMs = performance.now();
    const lost = await failure(options(server.url.replace("ldap", scheme), { ...changes, connectTimeoutMs: 300 }));
    expect(lost.message).toContain("not connected within 300 ms");
    expect(performance.now() - startMs).toBeLessThan(1_500);
    await server.allClosed();
  });

  it("ends when the server resets the connection in the handshake", async () => {
    await using server = await scripted((socket) => socket.once("data", () => socket.resetAndDestroy()));
    expect((await failure(options(server.url.replace("ldap", "ldaps")))).code).toBe("ERR_UPSTREAM_TLS");
  });

  it("ends at once where nobody listens", async () => {
    const lost = await failure(options(`ldap://127.0.0.1:${await freePort()}`));
    expect(lost).toMatchObject({ code: "ERR_UPSTREAM_CONNECT", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("ends for a name that has no address", async () => {
    const lost = await failure(
      options("ldap://nowhere.example", {
        resolver: { addresses: async () => [], services: async () => [] },
      }),
    );
    expect(lost).toEqual({
      code: "ERR_UPSTREAM_CONNECT",
      message: "Cannot connect to a: nowhere.example has no address",
    });
  });

  it("goes on to the next address of a name when one refuses, or does not answer", async () => {
    await using works = await TestServer.listen();
    await using other = await scripted(() => undefined, "127.0.0.2", works.port);
    const addresses = async () => ["127.0.0.3", "127.0.0.2", "127.0.0.1"];
    const resolver = { addresses, services: async () => [] };
    const changed = { resolver, tls: { ca, verify: true }, connectTimeoutMs: 3_000 };
    const plain = await new Connector(options(`ldap://name.example:${works.port}`, changed)).connect();
    expect(plain.server.address).toBe("127.0.0.2");
    expect(plain.socket.remotePort).toBe(other.port);
    plain.socket.destroy();

    await using secure = await tlsServer(certificate);
    await using hangs = await scripted(() => undefined, "127.0.0.2", secure.port);
    const name = { ...changed, tls: { ca, verify: true, servername: "localhost" } };
    const connector = new Connector(options(`ldaps://name.example:${secure.port}`, name));
    const first = await connector.connect();
    expect(first.server.address).toBe("127.0.0.1");
    first.socket.destroy();
    // What was tried in vain is closed, and not tried first the next time.
    await hangs.allClosed();
    const startMs = performance.now();
    const second = await connector.connect();
    expect(performance.now() - startMs).toBeLessThan(500);
    second.socket.destroy();
  });

  it("begins with a PROXY header, before TLS too", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk: Buffer) => {
        const header = parseProxyHeader(chunk);
        resolve({ header, next: chunk[header?.length ?? 0] });
        socket.destroy();
      });
    });
    const port = await listen(server);
    const changed = options(`ldaps://127.0.0.1:${port}`, { sendsProxyHeader: true });
    await expect(new Connector(changed).connect({ address: "192.0.2.7", port: 1234 })).rejects.toThrow();
    // 0x16: a TLS handshake, if it arrived in the same chunk.
    expect(await promise).toMatchObject({
      header: {
        endpoints: {
          source: { address: "192.0.2.7", port: 1234 },
          destination: { address: "127.0.0.1", port },
        },
      },
    });
    server.close();
  });
});

interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  allClosed(): Promise<void>;
}

/** A server that does with its sockets as it is told. */
async function scripted(onSocket: (socket: Socket) => void, host = "127.0.0.1", port = 0): Promise<Listening> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
    // Somebody has to read, or the end of the connection is not seen.
    socket.resume();
  });
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as { port: number };
  return {
    url: `ldap://${host}:${bound}`,
    port: bound,
    allClosed: async () => {
      await Promise.all(sockets.map((socket) => (socket.destroyed ? undefined : once(socket, "close"))));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function tlsServer(
  certificate: ServerCertificate,
  changes: Parameters<typeof createTlsServer>[0] = {},
  port = 0,
): Promise<AsyncDisposable & { url: string; port: number }> {
  const cert = await readFile(certificate.certificate);
  const key = await readFile(certificate.privateKey);
  const sockets = new Set<Socket>();
  const server = createTlsServer({ cert, key, ...changes }, (socket) => {
    socket.on("error", () => undefined);
    socket.write("greeting");
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  const bound = await listen(server, port);
  return {
    url: `ldaps://127.0.0.1:${bound}`,
    port: bound,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
