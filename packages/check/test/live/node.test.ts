/** Directory servers as their clients meet them: slapd, 389 Directory Server, the gateway. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { Secret } from "@espalier/service";
import {
  fillSqlite,
  freePort,
  randomPopulation,
  requirePrograms,
  startDirectory389,
  startGateway,
  startSlapd,
  startSlapdMirror,
  succeed,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { expect, it, onTestFinished } from "vitest";
import { observe } from "../../src/live/observe.ts";
import { RefusedBinds } from "../../src/live/refused-binds.ts";
import type { LiveTargets, NodeTarget } from "../../src/live/targets.ts";
import { testAuthority } from "./authority.ts";

const describe = requirePrograms({ openssl: "openssl", slapd: "slapd", ldapsearch: "ldap-utils" });
const describe389 = requirePrograms({ "ns-slapd": "389-ds-base" });

const base = "dc=example,dc=com";
const ldif = [
  `dn: ${base}\nobjectClass: domain\ndc: example\n`,
  `dn: ou=people,${base}\nobjectClass: organizationalUnit\nou: people\n`,
  `dn: uid=ada,ou=people,${base}\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\nsn: Lovelace\n`,
].join("\n");
const now = Date.now;

function target(node: Partial<NodeTarget> & Pick<NodeTarget, "port">): NodeTarget {
  return {
    ...{ group: "people", name: "ldap1", host: "127.0.0.1", security: "none", verification: "on" },
    ...{ caFiles: [], isReplica: false },
    ...node,
  };
}

const nothing: LiveTargets = { endpoints: [], nodes: [], storage: [], host: false };

async function looks(...nodes: readonly NodeTarget[]) {
  return observe({ ...nothing, nodes }, { now });
}

describe("a node", () => {
  it("answers, takes the password, and shows strangers what is below the base", async () => {
    const authority = await testAuthority();
    const certificate = await authority.issue("ldap", ["127.0.0.1"]);
    await using slapd = await startSlapd({ ldif, certificate, monitor: true });
    const bind = { dn: slapd.rootDn, password: new Secret(slapd.rootPassword) };
    const caFiles = [authority.certificate];
    const { documents, unseen, unreadable } = await looks(
      target({ port: slapd.ldapsPort!, security: "ldaps", caFiles, bind }),
      target({ name: "ldap2", port: slapd.port, security: "starttls-if-offered", verification: "off" }),
      target({ name: "ldap3", port: slapd.port, base: `ou=people,${base}` }),
    );
    const seen = { group: "people", addresses: ["127.0.0.1"], isAnonymousReadable: true };
    expect(documents.node).toEqual([
      { ...seen, name: "ldap1", url: slapd.ldapsUrl, bind: "ok", isEncrypted: true, isVerified: true },
      { ...seen, name: "ldap2", url: slapd.url, isEncrypted: true, isVerified: false },
      { ...seen, name: "ldap3", url: slapd.url, isEncrypted: false, isVerified: true },
    ]);
    expect(documents.endpoint.map(({ url, serverName, failure }) => [url, serverName, failure])).toEqual([
      [slapd.ldapsUrl, "127.0.0.1", undefined],
      [slapd.url, "127.0.0.1", undefined],
    ]);
    // cn=Monitor tells its time to whoever asks.
    expect(documents.clock.map(({ source }) => source)).toEqual(["ldap1", "ldap2", "ldap3"]);
    for (const { offsetSeconds } of documents.clock) expect(Math.abs(offsetSeconds)).toBeLessThan(2);
    expect({ unseen, unreadable }).toEqual({ unseen: [], unreadable: [] });
  });

  it("refuses a wrong password, which is not tried again within the hour", async () => {
    await using slapd = await startSlapd({ ldif, logsOperations: true });
    const bind = { dn: slapd.rootDn, password: new Secret("wrong") };
    const nodes = [target({ port: slapd.port, bind })];
    const refused = new RefusedBinds();
    const clock = { time: now() };
    const ask = async () => {
      const { documents } = await observe({ ...nothing, nodes }, { now: () => clock.time, refused });
      return documents.node[0]?.bind;
    };
    const binds = () => [...slapd.process.log.matchAll(/BIND dn="cn=admin/g)].length;
    expect([await ask(), await ask()]).toEqual([{ code: "invalidCredentials" }, { code: "invalidCredentials" }]);
    expect(binds()).toBe(1);
    clock.time += 3_600_000;
    expect(await ask()).toEqual({ code: "invalidCredentials" });
    expect(binds()).toBe(2);
  });

  it("that verifies the certificate is not reached where it is another's, and the endpoint is looked at all the same", async () => {
    const authority = await testAuthority();
    const certificate = await authority.issue("ldap", ["ldap.example.com"]);
    await using slapd = await startSlapd({ ldif, certificate });
    const caFiles = [authority.certificate];
    const { documents } = await looks(target({ port: slapd.ldapsPort!, security: "ldaps", caFiles }));
    expect(documents.node[0]?.failure).toMatch(/^Hostname\/IP does not match certificate's altnames/);
    expect(documents.endpoint[0]).toMatchObject({ serverName: "127.0.0.1", tlsVersion: "TLSv1.3" });
  });

  it("without StartTLS is asked nothing where that is insisted on, and is no endpoint where it is not", async () => {
    await using slapd = await startSlapd({ ldif });
    const insisting = await looks(target({ port: slapd.port, security: "starttls" }));
    expect(insisting.documents.node[0]?.failure).toBe("it answered protocolError: unsupported extended operation");
    const lenient = await looks(target({ port: slapd.port, security: "starttls-if-offered" }));
    expect(lenient.documents.node[0]).toMatchObject({ isEncrypted: false, isAnonymousReadable: true });
    expect(lenient.documents.endpoint).toEqual([]);
    expect(lenient.unreadable).toEqual([]);
  });

  it("that is gone, or hangs, is told within ten seconds, as what was not seen", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
    onTestFinished(() => {
      silent.close();
    });
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const gone = await freePort();
    const startedAt = performance.now();
    const { documents, unseen, unreadable } = await looks(
      target({ port: gone, security: "ldaps" }),
      target({ name: "ldap2", port, security: "none" }),
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(documents.node.map(({ failure }) => failure)).toEqual([
      "nothing listens there (ECONNREFUSED)",
      "it did not answer in time",
    ]);
    expect(unseen.filter(({ kind }) => kind === "node").map(({ subjects }) => subjects)).toEqual([
      ["ldap1"],
      ["ldap2"],
    ]);
    expect(unseen.filter(({ kind }) => kind === "endpoint")).toEqual([
      { kind: "endpoint", subjects: [`ldaps://127.0.0.1:${gone}`] },
    ]);
    // The rules about nodes say it: it need not be said twice.
    expect(unreadable).toEqual([]);
  });

  it("of our own gateway does not show its entries to strangers, unless it is told to", async () => {
    await using directory = await temporaryDirectory("check-gateway");
    const population = randomPopulation({ seed: 1, users: 5, groups: 2 });
    const environment = fillSqlite(directory.file("users.sqlite"), population);
    await using open = await startGateway({ environment });
    await using closed = await startGateway({ environment: { ...environment, REQUIRE_AUTH_FOR_SEARCH: "true" } });
    const { documents } = await looks(
      target({ port: open.port, security: "starttls-if-offered", verification: "unknown" }),
      target({ name: "ldap2", port: closed.port, security: "starttls-if-offered", verification: "unknown" }),
    );
    expect(documents.node.map(({ isAnonymousReadable }) => isAnonymousReadable)).toEqual([true, false]);
    expect(documents.endpoint.map(({ serverName }) => serverName)).toEqual(["localhost", "localhost"]);
  });
});

describe("replication", () => {
  it("has no lag where servers agree, and since when a change is missing where one has stopped", async () => {
    const authority = await testAuthority();
    const certificate = await authority.issue("ldap", ["127.0.0.1"]);
    await using mirror = await startSlapdMirror({ ldif, certificate, nodes: 2 });
    const [first, second] = mirror.nodes;
    const nodes = [first!, second!].map(({ port }, index) =>
      target({ name: `ldap${index + 1}`, port, isReplica: true, base }),
    );
    const agreed = await looks(...nodes);
    expect(agreed.documents.replication).toEqual([
      { cluster: "people", node: "ldap1", lagSeconds: 0 },
      { cluster: "people", node: "ldap2", lagSeconds: 0 },
    ]);
    // A change that only the first has: the second is a server of the same data that hears nothing of it.
    await using alone = await startSlapd({ ldif: await second!.dump(), certificate });
    await modify(first!.url, first!.rootDn, first!.rootPassword, "first");
    const earlier = now();
    const apart = [nodes[0]!, target({ name: "ldap2", port: alone.port, isReplica: true, base })];
    const at = () => earlier + 600_000;
    const { documents } = await observe({ ...nothing, nodes: apart }, { now: at });
    const [ahead, behind] = documents.replication;
    expect(ahead).toEqual({ cluster: "people", node: "ldap1", lagSeconds: 0 });
    expect(behind?.lagSeconds).toBeGreaterThanOrEqual(598);
    expect(behind?.lagSeconds).toBeLessThanOrEqual(603);
  });

  it("is not known of a server that does not say which changes it has", async () => {
    await using one = await startSlapd({ ldif });
    await using other = await startSlapd({ ldif });
    const { documents, unseen } = await looks(
      target({ port: one.port, isReplica: true }),
      target({ name: "ldap2", port: other.port, isReplica: true }),
    );
    expect(documents.replication).toEqual([]);
    expect(unseen.map(({ kind, subjects }) => [kind, subjects[0]])).toEqual([
      ["replication", "ldap1"],
      ["replication", "ldap2"],
    ]);
  });
});

describe389("389 Directory Server", () => {
  it("is asked as any other, and tells its time", async () => {
    await using server = await startDirectory389();
    const bind = { dn: server.rootDn, password: new Secret(server.rootPassword) };
    const { documents } = await looks(target({ port: server.port, bind }));
    expect(documents.node).toEqual([
      {
        ...{ group: "people", name: "ldap1", url: server.url, addresses: ["127.0.0.1"], bind: "ok" },
        ...{ isAnonymousReadable: false, isEncrypted: false, isVerified: true },
      },
    ]);
    expect(documents.clock).toHaveLength(1);
    expect(Math.abs(documents.clock[0]!.offsetSeconds)).toBeLessThan(2);
  });
});

async function modify(url: string, dn: string, password: string, text: string): Promise<void> {
  const change = `dn: uid=ada,ou=people,${base}\nchangetype: modify\nreplace: description\ndescription: ${text}\n`;
  await succeed("ldapmodify", ["-x", "-H", url, "-D", dn, "-w", password], { input: change });
}
