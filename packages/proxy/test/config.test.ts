import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { BlockList } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError, loadConfiguration } from "@espalier/service";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackendUrl, formatBackendUrl, parseBackendUrl } from "../src/backend-url.ts";
import { type ProxyConfig, proxySection } from "../src/config.ts";
import { addNetwork, isLoopback } from "../src/network.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-proxy-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(proxy: object): ProxyConfig {
  const file = join(folder, "espalier.yaml");
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify({ proxy }));
  return loadConfiguration({ file, environment: {}, sections: [proxySection] }).values.proxy;
}

function problems(proxy: object): string[] {
  try {
    load(proxy);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const least = { listen: ["ldap://127.0.0.1:389"], tiers: [{ backends: ["a.example.com"] }] };

describe("the proxy's section", () => {
  it("needs a listener and a tier, and has a default for everything else", () => {
    const config = load(least);
    expect(config.tiers).toEqual([
      {
        strategy: "round-robin",
        backends: [
          {
            name: "a.example.com:636",
            url: { scheme: "ldaps", host: "a.example.com", port: 636, isSrv: false },
            weight: 1,
          },
        ],
      },
    ]);
    expect(config).toMatchObject({
      write: { failover: "manual", holdDown: 30_000 },
      identity: { mode: "session", replayBinds: true },
      affinity: { afterWrite: 5_000 },
      limits: { pendingPerClient: 100, queue: 2_000, messageBytes: 1_048_576, buffer: 4_194_304 },
      upstream: { verify: true, maxPending: 500 },
      health: { interval: 2_000, timeout: 2_000, rise: 2, fall: 3, base: "", maxLag: 30_000 },
      control: "proxy.sock",
    });
    expect(problems({})).toEqual([
      "proxy.listen: is missing: set it with proxy.listen in espalier.yaml",
      "proxy.tiers: is missing: set it with proxy.tiers in espalier.yaml",
    ]);
  });

  it("names backends, weighs them, and finds those of SRV records", () => {
    const [tier] = load({
      ...least,
      tiers: [
        {
          strategy: "weighted",
          backends: [{ name: "a", url: "ldaps://a.example.com:1636", weight: 3 }, "srv+ldaps://example.com"],
        },
      ],
    }).tiers;
    expect(tier).toEqual({
      strategy: "weighted",
      backends: [
        { name: "a", url: { scheme: "ldaps", host: "a.example.com", port: 1636, isSrv: false }, weight: 3 },
        {
          name: "srv+ldaps://example.com",
          url: { scheme: "ldaps", host: "example.com", port: 636, isSrv: true },
          weight: 1,
        },
      ],
    });
  });

  it.each<[string, object, string]>([
    [
      "automatic failover of writes without an account to find out with",
      { write: { failover: "automatic" } },
      "proxy.write.failover: is automatic and needs health.bind, an account that may write: a server does not tell anybody else whether it takes writes",
    ],
    [
      "a write node that is no backend",
      { write: { backends: ["b"] } },
      "proxy.write.backends[0]: is no backend's name: there are a.example.com:636",
    ],
    [
      "proxied authorization without an account",
      { identity: { mode: "proxyauthz" } },
      "proxy.identity: needs dn and password with mode proxyauthz: the account that may use proxied authorization",
    ],
    [
      "an account that nothing uses",
      { identity: { dn: "cn=proxy,dc=example,dc=com", password: "secret" } },
      "proxy.identity: has an account of the proxy's, which mode session has no use for: remove dn and password",
    ],
    [
      "an account that is no DN",
      { identity: { dn: "proxy", password: "secret" } },
      "proxy.identity.dn: must be a DN such as cn=proxy,dc=example,dc=com",
    ],
    [
      "addresses for backends that share connections",
      { identity: { mode: "identity" }, upstream: { proxyProtocol: true } },
      "proxy.upstream.proxyProtocol: needs identity.mode session: with identity many clients share a connection, which can name one address only",
    ],
    [
      "client certificates without one's own",
      { tls: { clientCaPath: "ca.pem" } },
      "proxy.tls: asks for client certificates, which a listener without certPath and keyPath cannot do",
    ],
    [
      "a network that is none",
      { proxyProtocol: { from: ["10.0.0.0/33"] } },
      'proxy.proxyProtocol.from[0]: must be an address or a network such as 10.0.0.0/8, and "10.0.0.0/33" is neither',
    ],
    [
      "a rule without a verb",
      { firewall: [{ tls: false }] },
      "proxy.firewall[0]: needs either deny or allow, with the operations it is about",
    ],
    [
      "a rule with both",
      { firewall: [{ allow: ["read"], deny: ["write"] }] },
      "proxy.firewall[0]: needs either deny or allow, with the operations it is about",
    ],
    [
      "a rule for a listener that there is not",
      { firewall: [{ deny: ["write"], unless: { listeners: ["ldap://127.0.0.2"] } }] },
      "proxy.firewall[0]: names a listener that there is not, ldap://127.0.0.2:389: there are ldap://127.0.0.1:389",
    ],
    [
      "a rule for a DN that is none",
      { firewall: [{ deny: ["write"], base: ["people"] }] },
      'proxy.firewall[0]: cannot be used: "people" is not a DN such as ou=people,dc=example,dc=com.',
    ],
    [
      "a check for a filter that is none",
      { health: { filter: "(uid=ann" } },
      "proxy.health.filter: must be a filter such as (objectClass=*)",
    ],
    [
      "an operation that is none",
      { firewall: [{ deny: ["writes"] }] },
      'proxy.firewall[0].deny[0]: must be any, read, write, bind, search, compare, add, modify, delete, modifyDn or extended, not "writes"; did you mean write?',
    ],
    [
      "a socket whose path the system cannot hold",
      { control: `/run/${"x".repeat(100)}.sock` },
      "proxy.control: is too long for the path of a socket: 90 bytes at most",
    ],
  ])("refuses %s in a sentence", (_, change, sentence) => {
    expect(problems({ ...least, ...change })).toEqual([sentence]);
  });

  it("serves clear text off loopback where StartTLS is required, or where it was asked to", () => {
    const open = { ...least, listen: ["ldap://0.0.0.0:389"] };
    expect(problems(open)).toHaveLength(1);
    expect(problems({ ...open, requireConfidentiality: true })).toHaveLength(1);
    expect(problems({ ...open, requireConfidentiality: true, tls: { certPath: "a", keyPath: "b" } })).toEqual([]);
    expect(problems({ ...open, allowPlaintext: true })).toEqual([]);
  });

  it("never repeats the service account's password", () => {
    const written = {
      ...least,
      identity: { mode: "proxyauthz", dn: "cn=proxy,dc=example,dc=com", password: "hunter2" },
    };
    expect(JSON.stringify(load(written))).not.toContain("hunter2");
    expect(problems({ ...written, readOnly: 7 }).join()).not.toContain("hunter2");
  });

  it("keeps the firewall's rules as they are written", () => {
    const rules = [
      { deny: ["write"], unless: { from: ["10.0.5.0/24"], listeners: ["ldap://127.0.0.1:389"] } },
      { name: "no clear text", deny: ["bind"], unless: { tls: true } },
      {
        allow: ["search"],
        base: ["dc=example,dc=com"],
        scope: ["base"],
        filter: ["(uid=*)"],
        attributes: ["mail"],
        oids: ["1.2"],
      },
    ];
    expect(load({ ...least, firewall: rules }).firewall).toEqual(rules);
  });
});

describe("a backend's URL", () => {
  it("is read back as it was written", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
    const url: fc.Arbitrary<BackendUrl> = fc.oneof(
      fc.record({
        scheme: fc.constantFrom("ldap" as const, "ldaps" as const),
        host: fc.oneof(name, fc.ipV4(), fc.ipV6()),
        port: fc.integer({ min: 1, max: 65_535 }),
        isSrv: fc.constant(false),
      }),
      fc
        .constantFrom("ldap" as const, "ldaps" as const)
        .chain((scheme) => name.map((host) => ({ scheme, host, port: scheme === "ldap" ? 389 : 636, isSrv: true }))),
    );
    fc.assert(
      fc.property(url, (each) => {
        expect(parseBackendUrl(formatBackendUrl(each))).toEqual(each);
      }),
    );
  });

  it.each([
    "",
    "ldap://",
    "http://a",
    "ldaps://a:0",
    "ldaps://a:70000",
    "ldaps://a/dc=x",
    "ldaps://u@a",
    "srv+ldaps://a:636",
    "a b",
  ])("is not %j", (text) => {
    expect(parseBackendUrl(text)).toBeUndefined();
  });
});

describe("a network", () => {
  it("holds its addresses and no other", () => {
    const list = new BlockList();
    expect(["10.0.5.0/24", "192.0.2.7", "2001:db8::/32"].map((text) => addNetwork(list, text))).toEqual([
      true,
      true,
      true,
    ]);
    const inside = (address: string) => list.check(address, address.includes(":") ? "ipv6" : "ipv4");
    expect(["10.0.5.255", "10.0.6.0", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db9::1"].map(inside)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it.each(["", "10.0.0.0/33", "10.0.0", "::/129", "localhost", "10.0.0.0/", "10.0.0.0/8/8"])("is not %j", (text) => {
    expect(addNetwork(new BlockList(), text)).toBe(false);
  });

  it.each<[string, boolean]>([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["::1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["127.example.com", false],
    ["10.0.0.1", false],
  ])("of %s is this machine's own: %s", (host, isOwn) => {
    expect(isLoopback(host)).toBe(isOwn);
  });
});
