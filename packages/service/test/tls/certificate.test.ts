import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CertificateSource } from "../../src/index.ts";
import { CertificateError, loadCertificate, Secret } from "../../src/index.ts";
import { requireProgram } from "../required-program.ts";
import { createAuthority } from "./authority.ts";

const now = new Date("2025-06-01T00:00:00Z");

async function refusal(source: CertificateSource): Promise<string> {
  try {
    await loadCertificate(source, now);
  } catch (error) {
    if (error instanceof CertificateError) return error.message;
    throw error;
  }
  throw new Error("the certificate was taken");
}

const read = (path: string) => readFileSync(path, "utf8");

const openssl = requireProgram("openssl", ["version"], "openssl");

describe.skipIf(openssl.isMissing)(`loading a certificate${openssl.note}`, () => {
  it.each(["ec", "rsa"] as const)("gives what is served and what is to be told of it (%s)", async (key) => {
    const authority = createAuthority();
    const { certPath, keyPath } = authority.issue("ldap1", { key });
    const fingerprint = authority
      .openssl("x509", "-in", certPath, "-noout", "-fingerprint", "-sha256")
      .trim()
      .split("=")[1];
    expect(await loadCertificate({ certPath, keyPath }, now)).toEqual({
      cert: read(certPath),
      key: read(keyPath),
      subject: "CN=ldap1",
      subjectAltNames: ["DNS:ldap1.example.com", "IP Address:127.0.0.1"],
      notBefore: new Date("2024-01-01T00:00:00Z"),
      notAfter: new Date("2034-01-01T00:00:00Z"),
      daysLeft: 3136,
      fingerprint256: fingerprint,
      warnings: [],
    });
  });

  it("takes the text before the paths, also on one line with \\n in it", async () => {
    const { certPath, keyPath } = createAuthority().issue("ldap1");
    const source = {
      certPath: "/nowhere",
      keyPath: "/nowhere",
      certContent: read(certPath).replaceAll("\n", "\\n"),
      keyContent: new Secret(read(keyPath).replaceAll("\n", "\\n")),
    };
    expect(await loadCertificate(source, now)).toEqual(await loadCertificate({ certPath, keyPath }, now));
  });

  it("warns of one that is expired, not yet valid, or soon to expire, and serves it", async () => {
    const authority = createAuthority();
    const warnings = async (notBefore: string, notAfter: string) =>
      (await loadCertificate(authority.issue("ldap1", { notBefore, notAfter }), now)).warnings;
    expect(await warnings("20240101000000Z", "20250531000000Z")).toEqual([
      {
        code: "expired",
        message:
          "the certificate of CN=ldap1 expired on 2025-05-31T00:00:00.000Z: clients that check refuse it; renew it",
      },
    ]);
    expect(await warnings("20250602000000Z", "20260101000000Z")).toEqual([
      {
        code: "notYetValid",
        message:
          "the certificate of CN=ldap1 is valid only from 2025-06-02T00:00:00.000Z: clients that check refuse it; check this machine's clock",
      },
    ]);
    expect(await warnings("20240101000000Z", "20250607120000Z")).toEqual([
      {
        code: "expiresSoon",
        message: "the certificate of CN=ldap1 expires in 6 days, on 2025-06-07T12:00:00.000Z: renew it",
      },
    ]);
  });

  it("takes a chain in order, and warns of one that is not", async () => {
    const authority = createAuthority();
    const root = authority.issue("root");
    const middle = authority.issue("middle", { issuer: root });
    const { certPath, keyPath } = authority.issue("ldap1", { issuer: middle });
    const chain = async (...paths: string[]) => {
      const path = join(authority.directory, "chain.pem");
      writeFileSync(path, paths.map(read).join("\n"));
      return (await loadCertificate({ certPath: path, keyPath }, now)).warnings;
    };
    expect(await chain(certPath, middle.certPath, root.certPath)).toEqual([]);
    expect(await chain(certPath, root.certPath, middle.certPath)).toEqual([
      {
        code: "chainOrder",
        message:
          "certificate number 2 of the chain (CN=root) did not issue the one before it (CN=ldap1): put them in order, the service's own first",
      },
      {
        code: "chainOrder",
        message:
          "certificate number 3 of the chain (CN=middle) did not issue the one before it (CN=root): put them in order, the service's own first",
      },
    ]);
    await expect(chain(middle.certPath, certPath)).rejects.toThrow(
      `the first certificate of ${authority.directory}/chain.pem must be the service's own, and the key belongs to number 2 (CN=ldap1): put that one first, its issuers after it`,
    );
  });

  it("says of what cannot be served what to do", async () => {
    const authority = createAuthority();
    const [one, two] = [authority.issue("one"), authority.issue("two")];
    const write = (name: string, text: string) => {
      const path = join(authority.directory, name);
      writeFileSync(path, text);
      return path;
    };
    const encrypted = join(authority.directory, "encrypted.key");
    authority.openssl("pkcs8", "-topk8", "-in", one.keyPath, "-out", encrypted, "-passout", "pass:hunter2");
    const damaged = read(one.keyPath).replace(/[A-Za-z0-9]{20}/, "x".repeat(20));
    expect(await refusal({ certPath: one.certPath, keyPath: two.keyPath })).toBe(
      `the key (${two.keyPath}) does not belong to the certificate (${one.certPath}, CN=one): give the key that the certificate was requested with`,
    );
    expect(await refusal({ certPath: "/nowhere", keyPath: one.keyPath })).toBe(
      "the certificate /nowhere cannot be read (ENOENT): there is no such file",
    );
    expect(await refusal({ ...one, certPath: authority.directory })).toBe(
      `the certificate ${authority.directory} cannot be read (EISDIR): name a PEM file`,
    );
    expect(await refusal({ certPath: one.certPath })).toBe("there is a certificate and no key: configure both");
    expect(await refusal({ keyPath: one.keyPath })).toBe("there is a key and no certificate: configure both");
    expect(await refusal({ ...one, certPath: one.keyPath })).toBe(
      `there is no certificate in ${one.keyPath}: it must be PEM, with -----BEGIN CERTIFICATE-----`,
    );
    expect(await refusal({ ...one, keyPath: one.certPath })).toBe(
      `there is no private key in ${one.certPath}: it must be PEM, with -----BEGIN PRIVATE KEY-----`,
    );
    expect(await refusal({ ...one, keyPath: encrypted })).toBe(
      `the key in ${encrypted} is encrypted: give one without a passphrase, readable by the service only`,
    );
    const damagedKey = write("damaged.key", damaged);
    expect(await refusal({ ...one, keyPath: damagedKey })).toBe(
      `the private key in ${damagedKey} is damaged: copy it again`,
    );
    const cut = write("cut.crt", read(one.certPath).replace(/\n.{64}\n/, "\n"));
    expect(await refusal({ ...one, certPath: cut })).toBe(`certificate number 1 of ${cut} is damaged: copy it again`);
  });
});
