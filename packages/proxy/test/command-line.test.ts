import { ConfigurationError, formatProblem } from "@espalier/service";
import { describe, expect, it } from "vitest";
import { formatBackendUrl } from "../src/backend-url.ts";
import { configOfCommandLine, type ProxyCommandLine } from "../src/command-line.ts";

const nothing: ProxyCommandLine = {
  listen: [],
  bindAddress: undefined,
  operands: [],
  caPath: undefined,
  certPath: undefined,
  keyPath: undefined,
  startTls: false,
  verify: true,
  allowPlaintext: false,
  control: undefined,
};

/** Where it listens, and the backends of each tier. */
function described(words: Partial<ProxyCommandLine>) {
  const config = configOfCommandLine({ ...nothing, ...words });
  return {
    listen: config.listen.map(({ scheme, host, port }) => `${scheme}://${host}:${port}`),
    tiers: config.tiers.map(({ backends }) => backends.map(({ url }) => formatBackendUrl(url))),
  };
}

function refusal(words: Partial<ProxyCommandLine>): string[] {
  try {
    configOfCommandLine({ ...nothing, ...words });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

describe("a proxy on one line", () => {
  const listen = ["ldap://127.0.0.1:389"];

  it("has a tier for each group of servers between exclamation marks", () => {
    expect(described({ listen, operands: ["ldaps://10.1.1.1", "ldaps://10.1.1.2", "!", "ldaps://10.2.1.1"] })).toEqual({
      listen: ["ldap://127.0.0.1:389"],
      tiers: [["ldaps://10.1.1.1:636", "ldaps://10.1.1.2:636"], ["ldaps://10.2.1.1:636"]],
    });
  });

  it("takes a server without a scheme for ldaps", () => {
    expect(
      described({ listen, operands: ["ldap1.example.com", "ldap2:1636", "srv+ldaps://example.com"] }).tiers,
    ).toEqual([["ldaps://ldap1.example.com:636", "ldaps://ldap2:1636", "srv+ldaps://example.com"]]);
  });

  it("leaves everything else as a configuration without it has it", () => {
    const config = configOfCommandLine({
      ...nothing,
      listen,
      operands: ["a"],
      caPath: "ca.pem",
      control: "/run/p.sock",
    });
    expect(config).toMatchObject({
      tiers: [{ strategy: "round-robin" }],
      upstream: { caPath: "ca.pem", verify: true, startTls: false, connectTimeout: 5_000 },
      identity: { mode: "session" },
      health: { interval: 2_000, timeout: 2_000 },
      control: "/run/p.sock",
      allowPlaintext: false,
    });
  });

  it.each<[string, Partial<ProxyCommandLine>, string]>([
    [
      "no place to listen",
      { operands: ["a"] },
      "--listen: is missing: say where clients are served, as in --listen ldap://127.0.0.1:389",
    ],
    ["no server", { listen }, "the servers: are missing: name them after the options, as in ldaps://ldap1.example.com"],
    [
      "an exclamation mark at the end",
      { listen, operands: ["a", "!"] },
      "!: needs a server before it and one after it",
    ],
    [
      "a server that is none",
      { listen, operands: ["a", "http://b"] },
      'http://b: must be a server such as ldaps://ldap1.example.com, ldap://10.1.1.1:389 or srv+ldaps://example.com, and "http://b" is not one',
    ],
    [
      "the same server twice",
      { listen, operands: ["a", "!", "a:636"] },
      "a:636: is called a:636 like another backend: give it a name of its own",
    ],
    [
      "clear text to a server elsewhere",
      { listen, operands: ["ldap://10.1.1.1"] },
      "ldap://10.1.1.1: would be sent passwords in clear text over the network: use ldaps, or set upstream.startTls (--starttls), or allowPlaintext (--allow-plaintext)",
    ],
    [
      "clear text from the network",
      { listen: ["ldap://0.0.0.0"], operands: ["a"] },
      "--listen ldap://0.0.0.0: would take passwords in clear text from the network: use ldaps, or set requireConfidentiality with a certificate (StartTLS), or allowPlaintext (--allow-plaintext)",
    ],
    [
      "a listener with TLS and no certificate",
      { listen: ["ldaps://127.0.0.1"], operands: ["a"] },
      "--listen ldaps://127.0.0.1: is ldaps and needs a certificate: set tls.certPath and tls.keyPath (--cert, --key)",
    ],
    [
      "a certificate without its key",
      { listen, operands: ["a"], certPath: "a.crt" },
      "--cert, --key: needs both certPath and keyPath, or neither",
    ],
  ])("refuses %s, in the words that were given", (_, words, sentence) => {
    expect(refusal(words)).toEqual([sentence]);
  });

  it("may speak clear text where it was asked to, or only to this machine", () => {
    expect(refusal({ listen: ["ldap://0.0.0.0"], operands: ["ldap://10.1.1.1"], allowPlaintext: true })).toEqual([]);
    expect(refusal({ listen: ["ldap://[::1]", "ldap://localhost"], operands: ["ldap://127.0.0.1:3890"] })).toEqual([]);
    expect(refusal({ listen, operands: ["ldap://10.1.1.1"], startTls: true })).toEqual([]);
  });
});

describe("balance's command line", () => {
  it("begins with an address and a port, which hosts without one have too", () => {
    const certificate = { certPath: "p.crt", keyPath: "p.key" };
    expect(
      described({
        bindAddress: "127.0.0.1",
        operands: ["636", "10.1.1.1", "10.1.1.2:1636", "!", "dr"],
        ...certificate,
        startTls: true,
      }),
    ).toEqual({
      listen: ["ldaps://127.0.0.1:636"],
      tiers: [["ldaps://10.1.1.1:636", "ldap://10.1.1.2:1636"], ["ldaps://dr:636"]],
    });
    expect(
      described({ bindAddress: "127.0.0.1", operands: ["389", "10.1.1.1", "10.1.1.2:636"], startTls: true }),
    ).toEqual({
      listen: ["ldap://127.0.0.1:389"],
      tiers: [["ldap://10.1.1.1:389", "ldaps://10.1.1.2:636"]],
    });
  });

  it("takes URLs for hosts, so that one process stands for balance and stunnel", () => {
    expect(described({ bindAddress: "::1", operands: ["389", "ldaps://10.1.1.1", "!", "ldaps://10.2.1.1"] })).toEqual({
      listen: ["ldap://::1:389"],
      tiers: [["ldaps://10.1.1.1:636"], ["ldaps://10.2.1.1:636"]],
    });
  });

  it.each<[string, Partial<ProxyCommandLine>, string]>([
    [
      "no port",
      { operands: ["10.1.1.1"] },
      "-b: needs a port before the servers, as in -b 127.0.0.1 389 ldaps://ldap1.example.com",
    ],
    [
      "no server",
      { operands: ["389"] },
      "the servers: are missing: name them after the port, as in -b 127.0.0.1 389 ldaps://10.1.1.1",
    ],
    [
      "--listen as well",
      { listen: ["ldap://127.0.0.1"], operands: ["389", "a"] },
      "-b: says the same as --listen: use one or the other",
    ],
    [
      "a limit of connections behind the port",
      { operands: ["389", "127.0.0.1:636:10"] },
      '127.0.0.1:636:10: must be a server such as ldaps://ldap1.example.com, ldap://10.1.1.1:389 or srv+ldaps://example.com, and "127.0.0.1:636:10" is not one',
    ],
  ])("refuses %s", (_, words, sentence) => {
    expect(refusal({ bindAddress: "127.0.0.1", ...words })).toEqual([sentence]);
  });
});
