import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import {
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { AddressPolicy } from "../../src/outbound/address-policy.ts";
import { HttpClient, type HttpClientOptions, type Resolve } from "../../src/outbound/http-client.ts";
import { type Endpoint, startEndpoint } from "../channels/endpoint.ts";

const describe = requirePrograms({ openssl: "openssl" });

const never = new AbortController().signal;

async function endpoint(certificate?: ServerCertificate): Promise<Endpoint> {
  const started = await startEndpoint(certificate);
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

function client(options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = new HttpClient({ policy: new AddressPolicy(["127.0.0.0/8"]), totalTimeoutMs: 5_000, ...options });
  onTestFinished(() => made.close());
  return made;
}

function get(by: HttpClient, url: string, signal = never) {
  return by.request({ method: "GET", url: new URL(url) }, signal);
}

/** Takes connections and never says a word. */
async function silentServer(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return { server, port: (server.address() as { port: number }).port };
}

describe("outbound HTTP", () => {
  let directory: TemporaryDirectory;
  let certificate: ServerCertificate;
  let ca: string;

  beforeAll(async () => {
    directory = await temporaryDirectory("outbound");
    const authority = await createCertificateAuthority(directory.path);
    certificate = await authority.issue("endpoint", ["hook.example", "127.0.0.1"]);
    ca = await readFile(certificate.authority, "utf8");
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it("connects to the address that a name has, over TLS verified for that name", async () => {
    const server = await endpoint(certificate);
    server.answer = { status: 202, headers: { "x-answer": "yes" }, body: "taken" };
    const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const { status, headers, body } = await get(client({ ca, resolve }), `https://hook.example:${server.port}/a?b=1`);
    expect({ status, answer: headers["x-answer"], body, path: server.requests[0]?.path }).toEqual({
      status: 202,
      answer: "yes",
      body: "taken",
      path: "/a?b=1",
    });
    expect(server.requests[0]?.headers.host).toBe(`hook.example:${server.port}`);
  });

  it("keeps the connection for the next request", async () => {
    const server = await endpoint(certificate);
    const by = client({ ca });
    await get(by, server.origin);
    await get(by, server.origin);
    expect(server.connections).toBe(1);
  });

  it("refuses a certificate that no trusted authority signed, and one for another name", async () => {
    const server = await endpoint(certificate);
    const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    await expect(get(client(), server.origin)).rejects.toThrow(/certificate/);
    await expect(get(client({ ca, resolve }), `https://other.example:${server.port}`)).rejects.toThrow(
      /does not match certificate/,
    );
    expect(server.requests).toEqual([]);
  });

  it("refuses addresses that are not public, in every spelling that a URL has for them", async () => {
    const server = await endpoint();
    const by = new HttpClient({ policy: new AddressPolicy(), totalTimeoutMs: 5_000 });
    onTestFinished(() => by.close());
    const hosts = [
      ...["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0.0.0.0"],
      ...["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]"],
      ...["[fe80::1]", "[fd00::1]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "①②⑦.⓪.⓪.①"],
      "localhost",
    ];
    for (const scheme of ["http", "https"]) {
      for (const host of hosts) {
        await expect(get(by, `${scheme}://${host}:${server.port}/`), host).rejects.toMatchObject({
          code: "ERR_OUTBOUND_ADDRESS",
        });
      }
    }
    expect(server.connections).toBe(0);
  });

  it("says which address a name has when it refuses it, and what to do", async () => {
    const resolve: Resolve = async () => [
      { address: "10.1.2.3", family: 4 },
      { address: "fd00::5", family: 6 },
    ];
    await expect(get(client({ resolve }), "https://hook.example/secret-path")).rejects.toThrow(
      "hook.example is 10.1.2.3, fd00::5, which is not of the public internet: add it to notify.outbound.allow if it is meant",
    );
  });

  it("connects to what it checked, though the name points elsewhere at the next look", async () => {
    const inside = await endpoint();
    let looks = 0;
    // A name that was rebound: what is allowed at the first look, what must not be reached at every other.
    const resolve: Resolve = async () => {
      looks += 1;
      return [{ address: looks === 1 ? "127.0.0.2" : "127.0.0.1", family: 4 }];
    };
    const by = client({ resolve, policy: new AddressPolicy(["127.0.0.2"]) });
    await expect(get(by, `http://rebound.example:${inside.port}/`)).rejects.toThrow(/ECONNREFUSED 127\.0\.0\.2/);
    expect(looks).toBe(1);
    await expect(get(by, `http://rebound.example:${inside.port}/`)).rejects.toMatchObject({
      code: "ERR_OUTBOUND_ADDRESS",
    });
    expect(inside.connections).toBe(0);
  });

  it("leaves out those addresses of a name that are refused", async () => {
    const server = await endpoint();
    const resolve: Resolve = async () => [
      { address: "10.0.0.1", family: 4 },
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    const { status } = await get(client({ resolve }), `http://hook.example:${server.port}/`);
    expect(status).toBe(200);
  });

  it("speaks plain HTTP to addresses that were allowed by name only", async () => {
    const resolve: Resolve = async () => [{ address: "192.0.1.1", family: 4 }];
    await expect(get(client({ resolve }), "http://hook.example/")).rejects.toMatchObject({
      code: "ERR_OUTBOUND_CLEARTEXT",
      message: "hook.example would be spoken to in clear text: use https, or add its address to notify.outbound.allow",
    });
    await expect(get(client(), "http://192.0.1.1/")).rejects.toMatchObject({ code: "ERR_OUTBOUND_CLEARTEXT" });
  });

  it("follows no redirect", async () => {
    const inside = await endpoint();
    const server = await endpoint();
    server.answer = { status: 307, headers: { location: `${inside.origin}/metadata` } };
    const { status } = await get(client(), server.origin);
    expect({ status, inside: inside.connections }).toEqual({ status: 307, inside: 0 });
  });

  it("gives up on a handshake, and on an answer, that does not come", async () => {
    const { port } = await silentServer();
    const held = await endpoint();
    held.answer = "hold";
    await expect(get(client({ connectTimeoutMs: 100 }), `https://127.0.0.1:${port}/`)).rejects.toThrow(
      "127.0.0.1 took no connection within 100 ms",
    );
    await expect(get(client({ totalTimeoutMs: 200 }), held.origin)).rejects.toThrow(
      "127.0.0.1 gave no complete answer within 200 ms",
    );
  });

  it("gives up on a name that does not resolve in time", async () => {
    const resolve: Resolve = () => new Promise(() => undefined);
    await expect(get(client({ resolve, connectTimeoutMs: 100 }), "https://hook.example/")).rejects.toThrow(
      "hook.example took no connection within 100 ms",
    );
  });

  it("reads the beginning of an answer that does not end", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const pour = () => {
        while (!socket.destroyed && socket.write(`400\r\n${"x".repeat(1024)}\r\n`));
      };
      socket.on("drain", pour);
      pour();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as { port: number };
    const { status, body } = await get(client({ maxResponseBytes: 10_000 }), `http://127.0.0.1:${port}/`);
    expect({ status, bytes: body.length }).toEqual({ status: 200, bytes: 10_000 });
  });

  it("fails when the connection is lost in the middle of an answer", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as { port: number };
    await expect(get(client(), `http://127.0.0.1:${port}/`)).rejects.toThrow(/aborted|connection was lost/);
  });

  it("stops when it is told to", async () => {
    const server = await endpoint();
    server.answer = "hold";
    const controller = new AbortController();
    const asked = get(client(), server.origin, controller.signal);
    await until("the request", () => server.requests.length === 1);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    await expect(get(client(), server.origin, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
  });

  it("verifies certificates whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
    const server = await endpoint(certificate);
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    onTestFinished(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    });
    await expect(get(client(), server.origin)).rejects.toThrow(/certificate/);
  });
});
