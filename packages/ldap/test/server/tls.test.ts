import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { encodeMessage } from "../../src/message/encode.ts";
import { Oid } from "../../src/oid.ts";
import { ResultCode } from "../../src/result-code.ts";
import type { CloseReason, LdapHandler, LdapServerOptions, ServerObserver } from "../../src/server/index.ts";
import { createLdapServer } from "../../src/server/index.ts";
import { firstCertificate, secondCertificate } from "./certificates.ts";
import { deferred, eventually, Gates, start } from "./harness.ts";
import { extended, extendedResponse, notice, RawClient, result, search } from "./raw-client.ts";

const handler: LdapHandler = {
  search: (_request, operation) =>
    operation.done({ resultCode: 0, diagnosticMessage: operation.session.secure ? "secure" : "clear" }),
};
const startTlsDone = extendedResponse(0, { responseName: Oid.startTls });

const fingerprint = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint256;

async function startSecure(options: Partial<LdapServerOptions> = {}) {
  const running = await start({ handler, tls: firstCertificate, ...options });
  const { port: securePort } = await running.server.listen({ host: "127.0.0.1", port: 0, secure: true });
  const secureClient = async (tlsOptions = {}) => {
    const raw = await RawClient.connectTls(securePort, tlsOptions);
    onTestFinished(() => raw.destroy());
    return raw;
  };
  return { ...running, securePort, secureClient };
}

