/** Checks of real servers over real connections. */
import { attribute, LdapClient } from "@espalier/ldap/client";
import { Secret } from "@espalier/service";
import {
  createCertificateAuthority,
  freePort,
  Relay,
  requirePrograms,
  type Slapd,
  startSlapd,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BackendState } from "../../src/backend/backend-state.ts";
import { systemClock } from "../../src/backend/clock.ts";
import { CheckFailure } from "../../src/health/health-check.ts";
import { HealthMonitor } from "../../src/health/health-monitor.ts";
import { LdapHealthCheck, type LdapHealthCheckOptions } from "../../src/health/ldap-health-check.ts";
import { ReplicationLag } from "../../src/health/replication-lag.ts";
import { BackendConnections, type BackendConnectionsOptions } from "../../src/upstream/backend-connections.ts";
import { startReplica } from "./replica.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

const base = "dc=example,dc=com";
const ldif = `dn: ${base}
objectClass: top
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: uid=ann,${base}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Ann
`;

const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

function connectionsTo(url: string, options: Partial<BackendConnectionsOptions> = {}): BackendConnections {
  const connections = new BackendConnections({
    ...{ name: "a", url, startTls: false, tls: { verify: true }, sendsProxyHeader: false },
    ...{ connectTimeoutMs: 2_000, checkTimeoutMs: 2_000, resolveIntervalMs: 30_000, keepAliveMs: 60_000 },
    ...{ maxConnections: 4, sharedConnections: 1, bindConnections: 1, maxPending: 10, maxAgeMs: 3_600_000 },
    maxMessageBytes: 1024 * 1024,
    ...options,
  });
  resources.defer(() => connections.close());
  return connections;
}

function checkOf(url: string, options: Partial<LdapHealthCheckOptions> = {}): LdapHealthCheck {
  const connections = connectionsTo(url);
  return new LdapHealthCheck({
    ask: (request, timeoutMs, controls) => connections.check(request, timeoutMs, controls),
    ...{ base: "", filter: "(objectClass=*)", readsReplicationState: false, probesWrites: false, clock: systemClock },
    ...options,
  });
}

/** How a probe fails; `undefined` where it does not. */
async function failure(check: LdapHealthCheck, timeoutMs = 2_000): Promise<[string, string] | undefined> {
  try {
    await check.probe(timeoutMs);
    return undefined;
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error;
    return [error.kind, error.message];
  }
}

const asRoot = ({ rootDn, rootPassword }: Slapd) => ({ dn: rootDn, password: new Secret(rootPassword) });

describe("the probe of a server", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = resources.use(await startSlapd({ ldif }));
  });

  it("succeeds with the root DSE, with an entry, and with a bind before it", async () => {
    expect(await failure(checkOf(slapd.url))).toBeUndefined();
    expect(await failure(checkOf(slapd.url, { base: `uid=ann,${base}`, filter: "(cn=ann)" }))).toBeUndefined();
    expect(await failure(checkOf(slapd.url, { bind: asRoot(slapd) }))).toBeUndefined();
  });

  it("fails when the entry is not there, or is not as the filter says", async () => {
    expect(await failure(checkOf(slapd.url, { base: `uid=bob,${base}` }))).toEqual([
      "answer",
      `the search of uid=bob,${base} was answered with noSuchObject`,
    ]);
    expect(await failure(checkOf(slapd.url, { base, filter: "(o=Other)" }))).toEqual([
      "answer",
      `the search of ${base} found nothing`,
    ]);
  });

  it("fails when the account cannot bind, without a word about the password", async () => {
    const bind = { dn: slapd.rootDn, password: new Secret("a wrong password") };
    expect(await failure(checkOf(slapd.url, { bind }))).toEqual([
      "answer",
      `the bind as ${slapd.rootDn} was answered with invalidCredentials`,
    ]);
  });

  it("fails as a connection when the server hangs, after the time-out, and succeeds when it goes on", async () => {
    const check = checkOf(slapd.url);
    await check.probe(2_000);
    slapd.process.suspend();
    await slapd.process.suspended();
    const startedMs = performance.now();
    const [kind] = (await failure(check, 200)) ?? [];
    const tookMs = performance.now() - startedMs;
    slapd.process.resume();
    expect([kind, tookMs > 190, tookMs < 1_000]).toEqual(["connection", true, true]);
    expect(await failure(check)).toBeUndefined();
  });

  it("fails as a connection where nothing listens", async () => {
    const check = checkOf(`ldap://127.0.0.1:${await freePort()}`);
    expect((await failure(check))?.[0]).toBe("connection");
  });
});

