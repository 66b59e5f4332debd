/** What is looked at, of a configuration with everything in it. */
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../../../tests/lab/index.ts";
import { liveTargetsOf } from "../src/commands/live-targets.ts";
import { type Configuration, loadWholeConfiguration } from "../src/configuration.ts";

const queries = { allUsers: "SELECT 1", oneUser: "SELECT ?", allGroups: "SELECT 1", groupsByMember: "SELECT ?" };

async function load(configuration: object): Promise<Configuration> {
  await using directory = await temporaryDirectory("targets");
  const file = directory.file("espalier.yaml");
  writeFileSync(file, JSON.stringify(configuration));
  return loadWholeConfiguration({}, file);
}

it("listeners are asked on this machine, and called by the name that clients know", async () => {
  const gateway = {
    ...{ base: "dc=example,dc=com", commonName: "ldap.example.com", sql: { url: "sqlite:users.db", queries } },
    listen: ["ldaps://0.0.0.0:636", "ldap://127.0.0.1:389"],
    tls: { certPath: "server.crt", keyPath: "server.key" },
  };
  const { nodes } = liveTargetsOf(await load({ gateway, check: { caFile: "company.crt" } }));
  const common = { group: "gateway", base: "dc=example,dc=com", serverName: "ldap.example.com", isReplica: false };
  expect(nodes).toEqual([
    {
      ...{ ...common, name: "ldap.example.com:636", host: "127.0.0.1", port: 636, shownHost: "ldap.example.com" },
      ...{ security: "ldaps", verification: "unknown", caFiles: ["company.crt"] },
    },
    {
      ...{ ...common, name: "127.0.0.1:389", host: "127.0.0.1", port: 389, shownHost: "127.0.0.1" },
      ...{ security: "starttls-if-offered", verification: "unknown", caFiles: ["company.crt"] },
    },
  ]);
});

it("a certificate that the gateway made itself is trusted by its copy", async () => {
  const gateway = { base: "dc=example,dc=com", sql: { url: "sqlite:users.db", queries } };
  const { nodes } = liveTargetsOf(await load({ gateway }));
  expect(nodes).toMatchObject([
    {
      name: `${hostname()}:636`,
      host: "127.0.0.1",
      serverName: undefined,
      caFiles: [resolve("cert/self-signed/server.crt")],
    },
  ]);
});

it("backends of the proxy and servers of clusters are asked as their clients are configured", async () => {
  const clusters = [
    {
      ...{ name: "people", base_dn: "dc=example,dc=com", bind_dn: "cn=reader,dc=example,dc=com", bind_password: "x" },
      nodes: [{ host: "ldap1.example.com", name: "ldap1" }, { host: "ldap2.example.com" }],
      tls: { mode: "ldaps", ca_file: "people.crt", server_name: "ldap.example.com" },
    },
  ];
  const proxy = {
    listen: ["ldap://127.0.0.1:389"],
    tiers: [{ backends: ["ldaps://ldap1.example.com", "ldaps://ldap9.example.com", "srv+ldaps://example.org"] }],
    upstream: { caPath: "upstream.crt", verify: false },
    health: { base: "ou=people,dc=example,dc=com", bind: { dn: "cn=check,dc=example,dc=com", password: "y" } },
  };
  const { nodes, endpoints } = liveTargetsOf(await load({ clusters, proxy }));
  expect(endpoints).toEqual([]);
  expect(
    nodes.map(({ group, name, security, verification, isSrv, isReplica, serverName, caFiles, base, bind }) => [
      ...[group, name, security, verification, isSrv === true, isReplica, serverName, caFiles, base, bind?.dn],
    ]),
  ).toEqual([
    [
      "proxy listeners",
      "127.0.0.1:389",
      "none",
      "unknown",
      false,
      false,
      undefined,
      ["people.crt", "upstream.crt"],
      undefined,
      undefined,
    ],
    // Whether it is behind is seen in its cluster.
    [
      "proxy",
      "ldap1.example.com:636",
      "ldaps",
      "off",
      false,
      false,
      undefined,
      ["upstream.crt"],
      proxy.health.base,
      proxy.health.bind.dn,
    ],
    [
      "proxy",
      "ldap9.example.com:636",
      "ldaps",
      "off",
      false,
      true,
      undefined,
      ["upstream.crt"],
      proxy.health.base,
      proxy.health.bind.dn,
    ],
    [
      "proxy",
      "srv+ldaps://example.org",
      "ldaps",
      "off",
      true,
      true,
      undefined,
      ["upstream.crt"],
      proxy.health.base,
      proxy.health.bind.dn,
    ],
    [
      "people",
      "ldap1",
      "ldaps",
      "on",
      false,
      true,
      "ldap.example.com",
      ["people.crt"],
      "dc=example,dc=com",
      clusters[0]!.bind_dn,
    ],
    [
      "people",
      "ldap2.example.com:636",
      "ldaps",
      "on",
      false,
      true,
      "ldap.example.com",
      ["people.crt"],
      "dc=example,dc=com",
      clusters[0]!.bind_dn,
    ],
  ]);
});

it("public addresses, more endpoints, disks, backups and the queue are looked at", async () => {
  const configuration = await load({
    clusters: [{ name: "people", host: "127.0.0.1" }],
    manager: { publicUrl: "https://ldap.example.com" },
    notify: { publicUrl: "http://hooks.example.com" },
    store: { url: "sqlite:/var/lib/espalier/espalier.db" },
    check: { endpoints: ["ldap://ldap3.example.com", "https://ldap.example.com"], backups: { directory: "/backups" } },
  });
  const queue = async () => ({ waiting: 0, oldestSeconds: 0, dead: 0 });
  const targets = liveTargetsOf(configuration, queue);
  expect(targets.endpoints.map(({ url, protocol, host, port }) => [url, protocol, host, port])).toEqual([
    ["https://ldap.example.com", "https", "ldap.example.com", 443],
    ["ldap://ldap3.example.com", "starttls", "ldap3.example.com", 389],
  ]);
  expect(targets.storage).toEqual([
    { name: "store", path: "/var/lib/espalier" },
    { name: "backups", path: "/backups" },
  ]);
  expect(targets.backups?.directory).toBe("/backups");
  expect(targets.queue).toBe(queue);
});
