import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type ConnectionOptions, connect } from "node:tls";
import { startTlsRequest } from "@espalier/ldap";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  ldapsearch,
  requirePrograms,
  runCommand,
  type ServerCertificate,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { ListenerTls } from "../../src/client/listener-tls.ts";
import {
  connectTo,
  empty,
  type Listening,
  listening,
  messagesOf,
  received,
  request,
  search,
  still,
  summary,
  unbind,
} from "./listening.ts";

const describe = requirePrograms({ openssl: "openssl", ldapsearch: "ldap-utils" });

async function pem({ certificate, privateKey }: ServerCertificate): Promise<{ cert: string; key: string }> {
  return { cert: await readFile(certificate, "utf8"), key: await readFile(privateKey, "utf8") };
}

interface TlsAttempt {
  /** What the server sent, as `summary` writes it. */
  readonly answers: readonly string[];
  readonly isResumed: boolean;
  /** To resume with, if the server gave one. */
  readonly session: Buffer | undefined;
}

/** Searches over TLS and unbinds. */
async function searchOverTls({ port }: Listening, options: ConnectionOptions = {}): Promise<TlsAttempt> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  let session: Buffer | undefined;
  let isResumed = false;
  socket.on("session", (given: Buffer) => {
    session = given;
  });
  socket.once("secureConnect", () => {
    isResumed = socket.isSessionReused();
    socket.write(Buffer.concat([request(1, search("cn=a")), request(2, unbind)]));
  });
  const answers = await received(socket.on("error", () => undefined));
  return { answers, isResumed, session };
}

const answered = ["1 searchResultEntry", "1 searchResultDone success"];

