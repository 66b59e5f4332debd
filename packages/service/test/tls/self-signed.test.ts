import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SelfSignedOptions } from "../../src/index.ts";
import { CertificateError, loadCertificate, selfSignedCertificate, tlsOptions } from "../../src/index.ts";
import { requireProgram } from "../required-program.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const now = new Date("2025-06-01T00:00:00Z");
const dayMs = 86_400_000;

function make(directory: string, options: Partial<SelfSignedOptions> = {}) {
  return selfSignedCertificate({ directory, commonName: "ldap.example.com", hostname: "host1", now, ...options });
}

/** A TLS server with the certificate, on a free port of the loopback. */
async function serve(certificate: { certPath: string; keyPath: string }) {
  const { cert, key } = await loadCertificate(certificate);
  const server = createServer({ cert, key, ...tlsOptions({ minVersion: "TLSv1.2" }) }, (socket) => socket.end("hello"));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

describe("a self-signed certificate", () => {
  it("is made once, for the common name, the machine and the loopback, for ten years", async () => {
    const directory = join(temporaryDirectory(), "cert");
    const made = await make(directory, { subjectAltNames: ["ldap2.example.com", "10.0.0.7", "localhost"] });
    const { subject, subjectAltNames, notBefore, notAfter, fingerprint256, warnings } = await loadCertificate(
      made,
      now,
    );
    expect({ subject, subjectAltNames, notBefore, notAfter, warnings }).toEqual({
      subject: "O=Espalier self-signed, CN=ldap.example.com",
      subjectAltNames: [
        "DNS:ldap.example.com",
        "DNS:ldap2.example.com",
        "IP Address:10.0.0.7",
        "DNS:localhost",
        "DNS:host1",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
      ],
      notBefore: new Date("2025-05-31T23:00:00Z"),
      notAfter: new Date("2035-05-30T00:00:00Z"),
      warnings: [],
    });
    expect(made).toEqual({
      certPath: join(directory, "self-signed", "server.crt"),
      keyPath: join(directory, "self-signed", "server.key"),
      created: true,
      fingerprint256,
      notAfter,
    });
    expect(await make(directory, { subjectAltNames: ["10.0.0.7"], hostname: "another-container" })).toEqual({
      ...made,
      created: false,
    });
  });

  it("is readable by its owner alone", async () => {
    const directory = join(temporaryDirectory(), "new", "cert");
    const { keyPath } = await make(directory);
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect([mode(directory), mode(join(directory, "self-signed")), mode(keyPath)]).toEqual(["700", "700", "600"]);
    expect(readdirSync(directory)).toEqual(["self-signed"]);
  });

  it.each([
    ["another common name", { commonName: "dc.example.com" }],
    ["a further name", { subjectAltNames: ["dc.example.com"] }],
    ["less than 30 days left", { now: new Date(now.getTime() + 3_621 * dayMs) }],
  ])("is made anew for %s, and the one before is kept", async (_, options) => {
    const directory = temporaryDirectory();
    const before = await make(directory);
    const after = await make(directory, { now: new Date(now.getTime() + 1), ...options });
    expect(after).toMatchObject({ created: true, certPath: before.certPath });
    expect(after.fingerprint256).not.toBe(before.fingerprint256);
    const [replaced] = readdirSync(directory).filter((name) => name.startsWith("replaced-"));
    const kept = join(directory, replaced!);
    const old = await loadCertificate({ certPath: join(kept, "server.crt"), keyPath: join(kept, "server.key") });
    expect(old.fingerprint256).toBe(before.fingerprint256);
  });

  it("is made anew when its files are damaged", async () => {
    const directory = temporaryDirectory();
    const { keyPath } = await make(directory);
    writeFileSync(keyPath, "");
    expect((await make(directory)).created).toBe(true);
    await loadCertificate(await make(directory), now);
  });

  it("is one and the same for several processes that start at the same time", async () => {
    const directory = temporaryDirectory();
    const all = await Promise.all(Array.from({ length: 8 }, () => make(directory)));
    expect(new Set(all.map(({ fingerprint256 }) => fingerprint256)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(readdirSync(directory)).toEqual(["self-signed"]);
  });

  it("takes names that are long, odd or international", async () => {
    const long = `${"a".repeat(60)}.${"b".repeat(60)}.example.com`;
    const made = await make(temporaryDirectory(), { commonName: long, subjectAltNames: ["münchen.example", "a_b"] });
    const { subject, subjectAltNames } = await loadCertificate(made, now);
    expect([subject, subjectAltNames.slice(0, 3)]).toEqual([
      "O=Espalier self-signed",
      [`DNS:${long}`, "DNS:xn--mnchen-3ya.example", "DNS:a_b"],
    ]);
  });

  it("says what to do where it cannot be kept", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    await expect(make(join(file, "cert"))).rejects.toEqual(
      new CertificateError(
        `a self-signed certificate cannot be kept in ${file}/cert (ENOTDIR): let the service write there, or configure a certificate`,
      ),
    );
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("is trusted by clients that were given a copy, over %s", async (version) => {
    const made = await selfSignedCertificate({ directory: temporaryDirectory(), commonName: "ldap.example.com" });
    const { port } = await serve(made);
    for (const servername of ["ldap.example.com", "localhost"]) {
      const socket = connect({
        port,
        host: "127.0.0.1",
        servername,
        ca: readFileSync(made.certPath),
        minVersion: version,
        maxVersion: version,
      });
      await once(socket, "secureConnect");
      expect([socket.authorized, socket.getProtocol()]).toEqual([true, version]);
      socket.destroy();
    }
    const stranger = connect({ port, host: "127.0.0.1", servername: "ldap.example.com" });
    await expect(once(stranger, "secureConnect")).rejects.toThrow("self-signed certificate");
  });

  const ldapsearch = requireProgram("ldapsearch", ["-VV"], "ldap-utils");
  it.skipIf(ldapsearch.isMissing)(`is trusted by OpenLDAP's client over GnuTLS${ldapsearch.note}`, async () => {
    const made = await selfSignedCertificate({ directory: temporaryDirectory(), commonName: "ldap.example.com" });
    const { server, port } = await serve(made);
    const handshake = once(server, "secureConnection");
    const env = { PATH: process.env.PATH, LDAPTLS_CACERT: made.certPath, LDAPTLS_REQCERT: "demand", LDAPNOINIT: "" };
    // What it meets behind the handshake is not LDAP, so it fails; the handshake is what is asked for.
    const client = execFile("ldapsearch", ["-x", "-H", `ldaps://localhost:${port}`, "-o", "nettimeout=5"], { env });
    await handshake;
    client.kill();
  });
});
