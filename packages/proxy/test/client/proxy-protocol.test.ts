import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect as connectTls } from "node:tls";
import {
  type CertificateAuthority,
  ChildServer,
  createCertificateAuthority,
  freePort,
  ldapsearch,
  requirePrograms,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ListenerTls } from "../../src/client/listener-tls.ts";
import { connectTo, empty, type Listening, listening, received, request, search, unbind } from "./listening.ts";
import type { ScriptedSession } from "./scripted-session.ts";

const fromHere = { proxyProtocolFrom: ["127.0.0.0/8"] };
const conversation = Buffer.concat([request(1, search("cn=a")), request(2, unbind)]);
const answered = ["1 searchResultEntry", "1 searchResultDone success"];

/** The session that was asked something last. HAProxy also brings those that only looked whether it was there. */
function searcher({ sessions }: Listening): ScriptedSession {
  return sessions.findLast(({ log }) => log.includes("search cn=a"))!;
}

describe("a PROXY header", () => {
  it("is what the client's address and the balancer's are taken from", async () => {
    const target = await listening(fromHere);
    const socket = await connectTo(target);
    socket.write(Buffer.concat([Buffer.from("PROXY TCP6 2001:DB8::7 2001:db8::1 56324 389\r\n"), conversation]));
    expect(await received(socket)).toEqual(answered);
    const { address, port, localAddress, localPort, via } = target.sessions[0]!.transport;
    expect({ address, port, localAddress, localPort, via }).toEqual({
      address: "2001:db8::7",
      port: 56324,
      localAddress: "2001:db8::1",
      localPort: 389,
      via: "127.0.0.1",
    });
  });

  it("may arrive one byte at a time", async () => {
    const target = await listening(fromHere);
    const socket = await connectTo(target);
    const answers = received(socket);
    for (const byte of Buffer.concat([Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n"), conversation])) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answers).toEqual(answered);
    expect(target.observed[0]).toBe("opened 192.0.2.7");
  });

  it("is wanted from every connection of a balancer, and nothing is answered without", async () => {
    const target = await listening(fromHere);
    const socket = await connectTo(target);
    socket.write(conversation);
    expect(await received(socket)).toEqual([]);
    await empty(target);
    expect(target.sessions).toEqual([]);
    expect(target.observed).toEqual(["refused proxyHeader of 127.0.0.1: there is no PROXY header"]);
  });

  it("is not taken from anybody else", async () => {
    const target = await listening({ proxyProtocolFrom: ["192.0.2.0/24", "2001:db8::/32"] });
    const socket = await connectTo(target);
    socket.write(Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n"));
    expect(await received(socket)).toEqual([
      "0 extendedResponse protocolError: An LDAP message begins with tag 0x30 and not with 0x50",
    ]);
    expect(target.sessions[0]?.transport.address).toBe("127.0.0.1");
  });

  it("has its time, also when it drips", async () => {
    const target = await listening({ ...fromHere, limits: { proxyHeaderTimeoutMs: 100 } });
    const silent = await connectTo(target);
    const dripping = await connectTo(target);
    dripping.write("PROXY UNKNOWN ");
    const drip = setInterval(() => dripping.write("x"), 20);
    expect(await Promise.all([received(silent), received(dripping)])).toEqual([[], []]);
    clearInterval(drip);
    await empty(target);
    expect(target.observed).toEqual(Array(2).fill("refused proxyHeaderTimeout of 127.0.0.1"));
  });

  it("is what connections are counted by, so that a balancer may bring many clients and each of them few", async () => {
    const target = await listening({ ...fromHere, limits: { maxConnectionsPerAddress: 2 } });
    const from = async (address: string) => {
      const socket = await connectTo(target);
      socket.write(`PROXY TCP4 ${address} 192.0.2.1 1 2\r\n`);
      return socket;
    };
    for (const address of ["192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.8"]) await from(address);
    await until("four sessions", () => target.sessions.length === 4);
    expect(await received(await from("192.0.2.7"))).toEqual([
      "0 extendedResponse unavailable: too many connections; try again later",
    ]);
    expect(target.observed.at(-1)).toBe("refused tooManyConnectionsOfAddress of 192.0.2.7");
  });

  it("of LOCAL and UNKNOWN leaves the balancer its own address", async () => {
    const target = await listening(fromHere);
    const local = Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex");
    for (const header of [local, Buffer.from("PROXY UNKNOWN\r\n")]) {
      const socket = await connectTo(target);
      const { localPort } = socket;
      socket.write(Buffer.concat([header, conversation]));
      expect(await received(socket)).toEqual(answered);
      const { address, port, via } = target.sessions.at(-1)!.transport;
      expect({ address, port, via }).toEqual({ address: "127.0.0.1", port: localPort, via: undefined });
    }
  });

  it("needs networks to come from", async () => {
    await expect(listening({ proxyProtocolFrom: ["10.0.0.0/33"] })).rejects.toThrow(
      new RangeError("10.0.0.0/33 is neither an address nor a network"),
    );
  });
});

requirePrograms({ haproxy: "haproxy", openssl: "openssl", ldapsearch: "ldap-utils" })("behind HAProxy", () => {
  const cleanup = new AsyncDisposableStack();
  let authority: CertificateAuthority;
  let tls: ListenerTls;
  let listenerPem: string;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("proxy-protocol"));
    authority = await createCertificateAuthority(directory.path);
    const { certificate, privateKey } = await authority.issue("server", ["localhost", "127.0.0.1"]);
    tls = { cert: await readFile(certificate, "utf8"), key: await readFile(privateKey, "utf8") };
    listenerPem = directory.file("listener.pem");
    await writeFile(listenerPem, `${tls.cert}${tls.key}`);
  });

  afterAll(() => cleanup.disposeAsync());

  /** HAProxy in front of it; resolves with the port that clients use. */
  async function haproxy(target: Listening, server: string, bind = ""): Promise<number> {
    const directory = await temporaryDirectory("haproxy");
    const port = await freePort();
    await writeFile(
      directory.file("haproxy.cfg"),
      [
        ...["defaults", "  mode tcp", "  timeout connect 5s", "  timeout client 30s", "  timeout server 30s"],
        ...["listen ldap", `  bind 127.0.0.1:${port} ${bind}`, `  server s 127.0.0.1:${target.port} ${server}`, ""],
      ].join("\n"),
    );
    const process = new ChildServer("haproxy", ["-db", "-f", directory.file("haproxy.cfg")]);
    onTestFinished(async () => {
      await process.terminate();
      await directory[Symbol.asyncDispose]();
    });
    await process.ready(async () => {
      const socket = await connectTo({ host: "127.0.0.1", port }).catch(() => undefined);
      socket?.destroy();
      return socket !== undefined;
    });
    await empty(target);
    return port;
  }

  it.each(["send-proxy", "send-proxy-v2"])("with %s each client has its own address", async (option) => {
    const target = await listening(fromHere);
    const port = await haproxy(target, option);
    for (const localAddress of ["127.0.0.1", "127.0.0.21"]) {
      const socket = await connectTo({ host: "127.0.0.1", port, localAddress });
      const answers = received(socket);
      const localPort = socket.localPort;
      socket.write(conversation);
      expect(await answers).toEqual(answered);
      const { address, port: clientPort, localPort: destination, via } = searcher(target).transport;
      expect({ address, clientPort, destination, via }).toEqual({
        address: localAddress,
        clientPort: localPort,
        destination: port,
        via: "127.0.0.1",
      });
    }
  });

  it.each(["send-proxy", "send-proxy-v2"])("with %s TLS goes through to the proxy", async (option) => {
    const target = await listening({ scheme: "ldaps", tls, ...fromHere });
    const port = await haproxy(target, option);
    const plain = await connectTo({ host: "127.0.0.1", port, localAddress: "127.0.0.22" });
    const socket = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.write(conversation);
    expect(await received(socket)).toEqual(answered);
    const { address, tls: facts } = searcher(target).transport;
    expect({ address, protocol: facts?.protocol }).toEqual({ address: "127.0.0.22", protocol: "TLSv1.3" });
    const trusting = { base: "cn=a", scope: "base", authority: authority.certificate } as const;
    expect(await ldapsearch(`ldaps://127.0.0.1:${port}`, trusting)).toMatchObject({ resultCode: 0 });
  });

  it("that adds all it knows (TLVs) the client still has its address", async () => {
    const target = await listening(fromHere);
    const options = "send-proxy-v2-ssl-cn proxy-v2-options crc32c,unique-id,authority,cert-key,cert-sig,ssl-cipher";
    const port = await haproxy(target, options, `ssl crt ${listenerPem}`);
    const plain = await connectTo({ host: "127.0.0.1", port, localAddress: "127.0.0.23" });
    const socket = connectTls({ socket: plain, servername: "ldap.example.com", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.write(conversation);
    expect(await received(socket)).toEqual(answered);
    expect(searcher(target).transport.address).toBe("127.0.0.23");
  });

  it("its own checks (LOCAL) are answered", async () => {
    const target = await listening(fromHere);
    const check = "check check-send-proxy inter 50ms fall 1 rise 1";
    await haproxy(target, `send-proxy-v2 ${check}`, "\n  option ldap-check");
    await until("some checks", () => target.sessions.filter(({ log }) => log.includes("bind ")).length > 2);
    const checks = target.sessions.filter(({ log }) => log.includes("bind "));
    expect(checks.map(({ transport }) => transport.via)).toEqual(checks.map(() => undefined));
    expect(target.observed.filter((line) => line.startsWith("refused") || line.startsWith("protocolError"))).toEqual(
      [],
    );
  });
});