describe("the inspection of a server", () => {
  it("reads the root DSE once a minute", async () => {
    await using slapd = await startSlapd({ ldif });
    const check = checkOf(slapd.url);
    const { rootDse } = await check.inspect(2_000);
    const contexts = rootDse?.find(({ type }) => type === "namingContexts");
    expect(contexts).toEqual(attribute("namingContexts", base));
    expect(await check.inspect(2_000)).toEqual({ rootDse: undefined, vector: undefined, isWritable: undefined });
  });

  it("finds no replication state where there is none", async () => {
    await using slapd = await startSlapd({ ldif, maintainsOperationalAttributes: false });
    const check = checkOf(slapd.url, { readsReplicationState: true });
    expect((await check.inspect(2_000)).vector).toBeUndefined();
    expect((await check.inspect(2_000)).vector).toBeUndefined();
  });

  it("says whether writes are taken, without writing anything", async () => {
    await using slapd = await startSlapd({ ldif });
    await using readOnly = await startReplica("read-only");
    await using replica = await startReplica("refers");
    const ask = async (url: string, bind: LdapHealthCheckOptions["bind"]) => {
      const check = checkOf(url, { bind, probesWrites: true });
      await check.probe(2_000);
      return (await check.inspect(2_000)).isWritable;
    };
    const bind = { dn: `cn=admin,${base}`, password: new Secret("secret") };
    const before = await slapd.dump();
    expect({
      provider: await ask(slapd.url, asRoot(slapd)),
      anonymous: await ask(slapd.url, undefined),
      readOnly: await ask(readOnly.url, bind),
      replica: await ask(replica.url, bind),
    }).toEqual({ provider: true, anonymous: undefined, readOnly: false, replica: false });
    expect(await slapd.dump()).toBe(before);
  });
});

describe("two OpenLDAP servers that replicate", () => {
  it("are up; the one that is cut off is degraded once it lacks a change for too long, and up when it has it", async () => {
    const directory = resources.use(await temporaryDirectory("lag"));
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("node", ["127.0.0.1"]);
    const ports = [
      { ldap: await freePort(), ldaps: await freePort() },
      { ldap: await freePort(), ldaps: await freePort() },
    ] as const;
    const relay = resources.use(await Relay.start(ports[0].ldaps));
    const [fromB, fromA] = [`ldaps://127.0.0.1:${ports[1].ldaps}`, `ldaps://127.0.0.1:${relay.port}`];
    const a = resources.use(
      await startSlapd({ ldif, certificate, ports: ports[0], replication: { serverId: 1, providers: [fromB] } }),
    );
    const b = resources.use(
      await startSlapd({
        ...{ ldif: await a.dump(), certificate, ports: ports[1] },
        replication: { serverId: 2, providers: [fromA] },
      }),
    );
    const lag = new ReplicationLag(systemClock);
    const events: string[] = [];
    const watch = ({ url }: Slapd, name: string) => {
      const state = new BackendState({ clock: systemClock, slowStartMs: 0 });
      const monitor = new HealthMonitor({
        ...{ backend: { name, state }, check: checkOf(url, { readsReplicationState: true }), lag, clock: systemClock },
        ...{ intervalMs: 100, timeoutMs: 2_000, rise: 2, fall: 3, holdDownMs: 1_000, maxLagMs: 1_000 },
        ...{ random: Math.random, acceptingCount: () => 2 },
        events: { emit: ({ type, subject }) => void events.push(`${type} ${subject}`) },
      });
      monitor.start();
      resources.defer(() => monitor.stop());
      return state;
    };
    const states = [watch(a, "a"), watch(b, "b")];
    const healths = () => states.map(({ health }) => health);
    await until(
      "both to be up and as one",
      () => String(healths()) === "up,up" && states.every(({ lagMs }) => lagMs === 0),
    );

    const client = await LdapClient.connect({ url: a.url });
    resources.defer(() => client.unbind());
    await client.bind(a.rootDn, a.rootPassword);
    const write = (description: string) =>
      client.modify(`uid=ann,${base}`, [{ operation: "replace", modification: attribute("description", description) }]);
    await write("replicated");
    await until("the change to reach b", () => states.every(({ lagMs }) => lagMs === 0));
    expect(events).toEqual([]);

    relay.blackHole();
    await write("cut off");
    await until("b to be degraded", () => String(healths()) === "up,degraded");
    expect(states[1]?.reason).toMatch(/^it lacks a change that another backend has had for \d+ s$/);
    relay.restore();
    await until("b to be up again", () => String(healths()) === "up,up", { timeoutMs: 25_000 });
    expect(events).toEqual(["backend.degraded b", "backend.up b"]);
  });
});
