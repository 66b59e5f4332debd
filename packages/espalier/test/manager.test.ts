/** When `espalier up` and `espalier config test` take the manager along, and what they say when they cannot. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError } from "@espalier/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configTest } from "../src/commands/config-test.ts";
import { loadManagerConfiguration, loadWholeConfiguration } from "../src/configuration.ts";

const clusters = [{ name: "production", host: "127.0.0.1", port: 1, bind_dn: "cn=admin,dc=example,dc=com" }];

describe("the manager's configuration", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "espalier-manager-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (content: object) => {
    const path = join(folder, "config.yml");
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const problems = (load: () => unknown) => {
    try {
      load();
    } catch (error) {
      if (error instanceof ConfigurationError) return error.problems.map(({ path, message }) => `${path} ${message}`);
    }
    return [];
  };

  it("is complete with clusters alone, and takes the variables of the system before", () => {
    const environment = {
      PORT: "8123",
      CONTEXT_PATH: "/ldap/",
      ALLOWED_ORIGINS: "https://a.example.com",
      WORKERS: "4",
    };
    const { manager, store, warnings } = loadManagerConfiguration(environment, file({ clusters }));
    expect(manager).toMatchObject({ port: 8123, contextPath: "/ldap", allowedOrigins: ["https://a.example.com"] });
    expect(store.url.reveal()).toBe("sqlite:data/espalier.db");
    expect(warnings).toEqual(["WORKERS: one process suffices, so there are no workers: unset it"]);
    expect(problems(() => loadManagerConfiguration({ ALLOWED_ORIGINS: "*" }, file({ clusters })))).toHaveLength(1);
  });

  it("joins the others where there are clusters, and PORT is the gateway's beside one", () => {
    const gateway = { SQL_URI: "sqlite:users.db", LDAP_BASE_DN: "dc=example,dc=com", LDAP_UNENCRYPTED: "true" };
    const queries = {
      SQL_QUERY_ALL_USERS: "SELECT 1",
      SQL_QUERY_ONE_USER: "SELECT 1",
      SQL_QUERY_ALL_GROUPS: "SELECT 1",
      SQL_QUERY_GROUPS_BY_MEMBER: "SELECT 1",
    };
    const together = loadWholeConfiguration({ ...gateway, ...queries, PORT: "3389" }, file({ clusters }));
    expect(together.manager?.port).toBeUndefined();
    expect(together.store).toBeDefined();
    const alone = loadWholeConfiguration({ ...gateway, ...queries, PORT: "3389" }, file({}));
    expect(alone.manager).toBeUndefined();
  });

  it("has PORT for itself where there is no gateway, which PORT alone does not make", () => {
    const { manager, gateway } = loadWholeConfiguration({ PORT: "8123" }, file({ clusters }));
    expect([manager?.port, gateway]).toEqual([8123, undefined]);
  });

  it("is refused without clusters", () => {
    const load = () => loadWholeConfiguration({}, file({ manager: { contextPath: "/ldap" } }));
    expect(problems(load)).toEqual([expect.stringContaining("clusters is missing")]);
  });

  it("is tested by connecting to each node, of which one that is down is a warning", async () => {
    let text = "";
    const configuration = loadWholeConfiguration({}, file({ clusters }));
    expect(await configTest(configuration, { write: (part) => (text += part) })).toBe(0);
    expect(text.trimEnd().split("\n")).toEqual([
      "ok       Serves the API on http://127.0.0.1:8000/api/v1.",
      expect.stringMatching(
        /^warning {2}Cluster production, 127\.0\.0\.1:1: Cannot connect to ldap:\/\/127\.0\.0\.1:1/,
      ),
      "",
      "The manager can serve with this configuration.",
    ]);
  });
});