describe("TLS", () => {
  const cleanup = new AsyncDisposableStack();
  let authority: CertificateAuthority;
  let server: ServerCertificate;
  let tls: ListenerTls;
  /** A client's key and certificate of the authority that is trusted, and of another. */
  let known: { cert: string; key: string };
  let stranger: { cert: string; key: string };
  let ca: string;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("proxy-tls"));
    const elsewhere = cleanup.use(await temporaryDirectory("proxy-tls"));
    authority = await createCertificateAuthority(directory.path);
    server = await authority.issue("server", ["localhost", "127.0.0.1"]);
    tls = await pem(server);
    known = await pem(await authority.issue("client", ["ann.example.com"]));
    stranger = await pem(await (await createCertificateAuthority(elsewhere.path)).issue("client", ["ann.example.com"]));
    ca = await readFile(authority.certificate, "utf8");
  });

  afterAll(() => cleanup.disposeAsync());

  const trusting = () => ({ authority: authority.certificate, base: "cn=a", scope: "base" as const });
  const found = {
    resultCode: 0,
    entries: [{ dn: "cn=a", attributes: { description: ["x".repeat(16)] } }],
    diagnostics: "",
  };

  it("from the first byte serves ldapsearch, and what it came to is known", async () => {
    const target = await listening({ scheme: "ldaps", tls });
    expect(await ldapsearch(target.url, trusting())).toEqual(found);
    await empty(target);
    const { tls: facts, canStartTls, listener } = target.sessions[0]!.transport;
    expect({ facts, canStartTls, listener }).toEqual({
      facts: { protocol: "TLSv1.3", cipher: expect.stringMatching(/^TLS_/) },
      canStartTls: false,
      listener: target.url,
    });
    expect(target.observed).toEqual(["opened 127.0.0.1", "closed unbind"]);
  });

  it("by StartTLS serves ldapsearch, which insists on it", async () => {
    const target = await listening({ tls });
    expect(await ldapsearch(target.url, { ...trusting(), options: ["-ZZ"] })).toEqual(found);
    await empty(target);
    expect(target.sessions[0]?.transport.tls?.protocol).toBe("TLSv1.3");
    expect(target.sessions[0]?.log).toEqual([
      "extended 1.3.6.1.4.1.1466.20037",
      "bind ",
      "search cn=a",
      "unbind",
      "closed",
    ]);
    expect(target.observed).toEqual(["opened 127.0.0.1", "secured", "closed unbind"]);
  });

  it("by StartTLS serves openssl s_client", async () => {
    const target = await listening({ tls });
    const input = Buffer.concat([request(1, search("cn=a")), request(2, unbind)]);
    const options = ["-starttls", "ldap", "-quiet", "-CAfile", authority.certificate, "-verify_return_error"];
    const { stdout } = await runCommand("openssl", ["s_client", "-connect", `127.0.0.1:${target.port}`, ...options], {
      input,
    });
    expect(messagesOf(Buffer.from(stdout)).map(summary)).toEqual(answered);
  });

  it("is not offered without a certificate, and no ldaps listener then", async () => {
    const target = await listening();
    const { resultCode, diagnostics } = await ldapsearch(target.url, { ...trusting(), options: ["-ZZ"] });
    expect({ resultCode, diagnostics }).toEqual({
      resultCode: 1,
      diagnostics: "ldap_start_tls: Protocol error (2)\n\tadditional info: not offered\n",
    });
    await expect(target.listeners.listen({ scheme: "ldaps", host: "127.0.0.1", port: 0 })).rejects.toThrow(
      new Error("An ldaps listener needs a certificate"),
    );
  });

  it("by StartTLS does not begin where plain text follows the request, and says why", async () => {
    const target = await listening({ tls });
    const injected = request(2, search("cn=injected"));
    for (const rest of [injected, injected.subarray(0, 5)]) {
      const socket = await connectTo(target);
      socket.write(Buffer.concat([request(1, startTlsRequest), rest]));
      expect(await received(socket)).toEqual([
        "0 extendedResponse protocolError: bytes follow the StartTLS request before its response",
      ]);
      await empty(target);
      expect(target.sessions.at(-1)?.log).toEqual(["extended 1.3.6.1.4.1.1466.20037", "closed"]);
    }
  });

  it("by StartTLS does not begin where plain text came while the session had not answered yet", async () => {
    const target = await listening({ tls });
    const socket = await connectTo(target);
    const session = await until("the session", () => target.sessions[0]);
    session.defersStartTls = true;
    socket.write(request(1, startTlsRequest));
    await until("the request", () => session.log.length > 0);
    const { bytesRead } = session.transport;
    socket.write(request(2, search("cn=injected")));
    await until("what follows it", () => session.transport.bytesRead > bytesRead);
    session.release();
    expect(await received(socket)).toEqual([
      "0 extendedResponse protocolError: bytes follow the StartTLS request before its response",
    ]);
    expect(session.log).toEqual(["extended 1.3.6.1.4.1.1466.20037", "closed"]);
  });

  it("by StartTLS does not begin behind a part of a plain message, though the session went on receiving", async () => {
    const target = await listening({ tls });
    const socket = await connectTo(target);
    const session = await until("the session", () => target.sessions[0]);
    session.defersStartTls = true;
    socket.write(request(1, startTlsRequest));
    await until("the request", () => session.log.length > 0);
    session.mayReceive = true;
    const { bytesRead } = session.transport;
    socket.write(request(2, search("cn=injected")).subarray(0, 5));
    await until("what follows it", () => session.transport.bytesRead > bytesRead);
    session.release();
    expect(await received(socket)).toEqual([
      "0 extendedResponse protocolError: bytes follow the StartTLS request before its response",
    ]);
  });

  it("by StartTLS begins when the session answers later", async () => {
    const target = await listening({ tls });
    const plain = await connectTo(target);
    const session = await until("the session", () => target.sessions[0]);
    session.defersStartTls = true;
    plain.write(request(1, startTlsRequest));
    await until("the request", () => session.log.length > 0);
    session.release();
    const [response] = await once(plain, "data");
    expect(messagesOf(response).map(summary)).toEqual(["1 extendedResponse success"]);
    plain.removeAllListeners("data");
    const socket = connect({ socket: plain, rejectUnauthorized: false });
    socket.write(Buffer.concat([request(2, search("cn=a")), request(3, unbind)]));
    expect(await received(socket)).toEqual(["2 searchResultEntry", "2 searchResultDone success"]);
  });

  it.each(["ldap", "ldaps"] as const)(
    "on %s ends a client that speaks LDAP where its handshake belongs",
    async (scheme) => {
      const target = await listening({ scheme, tls });
      const socket = await connectTo(target);
      if (scheme === "ldap") {
        socket.write(request(1, startTlsRequest));
        await once(socket, "data");
      }
      socket.write(request(2, search("cn=injected")));
      // What comes is a TLS alert, if anything.
      socket.resume();
      await once(socket, "close");
      await empty(target);
      const error = expect.stringMatching(/wrong version number|SSL routines/);
      expect(target.observed).toEqual(
        scheme === "ldap"
          ? ["opened 127.0.0.1", error, "closed tlsError"]
          : [expect.stringMatching(/^refused tlsError of 127\.0\.0\.1: .*SSL routines/)],
      );
      expect(target.sessions.flatMap(({ log }) => log)).not.toContain("search cn=injected");
    },
  );

  it("ends a handshake that takes too long, byte after byte or not begun at all", async () => {
    const target = await listening({ scheme: "ldaps", tls, limits: { tlsHandshakeTimeoutMs: 150 } });
    const silent = await connectTo(target);
    const dripping = await connectTo(target);
    const drip = setInterval(() => dripping.write(Buffer.of(0x16)), 1_000);
    dripping.write(Buffer.from("160301020001000", "hex"));
    await Promise.all([received(silent), received(dripping)]);
    clearInterval(drip);
    await empty(target);
    expect(target.observed).toEqual(Array(2).fill("refused tlsHandshakeTimeout of 127.0.0.1"));
    expect(target.sessions).toEqual([]);
  });

  it("with another certificate is what the next handshake gets; who has TLS keeps it", async () => {
    const target = await listening({ scheme: "ldaps", tls });
    const before = connect({ host: "127.0.0.1", port: target.port, rejectUnauthorized: false });
    onTestFinished(() => void before.destroy());
    await once(before, "secureConnect");
    const replacement = await authority.issue("replacement", ["127.0.0.1"]);
    target.listeners.setTls(await pem(replacement));
    const after = connect({ host: "127.0.0.1", port: target.port, rejectUnauthorized: false });
    onTestFinished(() => void after.destroy());
    await once(after, "secureConnect");
    expect(after.getPeerX509Certificate()?.toString()).toBe(await readFile(replacement.certificate, "utf8"));
    before.write(request(1, search("cn=a")));
    const [chunk] = await once(before, "data");
    expect(messagesOf(chunk).map(summary)).toEqual(answered);
    expect(() => target.listeners.setTls({ cert: "not a certificate", key: "nor a key" })).toThrow();
    expect((await searchOverTls(target)).answers).toEqual(answered);
  });

  it("resumes sessions, until the certificate is replaced", async () => {
    const target = await listening({ scheme: "ldaps", tls });
    const { session } = await searchOverTls(target);
    const second = await searchOverTls(target, session && { session });
    expect(second).toMatchObject({ answers: answered, isResumed: true });
    target.listeners.setTls(tls);
    const third = await searchOverTls(target, second.session && { session: second.session });
    expect(third).toMatchObject({ answers: answered, isResumed: false });
  });

  describe("with client certificates", () => {
    it("that are optional names who has one, and serves who has none", async () => {
      const target = await listening({ scheme: "ldaps", tls: { ...tls, ca, clientCertificate: "optional" } });
      const first = await searchOverTls(target, known);
      expect(first.answers).toEqual(answered);
      expect((await searchOverTls(target)).answers).toEqual(answered);
      const resumed = await searchOverTls(target, { ...known, ...(first.session && { session: first.session }) });
      expect(resumed).toMatchObject({ answers: answered, isResumed: true });
      expect(target.sessions.map(({ transport }) => transport.tls?.clientSubject)).toEqual([
        "CN=ann.example.com",
        undefined,
        "CN=ann.example.com",
      ]);
    });

    it("serves openssl s_client with one of its own, by StartTLS too", async () => {
      const target = await listening({ tls: { ...tls, ca, clientCertificate: "required" } });
      const { certificate, privateKey } = await authority.issue("s_client", ["eve.example.com"]);
      const input = Buffer.concat([request(1, search("cn=a")), request(2, unbind)]);
      const options = ["-starttls", "ldap", "-quiet", "-cert", certificate, "-key", privateKey];
      const { stdout } = await runCommand("openssl", ["s_client", "-connect", `127.0.0.1:${target.port}`, ...options], {
        input,
      });
      expect(messagesOf(Buffer.from(stdout)).map(summary)).toEqual(answered);
      expect(target.sessions[0]?.transport.tls?.clientSubject).toBe("CN=eve.example.com");
    });

    it.each(["optional", "required"] as const)(
      "that are %s turns a stranger's away, at a second try too",
      async (wanted) => {
        const target = await listening({ scheme: "ldaps", tls: { ...tls, ca, clientCertificate: wanted } });
        for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
          const first = await searchOverTls(target, { ...stranger, maxVersion });
          const session = first.session && { session: first.session };
          const second = await searchOverTls(target, { ...stranger, maxVersion, ...session });
          const notice = expect.stringMatching(
            /^0 extendedResponse strongerAuthRequired: the client certificate is not accepted: /,
          );
          expect([first.answers, second.answers]).toEqual([[notice], [notice]]);
        }
        expect(target.sessions).toEqual([]);
        await empty(target);
        expect(target.observed).toEqual(
          Array(4).fill(
            expect.stringMatching(/^refused tlsError of 127\.0\.0\.1: the client certificate is not accepted: /),
          ),
        );
      },
    );

    it("that are required turns away who has none, at a second try too", async () => {
      const target = await listening({ scheme: "ldaps", tls: { ...tls, ca, clientCertificate: "required" } });
      for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
        const first = await searchOverTls(target, { maxVersion });
        const second = await searchOverTls(target, { maxVersion, ...(first.session && { session: first.session }) });
        const notice = "0 extendedResponse strongerAuthRequired: a client certificate is required";
        expect([first.answers, second.answers]).toEqual([[notice], [notice]]);
      }
      expect(target.sessions).toEqual([]);
    });

    it("needs the authority that issues them", async () => {
      await expect(listening({ tls: { ...tls, clientCertificate: "required" } })).rejects.toThrow(
        new Error("Client certificates need the authority that issues them: give `ca`"),
      );
    });
  });

  it("to a client that reads nothing is bounded too", async () => {
    const target = await listening({ scheme: "ldaps", tls, limits: { maxPendingBytes: 1024 * 1024 } });
    const socket = connect({ host: "127.0.0.1", port: target.port, rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    await once(socket, "secureConnect");
    socket.write(request(1, search("cn=flood")));
    socket.pause();
    const session = await until("the session", () => target.sessions[0]);
    await still(() => session.floodedBytes);
    expect(session.transport.pendingBytes).toBeGreaterThan(0);
    expect(session.transport.pendingBytes).toBeLessThan(256 * 1024 + 8192);
    socket.resume();
    await until("it to have caught up", () => session.log.filter((line) => line === "caughtUp").length > 3);
  });
});
