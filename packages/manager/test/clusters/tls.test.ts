/** How nodes are spoken to: what is encrypted, what is refused, and what an administrator then reads. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cluster } from "../../src/clusters/cluster.ts";
import { createClusters } from "../../src/clusters/clusters.ts";
import { administrator, baseDn, configOf, directory, type WrittenCluster, watch } from "./watched.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

/** The reason for which the only node is down, and what somebody is told who wants to read. */
async function refusal(slapd: Slapd, written: WrittenCluster): Promise<{ reason: string; told: string }> {
  await using watched = await watch(written);
  const { cluster } = watched;
  await until("the node to be down", () => cluster.nodes()[0]?.state === "down");
  const told = await cluster
    .read(administrator(slapd), async () => "done")
    .then(
      ({ value }) => value,
      ({ code, message }) => `${code}: ${message}`,
    );
  return { reason: cluster.nodes()[0]?.reason ?? "", told };
}

async function baseOf(cluster: Cluster, slapd: Slapd): Promise<string | undefined> {
  const { value } = await cluster.read(administrator(slapd), (connection) =>
    connection.searchAll({ baseObject: baseDn, scope: "baseObject" }),
  );
  return value.entries[0]?.objectName;
}

/** How often the server's log says that TLS was begun. */
function encryptedConnections(slapd: Slapd): number {
  return slapd.process.log.match(/TLS established/g)?.length ?? 0;
}

