/** The `manager` section: the variables of the system before, what contradicts, and what is refused. */

import { writeFile } from "node:fs/promises";
import { ConfigurationError, loadConfiguration } from "@espalier/service";
import { type TemporaryDirectory, temporaryDirectory } from "@espalier/tests/lab";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { apiPrefix, listenAddress, managerSection } from "../../src/config.ts";

describe("the configuration", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory("config");
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const load = async (environment: Record<string, string>, text = "manager: {}\n") => {
    const file = directory.file("espalier.yaml");
    await writeFile(file, text);
    const { values, warnings } = loadConfiguration({ file, environment, sections: [managerSection] });
    return { ...values.manager, warnings };
  };
  const problems = async (text: string, environment: Record<string, string> = {}) => {
    try {
      await load(environment, text);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.problems.map(({ path, message }) => `${path} ${message}`);
    }
  };

  it("without anything is safe: this machine alone, no other origin, half an hour", async () => {
    expect(await load({})).toEqual({
      ...{ listen: { host: "127.0.0.1", port: 8_000 }, contextPath: "", allowedOrigins: [], trustedProxies: [] },
      keyFile: "data/manager.key",
      sessions: { idle: 1_800_000, maxAge: 43_200_000 },
      totp: { issuer: "Espalier", required: [] },
      oidc: {},
      replication: expect.any(Object),
      rateLimits: { session: 1_200, strangers: 240, signInTries: 5 },
      ...{ drainTimeout: 10_000, warnings: [] },
    });
  });

  it("takes the variables of the system before", async () => {
    const config = await load({
      ...{ PORT: "8080", CONTEXT_PATH: "/ldap/", WORKERS: "4", JSON_LOGS: "false" },
      ALLOWED_ORIGINS: "http://localhost:5173, https://ldap.example.com",
    });
    expect(listenAddress(config)).toEqual({ host: "127.0.0.1", port: 8_080 });
    expect(apiPrefix(config)).toBe("/ldap/api/v1");
    expect(config.allowedOrigins).toEqual(["http://localhost:5173", "https://ldap.example.com"]);
    expect(config.warnings).toEqual([
      "WORKERS: one process suffices, so there are no workers: unset it",
      "JSON_LOGS: the log is one JSON object a line whatever it says: unset it",
    ]);
    expect(apiPrefix(await load({ CONTEXT_PATH: "/" }))).toBe("/api/v1");
  });

  it("refuses every origin, and what is none", async () => {
    expect(await problems("manager: {}\n", { ALLOWED_ORIGINS: "*" })).toEqual([
      expect.stringContaining("manager.allowedOrigins[0] must not be `*`"),
    ]);
    for (const origin of ["ldap.example.com", "https://ldap.example.com/", "ftp://x", "null"]) {
      expect(await problems(`manager: { allowedOrigins: ["${origin}"] }\n`)).toHaveLength(1);
    }
  });

  it("refuses sessions that would never be idle, and a context path that is no path", async () => {
    expect(await problems("manager: { sessions: { idle: 2h, maxAge: 1h } }\n")).toEqual([
      expect.stringContaining("manager.sessions.idle is longer than `maxAge`"),
    ]);
    for (const path of ["ldap", "/a b", "//", "/a?b"]) {
      expect([path, (await problems(`manager: { contextPath: "${path}" }\n`)).length]).toEqual([path, 1]);
    }
  });

  it("refuses providers over clear text, without a person, and without a place to come back to", async () => {
    const provider = (keys: string, more = "publicUrl: https://ldap.example.com,") =>
      `manager: { ${more} oidc: { company: { clientId: x, ${keys} } } }\n`;
    const dn = `dn: "uid={sub},dc=example"`;
    expect(await problems(provider(`issuer: "https://id.example.com", ${dn}`))).toEqual([]);
    expect(await problems(provider(`issuer: "http://127.0.0.1:9000", ${dn}`))).toEqual([]);
    expect(await problems(provider(`issuer: "http://id.example.com", ${dn}`))).toEqual([
      "manager.oidc.company.issuer must begin with https: http is taken from this machine alone",
    ]);
    expect(await problems(provider(`issuer: "https://id.example.com"`))).toEqual([
      expect.stringContaining("manager.oidc.company.dn or `filter` must say"),
    ]);
    expect(await problems(provider(`issuer: "https://id.example.com", ${dn}`, ""))).toEqual([
      expect.stringContaining("manager.publicUrl is missing"),
    ]);
    expect(await problems(provider(`issuer: "https://id.example.com", dn: "uid=ann"`))).toEqual([
      expect.stringContaining("names no claim"),
    ]);
  });
});
