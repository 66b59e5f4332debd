/** What endpoints present, seen on real sockets: servers of Node's TLS, and slapd. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { freePort, requirePrograms, type ServerCertificate, startSlapd } from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { Authorities } from "../../src/live/authorities.ts";
import { observeEndpoint } from "../../src/live/endpoint.ts";
import type { EndpointTarget } from "../../src/live/targets.ts";
import { testAuthority } from "./authority.ts";

const describe = requirePrograms({ openssl: "openssl", slapd: "slapd", ldapsearch: "ldap-utils" });

const signal = new AbortController().signal;
const now = () => Date.UTC(2026, 0, 15, 12);

function look(target: Partial<EndpointTarget> & Pick<EndpointTarget, "port">) {
  const { protocol = "https", host = "127.0.0.1", port, serverName = "localhost", caFiles = [] } = target;
  const url = `${protocol}://${host}:${port}`;
  return observeEndpoint({ url, protocol, host, port, serverName, caFiles }, new Authorities(), { signal, now });
}

/** Presents a certificate, and answers whatever it is asked with `answer`. */
async function tlsServer(
  { certificate, privateKey }: Pick<ServerCertificate, "certificate" | "privateKey">,
  options: TlsOptions & { answer?: string } = {},
): Promise<number> {
  const { answer = "HTTP/1.1 204 No Content\r\n\r\n", ...tls } = options;
  const server = createServer(
    { cert: await readFile(certificate), key: await readFile(privateKey), ...tls },
    (socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(answer));
    },
  );
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("an https endpoint", () => {
  it("is seen with its chain, version, suite and name, and with the time it tells", async () => {
    const authority = await testAuthority();
    const issued = await authority.issue("web", ["localhost"], 6);
    const date = new Date(now() - 75_000).toUTCString();
    const port = await tlsServer(issued, { answer: `HTTP/1.1 200 OK\r\ndate:  ${date}\r\n\r\n` });
    const { endpoint, clock } = await look({ port, caFiles: [authority.certificate] });
    const { chain, ...rest } = endpoint;
    expect(rest).toEqual({
      ...{ url: `https://127.0.0.1:${port}`, protocol: "https", host: "127.0.0.1", port, serverName: "localhost" },
      ...{ tlsVersion: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
    });
    expect(chain.map(({ subject, subjectAltName }) => [subject, subjectAltName])).toEqual([
      ["CN=localhost", "DNS:localhost"],
    ]);
    expect(clock).toEqual({ source: `https://127.0.0.1:${port}`, offsetSeconds: 74.5 });
  });

  it("is not trusted without its authority, and the authority is no part of the chain that it sends", async () => {
    const authority = await testAuthority();
    const issued = await authority.issue("web", ["localhost"]);
    const port = await tlsServer(issued);
    const { endpoint, clock } = await look({ port });
    expect(endpoint.chainFailure).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(endpoint.chain).toHaveLength(1);
    expect(clock).toBeUndefined();
    const whole = await tlsServer(issued, {
      cert: `${await readFile(issued.certificate, "utf8")}${await readFile(authority.certificate, "utf8")}`,
    });
    const { endpoint: other } = await look({ port: whole });
    expect(other.chainFailure).toBe("SELF_SIGNED_CERT_IN_CHAIN");
    expect(other.chain.map(({ subject }) => subject)).toEqual(["CN=localhost", "CN=Espalier test authority"]);
  });

  it("is judged by its chain alone: an expired certificate of a trusted authority is no failure of the chain", async () => {
    const authority = await testAuthority();
    const port = await tlsServer(await authority.issue("old", ["localhost"], -1));
    const { endpoint } = await look({ port, caFiles: [authority.certificate] });
    expect(endpoint.chainFailure).toBeUndefined();
    expect(endpoint.chain[0]?.validToDate.getTime()).toBeLessThan(Date.now());
  });

  it("is seen to let itself be talked down to TLS 1.1", async () => {
    const authority = await testAuthority();
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.2", ciphers: "DEFAULT:@SECLEVEL=0" } as const;
    const port = await tlsServer(await authority.issue("web", ["localhost"]), old);
    const { endpoint } = await look({ port, caFiles: [authority.certificate] });
    expect([endpoint.tlsVersion, endpoint.oldestVersion]).toEqual(["TLSv1.2", "TLSv1.1"]);
    expect(endpoint.cipher).toMatch(/^TLS_ECDHE_ECDSA_WITH_/);
  });

  it("is named by its certificate where nobody says what it is called", async () => {
    const authority = await testAuthority();
    const port = await tlsServer(await authority.issue("web", ["ldap.example.com", "127.0.0.1"]));
    const target = { url: "ldaps://0.0.0.0:636", protocol: "ldaps", host: "127.0.0.1", port, caFiles: [] } as const;
    const { endpoint } = await observeEndpoint(target, new Authorities(), { signal, now });
    expect(endpoint.serverName).toBe("ldap.example.com");
  });
});

describe("an endpoint with which no TLS comes about", () => {
  const reasons = async (port: number, protocol: EndpointTarget["protocol"] = "https") => {
    const { endpoint } = await look({ port, protocol });
    expect(endpoint).toMatchObject({ chain: [], host: "127.0.0.1", port });
    return endpoint.failure;
  };

  it("says that nothing listens there", async () => {
    expect(await reasons(await freePort())).toBe("nothing listens there (ECONNREFUSED)");
  });

  it("says that it closes the connection, or speaks something else", async () => {
    const server = createTcpServer((socket) => socket.end()).listen(0, "127.0.0.1");
    const chatty = createTcpServer((socket) => socket.end("220 mail.example.com ESMTP\r\n")).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.close();
      chatty.close();
    });
    await Promise.all([once(server, "listening"), once(chatty, "listening")]);
    expect(await reasons((server.address() as AddressInfo).port)).toMatch(/closed|broke|disconnected/);
    expect(await reasons((chatty.address() as AddressInfo).port)).toMatch(/wrong version number|packet length/);
    expect(await reasons((chatty.address() as AddressInfo).port, "starttls")).toMatch(/begins with tag 0x30/);
  });

  it("says that it does not answer, in time", async () => {
    const server = createTcpServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    const startedAt = performance.now();
    expect(await reasons((server.address() as AddressInfo).port)).toBe("it did not answer in time");
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });
});