describe("LDAPS", () => {
  it("serves, and tells the handler the protocol and the cipher", async () => {
    const seen: unknown[] = [];
    const { secureClient, securePort } = await startSecure({
      handler: {
        compare(_request, operation) {
          const { secure, tls, localPort } = operation.session;
          seen.push(secure, tls, localPort);
          operation.end();
        },
      },
    });
    const raw = await secureClient({ maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" });
    raw.request(1, { type: "compareRequest", entry: "", attribute: "cn", value: new Uint8Array(1) });
    expect(await raw.next()).toEqual([1, result("compareResponse")]);
    expect(seen).toEqual([
      true,
      { protocol: "TLSv1.2", cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
      securePort,
    ]);
  });

  it("keeps the versions it was told", async () => {
    const errors: Error[] = [];
    const { secureClient } = await startSecure({
      tls: { ...firstCertificate, minVersion: "TLSv1.3" },
      observer: { tlsError: (_session, error) => void errors.push(error) },
    });
    await expect(secureClient({ maxVersion: "TLSv1.2" })).rejects.toThrow();
    await eventually(() => errors.length === 1);
    const raw = await secureClient();
    raw.request(1, search(""));
    expect(await raw.next()).toEqual([1, result("searchResultDone", 0, "secure")]);
  });

  it("closes a connection whose handshake is not one, says so once, and serves others", async () => {
    const events: string[] = [];
    const { securePort, secureClient, server } = await startSecure({
      observer: {
        tlsError: () => void events.push("tlsError"),
        connectionClosed: ({ reason }) => void events.push(reason),
      },
    });
    const plain = await RawClient.connect(securePort);
    plain.request(1, search(""));
    await eventually(() => server.connections === 0);
    expect(events).toEqual(["tlsError", "tlsError"]);
    const raw = await secureClient();
    raw.request(1, search(""));
    expect(await raw.next()).toEqual([1, result("searchResultDone", 0, "secure")]);
  });

  it("closes a handshake that is not completed within tlsHandshakeTimeoutMs", async () => {
    const reason = deferred<CloseReason>();
    const { securePort } = await startSecure({
      limits: { tlsHandshakeTimeoutMs: 50 },
      observer: { connectionClosed: (event) => reason.resolve(event.reason) },
    });
    const socket = connectTcp(securePort, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    await once(
      socket.on("error", () => {}),
      "close",
    );
    expect(await reason.promise).toBe("tlsHandshakeTimeout");
  });

  it("uses a new certificate from the next handshake on and keeps the sessions that are open", async () => {
    const { server, client, secureClient } = await startSecure();
    const before = await secureClient();
    server.setSecureContext(secondCertificate);
    const after = await secureClient();
    const plain = await client();
    plain.request(1, extended(Oid.startTls));
    await plain.next();
    await plain.secure();
    expect(before.certificate).toBe(fingerprint(firstCertificate));
    expect(after.certificate).toBe(fingerprint(secondCertificate));
    expect(plain.certificate).toBe(after.certificate);
    before.request(1, search(""));
    expect(await before.next()).toEqual([1, result("searchResultDone", 0, "secure")]);
    expect(() => server.setSecureContext({ key: "no key", cert: firstCertificate.cert })).toThrow();
    expect((await secureClient()).certificate).toBe(after.certificate);
  });

  it("needs a certificate for a secure listener, and for StartTLS", async () => {
    const server = createLdapServer({ handler });
    await expect(server.listen({ port: 0, secure: true })).rejects.toThrow("needs a certificate");
    expect(() => createLdapServer({ handler, startTls: true })).toThrow("needs a certificate");
  });
});

describe("StartTLS (RFC 4511 §4.14)", () => {
  it("goes on with the same session under TLS", async () => {
    const { client, server } = await startSecure();
    const raw = await client();
    raw.request(1, search(""));
    expect(await raw.next()).toEqual([1, result("searchResultDone", 0, "clear")]);
    raw.request(2, extended(Oid.startTls));
    expect(await raw.next()).toEqual([2, startTlsDone]);
    await raw.secure();
    raw.request(3, search(""));
    expect(await raw.next()).toEqual([3, result("searchResultDone", 0, "secure")]);
    expect(server.supportedExtensions).toContain(Oid.startTls);
  });

  it("is operationsError when TLS is in place already", async () => {
    const { secureClient } = await startSecure();
    const raw = await secureClient();
    raw.request(1, extended(Oid.startTls));
    expect(await raw.next()).toEqual([
      1,
      extendedResponse(ResultCode.operationsError, {
        diagnosticMessage: "TLS is in place already",
        responseName: Oid.startTls,
      }),
    ]);
  });

  it("is operationsError while other operations are in progress", async () => {
    const gates = new Gates();
    const { client } = await startSecure({
      handler: {
        async search(request, operation) {
          await gates.pass(request.baseObject);
          operation.done();
        },
      },
    });
    const raw = await client();
    raw.request(1, search("cn=a"));
    await gates.reached("cn=a");
    raw.request(2, extended(Oid.startTls));
    expect(await raw.next()).toEqual([
      2,
      extendedResponse(ResultCode.operationsError, {
        diagnosticMessage: "StartTLS cannot begin while other operations are in progress",
        responseName: Oid.startTls,
      }),
    ]);
  });

  it.each([
    ["on a server without a certificate", { tls: undefined }],
    ["where it is not offered", { startTls: false }],
  ])("is protocolError %s", async (_where, options) => {
    const { client } = await start({ handler, tls: firstCertificate, ...options });
    const raw = await client();
    raw.request(1, extended(Oid.startTls));
    expect(await raw.next()).toEqual([
      1,
      extendedResponse(ResultCode.protocolError, {
        diagnosticMessage: `the extended operation ${Oid.startTls} is not supported`,
      }),
    ]);
  });

  it("closes when a request in clear text follows it, whole or in part, and runs none of it", async () => {
    const begun: string[] = [];
    const { client } = await startSecure({
      handler: {
        search(request, operation) {
          begun.push(request.baseObject);
          operation.done();
        },
      },
    });
    const startTls = encodeMessage({ messageId: 1, protocolOp: extended(Oid.startTls), controls: [] });
    const injected = encodeMessage({ messageId: 2, protocolOp: search("cn=injected"), controls: [] });
    for (const behind of [injected, injected.subarray(0, 1), Uint8Array.of(0x16, 0x03, 0x01)]) {
      const raw = await client();
      raw.send(startTls, behind);
      expect(await raw.untilClosed()).toEqual([
        notice(ResultCode.protocolError, "bytes follow the StartTLS request before its response"),
      ]);
    }
    // In pieces: the last byte of the request comes with what was injected.
    const raw = await client();
    raw.send(startTls.subarray(0, -1));
    await new Promise((resolve) => setImmediate(resolve));
    raw.send(startTls.subarray(-1), injected);
    expect(await raw.untilClosed()).toEqual([
      notice(ResultCode.protocolError, "bytes follow the StartTLS request before its response"),
    ]);
    expect(begun).toEqual([]);
  });

  it("closes a session that goes on in clear text after the response", async () => {
    const begun: string[] = [];
    const { client } = await startSecure({ handler: { search: ({ baseObject }) => void begun.push(baseObject) } });
    const raw = await client();
    raw.request(1, extended(Oid.startTls));
    expect(await raw.next()).toEqual([1, startTlsDone]);
    raw.request(2, search("cn=clear"));
    expect(await raw.untilClosed()).toEqual([]);
    expect(begun).toEqual([]);
  });

  it("closes a session whose encrypted stream is broken, with tlsError", async () => {
    const errors: Error[] = [];
    const reasons: CloseReason[] = [];
    const observer: ServerObserver = {
      tlsError: (_session, error) => void errors.push(error),
      connectionClosed: ({ reason }) => void reasons.push(reason),
    };
    const { securePort, server } = await startSecure({ observer });
    const tcp = connectTcp(securePort, "127.0.0.1");
    await once(tcp, "connect");
    const tls = connectTls({ socket: tcp, rejectUnauthorized: false });
    await once(tls, "secureConnect");
    tls.on("error", () => {});
    // A record that no key of this session made.
    tcp.write(Buffer.from("1703030020".padEnd(74, "0"), "hex"));
    await eventually(() => server.connections === 0);
    expect(errors).toHaveLength(1);
    expect(reasons).toEqual(["tlsError"]);
  });
});
