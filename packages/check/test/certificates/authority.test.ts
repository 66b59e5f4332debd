import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { requirePrograms, runCommand, startSlapd, succeed, temporaryDirectory } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { AuthorityError, createAuthority, issueCertificate } from "../../src/certificates/authority.ts";
import { certificateNames } from "../../src/inputs/certificate.ts";
import { folderOf } from "../project.ts";

const describe = requirePrograms({ openssl: "openssl", slapd: "slapd", ldapsearch: "ldap-utils" });

const dayMs = 86_400_000;

function creation(directory: string) {
  return { directory, name: "Example LDAP CA", days: 3650, replace: false, now: new Date() };
}

function issue(directory: string, names: readonly string[], more: object = {}) {
  return issueCertificate({ directory, names, days: 90, output: directory, replace: false, now: new Date(), ...more });
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

describe("an authority", () => {
  it("issues certificates that OpenSSL verifies for each of their names, and for no other", async () => {
    const directory = join(folderOf({}), "ca");
    const authority = await createAuthority(creation(directory));
    const { certPath } = await issue(directory, ["ldap1.example.com", "*.dir.example.com", "127.0.0.1", "::1"]);
    const verify = async (...parameters: readonly string[]) =>
      (await runCommand("openssl", ["verify", "-x509_strict", "-CAfile", authority.certPath, ...parameters, certPath]))
        .exitCode;
    expect(
      await Promise.all([
        verify("-purpose", "sslserver", "-verify_hostname", "ldap1.example.com"),
        verify("-verify_hostname", "a.dir.example.com"),
        verify("-verify_ip", "127.0.0.1"),
        verify("-verify_ip", "::1"),
        verify("-verify_hostname", "ldap2.example.com"),
        verify("-verify_ip", "127.0.0.2"),
      ]),
    ).toEqual([0, 0, 0, 0, 2, 2]);
  });

  it("serves LDAP with what it issued: slapd takes it, and ldapsearch checks it", async () => {
    await using directory = await temporaryDirectory("authority");
    const authority = await createAuthority(creation(directory.file("ca")));
    const issued = await issueCertificate({
      ...{ directory: directory.file("ca"), names: ["localhost", "127.0.0.1"], days: 30 },
      ...{ output: directory.path, replace: false, now: new Date() },
    });
    const certificate = { authority: authority.certPath, certificate: issued.certPath, privateKey: issued.keyPath };
    const ldif = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n";
    await using slapd = await startSlapd({ ldif, certificate });
    const search = (url: string, authorityPath: string, ...more: readonly string[]) =>
      runCommand("ldapsearch", ["-x", "-LLL", "-H", url, "-b", slapd.baseDn, "-s", "base", "dc", ...more], {
        environment: { LDAPTLS_CACERT: authorityPath, LDAPTLS_REQCERT: "demand" },
      });
    const stranger = await createAuthority(creation(directory.file("stranger")));
    const ended = [
      await search(slapd.ldapsUrl!, authority.certPath),
      await search(slapd.url, authority.certPath, "-ZZ"),
      await search(slapd.ldapsUrl!, stranger.certPath),
    ];
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 255]);
    expect(ended[0]?.stdout).toContain("dc: example");
  });

  it("keeps keys to its user, whatever the umask, and a line for each certificate", async () => {
    const directory = join(folderOf({}), "ca");
    const before = process.umask(0o000);
    onTestFinished(() => void process.umask(before));
    const authority = await createAuthority(creation(directory));
    const first = await issue(directory, ["a.example"]);
    process.umask(0o077);
    const second = await issue(directory, ["b.example"]);
    const paths = [authority, first, second];
    expect(paths.map(({ keyPath, certPath }) => [mode(keyPath), mode(certPath)])).toEqual(
      paths.map(() => ["600", "644"]),
    );
    const lines = readFileSync(join(directory, "issued.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      [first, second].map(({ serialNumber, fingerprint256, notAfter }, index) => ({
        time: expect.any(String),
        serialNumber,
        names: [["a.example"], ["b.example"]][index],
        notAfter: notAfter.toISOString(),
        fingerprint256,
      })),
    );
    expect(new Set([authority.serialNumber, first.serialNumber, second.serialNumber]).size).toBe(3);
  });

  it("may sign servers and no further authority, with keys on P-256 and SHA-256", async () => {
    const directory = folderOf({});
    const authority = await createAuthority(creation(directory));
    const issued = await issue(directory, ["ldap1.example.com"]);
    const text = await succeed("openssl", ["x509", "-in", authority.certPath, "-noout", "-text"]);
    expect(text).toMatch(/CA:TRUE, pathlen:0/);
    const [own, theirs] = [authority, issued].map(({ certPath }) => new X509Certificate(readFileSync(certPath)));
    expect([
      own?.ca,
      theirs?.ca,
      theirs?.publicKey.asymmetricKeyDetails?.namedCurve,
      theirs?.signatureAlgorithm,
    ]).toEqual([true, false, "prime256v1", "ecdsa-with-SHA256"]);
  });

  it("is not written over without being told, and is kept beside the new one when it is", async () => {
    const directory = folderOf({});
    const first = await createAuthority(creation(directory));
    await expect(createAuthority(creation(directory))).rejects.toThrow(/authority\.crt is there already.*--replace/);
    const issued = await issue(directory, ["a.example"]);
    await expect(issue(directory, ["a.example"])).rejects.toThrow(/a\.example\.crt is there already.*--replace/);
    const again = await issue(directory, ["a.example"], { replace: true });
    expect(again.fingerprint256).not.toBe(issued.fingerprint256);
    const second = await createAuthority({ ...creation(directory), replace: true });
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    const [replaced = ""] = readdirSync(directory).filter((name) => name.startsWith("replaced-"));
    const kept = new X509Certificate(readFileSync(join(directory, replaced, "authority.crt")));
    expect([kept.fingerprint256, mode(join(directory, replaced, "authority.key"))]).toEqual([
      first.fingerprint256,
      "600",
    ]);
    expect(readdirSync(directory).filter((name) => name.includes(".new-"))).toEqual([]);
  });

  it("refuses what no client would accept, and what is no host name, and then writes nothing", async () => {
    const directory = folderOf({});
    await createAuthority({ ...creation(directory), days: 100 });
    const refused = (names: readonly string[], more?: object) =>
      issue(directory, names, more).then(
        () => "issued",
        (error: unknown) => (error as AuthorityError).message,
      );
    expect([
      await refused(["a.example"], { days: 101 }),
      await refused(["a.example"], { days: 826 }),
      await refused(["a.example"], { now: new Date(Date.now() + 101 * dayMs), days: 1 }),
      await refused(["a b"]),
      await refused(["10.0.0.300"]),
      await refused(["../a"]),
      await refused([]),
    ]).toEqual([
      "the authority itself is only valid for 99 more days, and no client accepts what lasts longer: say --days 99, or make a new authority",
      "it can be valid for 1 to 825 days",
      expect.stringMatching(/^the authority expired on /),
      '"a b" is neither a host name nor an address',
      '"10.0.0.300" is neither a host name nor an address',
      '"../a" is neither a host name nor an address',
      "name 1 to 100 hosts or addresses",
    ]);
    expect(readdirSync(directory).sort()).toEqual(["authority.crt", "authority.key"]);
  });

  it("does not sign with a key that others can read, or that belongs to another certificate", async () => {
    const directory = folderOf({});
    const other = folderOf({});
    const { keyPath } = await createAuthority(creation(directory));
    const stranger = await createAuthority(creation(other));
    chmodSync(keyPath, 0o640);
    await expect(issue(directory, ["a.example"])).rejects.toThrow(/can be read by others/);
    const mixed = folderOf({
      "authority.crt": readFileSync(stranger.certPath, "utf8"),
      "authority.key": { text: readFileSync(keyPath, "utf8"), mode: 0o600 },
    });
    await expect(issue(mixed, ["a.example"])).rejects.toThrow(/is not the key of/);
    await expect(issue(folderOf({}), ["a.example"])).rejects.toThrow(
      /there is no authority in .*espalier cert ca create/,
    );
    expect(existsSync(join(directory, "issued.jsonl"))).toBe(false);
  });

  it("issues for whatever names it does not refuse, with all of them in the certificate", async () => {
    const directory = folderOf({});
    await createAuthority(creation(directory));
    const name = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.domain().map((domain) => `*.${domain}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), async (names) => {
        const { certPath } = await issue(directory, names, { replace: true });
        const issued = new X509Certificate(readFileSync(certPath));
        expect(
          certificateNames(issued)
            .map((each) => each.toLowerCase())
            .sort(),
        ).toEqual(names.map((each) => each.toLowerCase()).sort());
      }),
      { numRuns: 20 },
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        const error = await issue(directory, [text], { replace: true }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(AuthorityError);
      }),
      { numRuns: 50 },
    );
  });
});