describe("slapd", () => {
  it("presents the same chain over ldaps and by StartTLS", async () => {
    const authority = await testAuthority();
    const certificate = await authority.issue("ldap", ["127.0.0.1", "localhost"], 6);
    const ldif = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n";
    await using slapd = await startSlapd({ ldif, certificate });
    const caFiles = [authority.certificate];
    const ldaps = await look({ protocol: "ldaps", port: slapd.ldapsPort!, serverName: "127.0.0.1", caFiles });
    const starttls = await look({ protocol: "starttls", port: slapd.port, serverName: "127.0.0.1", caFiles });
    for (const { endpoint } of [ldaps, starttls]) {
      expect(endpoint).toMatchObject({ tlsVersion: "TLSv1.3", serverName: "127.0.0.1" });
      expect(endpoint).not.toHaveProperty("chainFailure");
      expect(endpoint).not.toHaveProperty("failure");
      expect(endpoint.chain[0]?.subjectAltName).toBe("IP Address:127.0.0.1, DNS:localhost");
    }
  });

  it("without a certificate refuses StartTLS, and says how", async () => {
    const ldif = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n";
    await using slapd = await startSlapd({ ldif });
    const { endpoint } = await look({ protocol: "starttls", port: slapd.port });
    expect(endpoint.failure).toBe("it answered protocolError: unsupported extended operation");
  });
});

describe("authorities", () => {
  it("that cannot be read are told once, and trusted by nobody", async () => {
    const authorities = new Authorities();
    expect(await authorities.only(["/nowhere/ca.pem"])).toEqual([]);
    expect(await authorities.only(["/nowhere/ca.pem", "/etc/hostname"])).toEqual([]);
    expect(authorities.unreadable).toEqual([
      { subject: "/nowhere/ca.pem", message: "the authorities in it cannot be trusted: ENOENT" },
      { subject: "/etc/hostname", message: "the authorities in it cannot be trusted: it holds no certificate in PEM" },
    ]);
  });
});
