/** What `espalier config test` finds of a proxy. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CertificateAuthority, createCertificateAuthority } from "../../../tests/lab/certificates.ts";
import { freePort } from "../../../tests/lab/ports.ts";
import { requirePrograms } from "../../../tests/lab/programs.ts";
import { startSlapd } from "../../../tests/lab/slapd.ts";
import { proxySection } from "../src/config.ts";
import { testProxy } from "../src/config-test.ts";
import { RecordingServer, service } from "./dispatch/recording-server.ts";

let folder: string;
let authority: CertificateAuthority;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "espalier-proxy-test-"));
  authority = await createCertificateAuthority(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function findings(written: object): Promise<string[]> {
  const config = proxySection.schema.parse({ listen: ["ldap://127.0.0.1:389"], control: "off", ...written } as never);
  return (await testProxy(config)).map(({ status, text }) => `${status} ${text}`);
}

describe("a test of the proxy's configuration", () => {
  it("connects to every backend, and takes one that is away for no reason not to start", async () => {
    await using server = await RecordingServer.start();
    const port = await freePort();
    const backends = [{ name: "a", url: server.url }];
    expect(
      await findings({ tiers: [{ backends }, { backends: [{ name: "b", url: `ldap://127.0.0.1:${port}` }] }] }),
    ).toEqual([
      "ok Serves clients on ldap://127.0.0.1:389.",
      expect.stringMatching(/^ok Tier 1, a: answers.*\.$/),
      expect.stringMatching(/^warning Tier 2, b: .*ECONNREFUSED/),
    ]);
  });

  it("opens the certificates, and says whose they are and for how long", async () => {
    const { certificate, privateKey } = await authority.issue("ldap", ["ldap.example.com"]);
    const tls = { certPath: certificate, keyPath: privateKey, clientCaPath: authority.certificate };
    const tiers = [{ backends: ["srv+ldaps://espalier.invalid"] }];
    expect((await findings({ tiers, tls, upstream: { caPath: authority.certificate } })).slice(0, 2)).toEqual([
      "ok Serves clients on ldap://127.0.0.1:389.",
      expect.stringMatching(/^ok Certificate of CN=ldap\.example\.com, valid until .* \(2\d days\)\.$/),
    ]);
    expect(await findings({ tiers, tls: { ...tls, keyPath: join(folder, "authority.key") } })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^error Certificate: the key .* does not belong/)]),
    );
    expect(await findings({ tiers, upstream: { caPath: privateKey } })).toEqual([
      "ok Serves clients on ldap://127.0.0.1:389.",
      `error Certificates for backends: there is no certificate in ${privateKey}: it must be PEM, with -----BEGIN CERTIFICATE-----`,
    ]);
  });

  it("says that a server does not offer proxied authorization where that is asked for", async () => {
    await using server = await RecordingServer.start();
    const identity = { mode: "proxyauthz", ...service };
    expect((await findings({ tiers: [{ backends: [{ name: "a", url: server.url }] }], identity })).slice(1)).toEqual([
      expect.stringMatching(/^ok Tier 1, a: answers/),
      "error Tier 1, a: does not offer proxied authorization (RFC 4370): use identity.mode session or identity",
    ]);
  });
});

requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" })("a test of the proxy's account", () => {
  it("binds as it", async () => {
    const entry = [
      "dn: dc=example,dc=com",
      "objectClass: dcObject",
      "objectClass: organization",
      "o: x",
      "dc: example",
    ];
    await using slapd = await startSlapd({ ldif: `${entry.join("\n")}\n` });
    const tiers = [{ backends: [{ name: "a", url: slapd.url }] }];
    const identity = (password: string) => ({ mode: "proxyauthz", dn: slapd.rootDn, password });
    expect((await findings({ tiers, identity: identity(slapd.rootPassword) })).slice(1)).toEqual([
      "ok Tier 1, a: answers, with dc=example,dc=com.",
      `ok Tier 1, a: takes the account ${slapd.rootDn}.`,
    ]);
    const [, , refused] = await findings({ tiers, identity: identity("not-the-password") });
    expect(refused).toMatch(/^error Tier 1, a: .*invalidCredentials/);
    expect(refused).not.toContain("not-the-password");
  });
});