describe("a node", () => {
  let cleanup: AsyncDisposableStack;
  let files: TemporaryDirectory;
  let authority: CertificateAuthority;
  let certificate: ServerCertificate;
  /** Offers StartTLS, and ldaps. */
  let secure: Slapd;
  let clear: Slapd;

  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    files = cleanup.use(await temporaryDirectory("clusters"));
    authority = await createCertificateAuthority(files.path);
    certificate = await authority.issue("server", ["127.0.0.1"]);
    secure = cleanup.use(await startSlapd({ ldif: directory(), certificate, logsOperations: true }));
    clear = cleanup.use(await startSlapd({ ldif: directory() }));
  });
  afterAll(() => cleanup.disposeAsync());

  it("is asked over StartTLS where that is configured", async () => {
    const tls = { mode: "starttls", ca_file: authority.certificate } as const;
    await using watched = await watch({ host: "127.0.0.1", port: secure.port, tls });
    const before = encryptedConnections(secure);
    expect(await baseOf(watched.cluster, secure)).toBe(baseDn);
    // That of the person, and that of the checks.
    await until("two encrypted connections", () => encryptedConnections(secure) - before === 2);
    await until("the node to be up", () => watched.cluster.nodes()[0]?.state === "up");
    expect(watched.cluster.nodes()[0]?.url).toBe(`ldap://127.0.0.1:${secure.port}`);
  });

  it("is asked over ldaps where that is configured", async () => {
    const tls = { mode: "ldaps", ca_file: authority.certificate } as const;
    await using watched = await watch({ host: "127.0.0.1", port: secure.ldapsPort, tls });
    expect(await baseOf(watched.cluster, secure)).toBe(baseDn);
    expect(watched.cluster.nodes()[0]?.url).toBe(`ldaps://127.0.0.1:${secure.ldapsPort}`);
  });

  it("on this machine is asked over StartTLS if it offers that, and in clear text if not, with no key about it", async () => {
    const before = encryptedConnections(secure);
    await using encrypted = await watch({ host: "127.0.0.1", port: secure.port });
    expect(await baseOf(encrypted.cluster, secure)).toBe(baseDn);
    await until("two encrypted connections", () => encryptedConnections(secure) - before === 2);
    await using plain = await watch({ host: "127.0.0.1", port: clear.port });
    expect(await baseOf(plain.cluster, clear)).toBe(baseDn);
  });

  it("that offers no StartTLS is sent no password, and an administrator reads which keys there are for it", async () => {
    const url = `ldap://127.0.0.1:${clear.port}`;
    const { reason, told } = await refusal(clear, { host: "127.0.0.1", port: clear.port, tls: "starttls" });
    expect(reason).toBe(
      `${url} offers no StartTLS (protocolError: unsupported extended operation), and nothing is sent to it in clear text. ` +
        "Turn TLS on there; or set `tls: ldaps` if it has a port for that; or, in a network that nobody else can read, `allow_cleartext: true`.",
    );
    expect(told).toBe(`unavailable: No server of main can do this now. 127.0.0.1:${clear.port}: ${reason}`);
  });

  it("whose certificate nobody vouches for is down, and says so", async () => {
    const port = secure.ldapsPort;
    const { reason } = await refusal(secure, { host: "127.0.0.1", port, tls: "ldaps" });
    expect(reason).toBe(
      `The certificate of ldaps://127.0.0.1:${port} is not to be trusted: self-signed certificate in certificate chain. ` +
        "Name the certificate of the authority that signed it as `tls.ca_file`.",
    );
  });

  it.each(["ldaps", "starttls"] as const)(
    "whose certificate has another name is down, and says so: %s",
    async (mode) => {
      const port = mode === "ldaps" ? secure.ldapsPort : secure.port;
      const tls = { mode, ca_file: authority.certificate, server_name: "ldap1.example.com" };
      const { reason, told } = await refusal(secure, { host: "127.0.0.1", port, tls });
      expect(reason).toContain("Host: ldap1.example.com. is not cert's CN");
      expect(reason).toContain("Name the node as its certificate does, or set that name as `tls.server_name`.");
      expect(told).toContain(reason);
    },
  );

  it("is shown the client certificate that is configured", async () => {
    const own = await authority.issue("client", ["manager.example.com"]);
    const [key, cert, ca] = await Promise.all(
      [certificate.privateKey, certificate.certificate, authority.certificate].map((file) => readFile(file)),
    );
    const shown = Promise.withResolvers<string>();
    const server = createTlsServer({ key, cert, ca, requestCert: true }, (socket) => {
      shown.resolve(String(socket.getPeerCertificate().subject.CN));
      socket.on("error", () => {});
      socket.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const tls = {
      ...({ mode: "ldaps", ca_file: authority.certificate } as const),
      ...{ cert_file: own.certificate, key_file: own.privateKey },
    };
    try {
      await using _ = await watch({ host: "127.0.0.1", port, tls });
      expect(await shown.promise).toBe("manager.example.com");
    } finally {
      server.close();
    }
  });

  it("whose files cannot be used stops the start with a sentence", async () => {
    const metrics = { register: () => ({}), onCollect: () => {} } as never;
    const options = { metrics, logger: undefined as never, events: { emit: () => {} } };
    const start = (tls: object) => createClusters([configOf({ host: "ldap1", tls })], options);
    await expect(start({ ca_file: files.file("missing.pem") })).rejects.toThrow(
      `cluster main: tls.ca_file ${files.file("missing.pem")} cannot be read (ENOENT): name a PEM file that this user may read`,
    );
    await expect(start({ ca_file: certificate.privateKey })).rejects.toThrow(
      `cluster main: tls.ca_file ${certificate.privateKey} does not hold certificates: it must be PEM, with -----BEGIN CERTIFICATE-----`,
    );
    const mismatch = {
      cert_file: certificate.certificate,
      key_file: (await authority.issue("other", ["x"])).privateKey,
    };
    await expect(start(mismatch)).rejects.toThrow("cluster main: ");
  });

  it("is reached by IPv6", async () => {
    const relay = createServer((socket) => {
      const onward = connect(clear.port, "127.0.0.1");
      socket.pipe(onward).pipe(socket);
      for (const each of [socket, onward]) each.on("error", () => {});
    });
    relay.listen(0, "::1");
    await once(relay, "listening");
    const { port } = relay.address() as AddressInfo;
    try {
      await using watched = await watch({ nodes: [{ host: "::1", port }] });
      expect(await baseOf(watched.cluster, clear)).toBe(baseDn);
      expect(watched.cluster.nodes()[0]).toMatchObject({ name: `[::1]:${port}`, url: `ldap://[::1]:${port}` });
    } finally {
      relay.close();
    }
  });
});
