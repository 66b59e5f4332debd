import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { requestJson } from "../../src/http/request-json.ts";
import { createAuthority, type Issued } from "../tls/authority.ts";

const options = { ca: undefined, timeoutMs: 5_000, maxAnswerBytes: 1_000 };
const answering: RequestListener = (_request, response) => {
  response.setHeader("content-type", "application/json").end('{"status":"approved"}');
};

/** @returns its address. */
async function serve(listener: RequestListener, certificate?: Issued): Promise<URL> {
  const server =
    certificate === undefined
      ? createHttpServer(listener)
      : createHttpsServer(
          { cert: readFileSync(certificate.certPath), key: readFileSync(certificate.keyPath) },
          listener,
        );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return new URL(`${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}/`);
}

describe("a request that is answered with JSON", () => {
  it("posts what it is given and returns the status with the body", async () => {
    const asked: unknown[] = [];
    const url = await serve(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked.push(request.method, request.headers["content-type"], Buffer.concat(chunks).toString());
      response.writeHead(202).end('{"id":"7"}');
    });
    expect(await requestJson(url, { user: "zoë" }, options)).toEqual({ status: 202, body: { id: "7" } });
    expect(asked).toEqual(["POST", "application/json", '{"user":"zoë"}']);
  });

  it("asks with GET where there is nothing to post, and has no body where the answer is no JSON", async () => {
    const url = await serve((request, response) => response.end(`${request.method} is no JSON`));
    expect(await requestJson(url, undefined, options)).toEqual({ status: 200, body: undefined });
  });

  it("does not go where it is redirected to", async () => {
    const url = await serve((_request, response) => response.writeHead(307, { location: "/elsewhere" }).end("{}"));
    expect(await requestJson(url, {}, options)).toEqual({ status: 307, body: {} });
  });

  it("stops reading an answer that is too long", async () => {
    const url = await serve((_request, response) => response.end(`"${"x".repeat(2_000)}"`));
    await expect(requestJson(url, undefined, options)).rejects.toThrow("the answer has more than 1000 bytes");
  });

  it("waits for the whole answer no longer than it is told", async () => {
    const url = await serve((_request, response) => void response.write("{"));
    await expect(requestJson(url, undefined, { ...options, timeoutMs: 200 })).rejects.toThrow("no answer within 0.2 s");
  });

  it("says that the connection was lost where half an answer came", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{", () => response.destroy());
    });
    await expect(requestJson(url, undefined, options)).rejects.toThrow(/aborted|connection was lost/);
  });
});

describe("over TLS, it", () => {
  afterEach(() => {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  });

  it("trusts the authority that it was given", async () => {
    const server = createAuthority().issue("approvals");
    const url = await serve(answering, server);
    const ca = readFileSync(server.certPath, "utf8");
    expect(await requestJson(url, {}, { ...options, ca })).toEqual({ status: 200, body: { status: "approved" } });
  });

  it.each(["0", undefined])(
    "sends nothing to a server that nobody vouches for, with NODE_TLS_REJECT_UNAUTHORIZED=%s",
    async (value) => {
      let wasAsked = false;
      const url = await serve((request, response) => {
        wasAsked = true;
        answering(request, response);
      }, createAuthority().issue("stranger"));
      if (value !== undefined) process.env.NODE_TLS_REJECT_UNAUTHORIZED = value;
      await expect(requestJson(url, {}, options)).rejects.toThrow(/self-signed certificate/);
      expect(wasAsked).toBe(false);
    },
  );
});
